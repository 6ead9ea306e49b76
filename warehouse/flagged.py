"""Models that had read what was erased: which they are, and whether they still spell out words of theirs.

`erased/models.json` names their digests until they are learned anew; whoever decides about learning looks there.
Words that only the erased had used are known by keyed hashes, and forgotten once no model spells them out.
"""

import json
import re
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import polars as pl

from warehouse import releases
from warehouse.artifacts import CARD, Artifact, write_durably
from warehouse.contracts import silver
from warehouse.delta import Lake
from warehouse.tombstones import FOLDER, Tombstones, of_rows

MODELS, WORDS = "models.json", "words.json"
WHY = "some of the tickets that it had learned from were erased"
LEARNED_FROM = frozenset({"silver/tickets", "features/tickets", "features/embeddings", "search/problems"})
WORD = r"\w{4,}"
_OURS = ("load_id", "record_hash")
_TEXTS = [name for name, dtype in silver.TICKETS.schema.items() if dtype == pl.String and name not in _OURS]
_LISTS = [name for name, dtype in silver.TICKETS.schema.items() if dtype == silver.STRINGS]


def models(root: Path) -> frozenset[str]:
    """Digests of models that are to be learned anew."""
    return frozenset(_read(root / FOLDER / MODELS))


def flag(lake: Lake) -> list[str]:
    """Flag the models of the current release that were learned from tickets; each as `name@digest`."""
    current = releases.current(lake.root)
    if current is None:
        return []
    seen = [part for part in _parts(lake.root, current) if LEARNED_FROM & part.inputs.keys()]
    known = models(lake.root)
    if {part.digest for part in seen} - known:
        _write(lake.root / FOLDER / MODELS, known | {part.digest for part in seen})
    return sorted(f"{part.name}@{part.digest}" for part in seen)


def note_words(lake: Lake, stones: Tombstones) -> None:
    """Keep keyed hashes of the words that only tickets of the erased say, before these go."""
    if not lake.exists(silver.TICKETS):
        return
    rows = lake.read(silver.TICKETS, columns=[*_TEXTS, *_LISTS])
    gone = of_rows(stones, rows)
    theirs = _words(rows.filter(gone)) - _words(rows.filter(~gone))
    hashes = {stones.digest("word", word) for word in theirs}
    known = set(_read(lake.root / FOLDER / WORDS))
    if hashes - known:
        _write(lake.root / FOLDER / WORDS, known | hashes)


def spelling(root: Path, stones: Tombstones) -> list[str]:
    """Models of the current release that spell out such a word, by name."""
    hashes, current = set(_read(root / FOLDER / WORDS)), releases.current(root)
    if not hashes or current is None:
        return []
    return [part.name for part in _parts(root, current) if _spelt(part.path, hashes, stones)]


def forget_words(root: Path) -> None:
    """No model spells them out any more."""
    (root / FOLDER / WORDS).unlink(missing_ok=True)


def learned_anew(root: Path) -> None:
    """Take the flag from models that no longer serve."""
    current = releases.current(root)
    known = models(root)
    serving = known & set(current.artifacts.values()) if current else known
    if serving != known:
        _write(root / FOLDER / MODELS, serving)


def _parts(root: Path, current: releases.Manifest) -> list[Artifact]:
    opened, _ = releases.open_parts(root)
    return [part for name, part in sorted(opened.artifacts.items()) if name.startswith("models/")]


def _words(rows: pl.DataFrame) -> set[str]:
    said = [*(rows[name] for name in _TEXTS), *(rows[name].explode() for name in _LISTS)]
    found = [one.drop_nulls().str.to_lowercase().str.extract_all(WORD).explode().unique() for one in said]
    return set(pl.concat(found).drop_nulls())


def _spelt(folder: Path, hashes: Collection[str], stones: Tombstones) -> bool:
    seen: set[str] = set()
    for file in sorted(folder.rglob("*.json")):
        if file.name == CARD:
            continue
        for text in _texts(json.loads(file.read_text(encoding="utf-8"))):
            seen.update(re.findall(WORD, text.lower()))
    return any(stones.digest("word", word) in hashes for word in seen)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)
    elif isinstance(value, dict):
        for key, one in value.items():
            yield key
            yield from _texts(one)


def _read(file: Path) -> list[str]:
    return list(json.loads(file.read_text(encoding="utf-8"))) if file.exists() else []


def _write(file: Path, values: Collection[str]) -> None:
    write_durably(file, json.dumps(sorted(values)) + "\n")
