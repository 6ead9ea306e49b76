"""How many labels the review queue needs for what picking at random reaches: learning curves on five seeds.

    python -m benchmarks.review [--tickets 8000] [--intents FOLDER] [--seeds 5]

A quick learner (logistic regression over TF-IDF, folded to 256 dimensions) begins with a few random labels and asks for
more in batches, at random or as the queue does: doubt times density times cost (rare labels cost more), and diverse.
Simulated tickets are cut by time, the last fifth is judged, and people say the truth; `--intents` is a folder with
`train.jsonl.gz` and `test.jsonl.gz` (`text`, `label`). "Labels needed" is where the queue's curve reaches the macro F1
that random picking ends with, as a share of the labels that this took.
"""

import argparse
import gzip
import tempfile
import warnings
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from benchmarks.figures import write_section
from ml.review.choose import diverse
from ml.review.queue import POOL
from ml.review.uncertainty import margin
from ml.review.worth import density, rarity, worth
from ml.text.vectors import unit

DIMENSION = 256
AT_MOST = 0.6
SAID = ("ticket_id", "subject", "description")
Ints = NDArray[np.int64]


class Task(NamedTuple):
    """A pool to label, and what is judged; rows of unit length."""

    name: str
    pool: NDArray[np.float32]
    labels: Sequence[str]
    judged: NDArray[np.float32]
    truth: Sequence[str]
    start: int
    batch: int
    steps: int


def simulated(tickets: int, seed: int) -> Task:
    """Subcategories of simulated tickets, as the simulator knows them; cut by time."""
    from simulator import simulate

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "tickets.json"
        simulate("realistic", tickets, 180, seed, file)
        records = msgspec.json.decode(file.read_bytes(), type=list[dict[str, Any]])
        columns = ["ticket_id", "created_at", "subcategory"]
        known = pl.read_parquet(Path(f"{file}.truth") / "tickets.parquet", columns=columns).drop_nulls()
    whole = [[one.get(name) for name in SAID] for one in records]
    said = pl.DataFrame(
        [one for one in whole if all(isinstance(value, str) for value in one)], schema=SAID, orient="row"
    )
    rows = known.join(said.unique("ticket_id"), on="ticket_id").sort("created_at", "ticket_id")
    texts = (
        rows.select(pl.concat_str("subject", "description", separator="\n", ignore_nulls=True)).to_series().to_list()
    )
    cut = round(rows.height * 0.8)
    return _task("simulated tickets, 26 subcategories", texts, rows["subcategory"].to_list(), cut, (300, 150, 14))


def intents(folder: Path) -> Task:
    """A public set of short requests."""
    read = msgspec.json.Decoder()
    files = [gzip.decompress((folder / f"{part}.jsonl.gz").read_bytes()) for part in ("train", "test")]
    parts = [[read.decode(line) for line in file.splitlines()] for file in files]
    rows = [row for part in parts for row in part]
    name = f"{folder.name}, {len({row['label'] for row in rows})} intents"
    return _task(name, [row["text"] for row in rows], [row["label"] for row in rows], len(parts[0]), (400, 200, 22))


def _task(name: str, texts: list[str], labels: list[str], cut: int, plan: tuple[int, int, int]) -> Task:
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer

    words = TfidfVectorizer(sublinear_tf=True, ngram_range=(1, 2), min_df=2, max_features=60_000)
    counted = words.fit_transform(texts[:cut])
    fold = TruncatedSVD(DIMENSION, random_state=0).fit(counted)
    pool, judged = (unit(fold.transform(part)) for part in (counted, words.transform(texts[cut:])))
    return Task(name, pool, labels[:cut], judged, labels[cut:], *plan)


def curve(task: Task, seed: int, *, queue: bool) -> list[float]:
    """Macro F1 after each batch."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import f1_score

    rng, labels = np.random.default_rng(seed), np.asarray(task.labels)
    held, found = rng.choice(len(labels), task.start, replace=False), []
    for step in range(task.steps + 1):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = LogisticRegression(C=20, max_iter=100, tol=1e-3).fit(task.pool[held], labels[held])
        found.append(float(f1_score(task.truth, model.predict(task.judged), average="macro", zero_division=0)))
        if step < task.steps:
            rest = np.setdiff1d(np.arange(len(labels)), held)
            asked = _asked(task, model, held, rest) if queue else rng.choice(rest, task.batch, replace=False)
            held = np.concatenate([held, asked])
    return found


def _asked(task: Task, model: Any, held: Ints, rest: Ints) -> Ints:
    """The batch that the queue would ask for."""
    given, vectors = model.predict_proba(task.pool[rest]), task.pool[rest]
    first, second = (model.classes_[place] for place in given.argsort(axis=1)[:, [-1, -2]].T)
    known = Counter(np.asarray(task.labels)[held].tolist())
    rare = rarity(list(zip(first, second, strict=True)), known)
    scores = worth(margin(given), density(vectors, vectors), rare)
    best = np.argsort(-scores, kind="stable")[: max(POOL, 3 * task.batch)]
    return rest[best[diverse(vectors[best], scores[best], task.batch)]]


def needed(picked: Sequence[float], queued: Sequence[float], task: Task) -> float:
    """Labels with which the queue's curve reaches the end of the other, as a share of the other's; endless where never.

    Between two batches the curve is a straight line.
    """
    most = np.maximum.accumulate(queued)
    at = np.flatnonzero(most >= picked[-1])
    counts = task.start + task.batch * np.arange(task.steps + 1)
    if not len(at):
        return float("inf")
    last = int(at[0])
    if last == 0:
        return float(counts[0] / counts[-1])
    part = (picked[-1] - most[last - 1]) / (most[last] - most[last - 1])
    return float((counts[last - 1] + part * task.batch) / counts[-1])


def told(task: Task, runs: Sequence[tuple[list[float], list[float]]]) -> str:
    """A table of the curves of each seed, random picking first, and what they come to."""
    shares = [needed(picked, queued, task) for picked, queued in runs]
    counts = task.start + task.batch * np.arange(task.steps + 1)
    picked, queued = (np.mean([run[at] for run in runs], axis=0) for at in (0, 1))
    kept = [*range(0, task.steps, 3), task.steps]
    cells = [f"| {' | '.join(f'{values[at]:.3f}' for at in kept)} |" for values in (picked, queued)]
    head = f"| {task.name} | {' | '.join(f'{counts[at]:,}' for at in kept)} |"
    lines = [head, f"|{'---|' * (len(kept) + 1)}", f"| at random {cells[0]}", f"| the queue {cells[1]}", ""]
    named = ", ".join(f"{share:.0%}" for share in shares)
    reached = f"Labels needed for what random picking reaches: {named} by seed, {np.mean(shares):.0%} on average"
    return "\n".join([*lines, f"{reached} (meant: at most {AT_MOST:.0%})."])


def main() -> None:
    """Measure, print, and write the section."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tickets", type=int, default=8_000)
    parser.add_argument("--intents", type=Path, help="a folder with train.jsonl.gz and test.jsonl.gz")
    parser.add_argument("--seeds", type=int, default=5)
    asked = parser.parse_args()
    tasks = [simulated(asked.tickets, 11), *([intents(asked.intents)] if asked.intents else [])]
    parts = []
    for task in tasks:
        runs = [(curve(task, seed, queue=False), curve(task, seed, queue=True)) for seed in range(asked.seeds)]
        parts.append(told(task, runs))
    text = "Macro F1 by number of labels, mean of the seeds.\n\n" + "\n\n".join(parts)
    print(text)
    named = f" --intents {asked.intents.name}" if asked.intents else ""
    write_section("Review queue", f"python -m benchmarks.review --tickets {asked.tickets}{named}", text)


if __name__ == "__main__":
    main()
