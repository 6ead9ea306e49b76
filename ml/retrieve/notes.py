"""Agents' notes in sentences, and what stays the same of a sentence when names, versions and numbers change."""

import re
from collections.abc import Collection, Iterable

import polars as pl

from ml.retrieve.passages import sentences
from ml.retrieve.redacted import PERSON, people, redacted
from ml.text.clean import clean
from ml.text.entities import Catalogue, entities
from ml.text.spans import put

COLUMNS = ["ticket_id", "resolution", "description"]
"""What is read of tickets to know what their notes say: the description only for the names of those who wrote."""
VARYING = ("product", "module", "version", "error_code", "path", "url", "ticket")
FILLERS = 5
"""Distinct words at one place of a sentence, from which on it is a slot for names."""
TOGETHER = 0.9
"""Share of their tickets at which sentences that follow each other are one saying."""
VARIANTS = 3
"""In how many ways one saying may begin."""
_NUMBER = re.compile(r"\b[0-9]+(?:[.,:/][0-9]+)*\b")
_NAME = re.compile(
    r"(?<=[^\W\d_] )(?:[A-ZÀ-ÖØ-ÞĀ-ŽΑ-ΩА-Я][\w'’-]*|[\u3040-\u30ff\u4e00-\u9fff々]+)(?: [A-ZÀ-ÖØ-ÞĀ-ŽΑ-ΩА-Я][\w'’-]+)*"
)


def spoken(rows: pl.DataFrame, catalogue: Catalogue) -> pl.DataFrame:
    """One row per sentence of a note, in order: ticket_id, place, sentence (redacted), pattern (what varies is masked).

    `rows` are tickets (`COLUMNS`) that have a note. Slots for names are not masked yet: `with_slots`.
    """
    letters = pl.Series([f"\n{note}" for note in rows["resolution"]], dtype=pl.String)
    notes = redacted(clean(letters), people(rows["description"], letters))
    said = [
        (ticket, place, sentence)
        for ticket, note in zip(rows["ticket_id"], notes, strict=True)
        for place, sentence in enumerate(sentences(note))
    ]
    schema = {"ticket_id": pl.String, "place": pl.Int64, "sentence": pl.String}
    frame = pl.DataFrame(said, schema=schema, orient="row")
    return frame.join(masked(frame["sentence"], catalogue), on="sentence", how="left", maintain_order="left")


def masked(texts: pl.Series, catalogue: Catalogue) -> pl.DataFrame:
    """Each text once: sentence, pattern. Names of ours, versions, codes, files, links and numbers are masked."""
    every = texts.unique(maintain_order=True)
    found = entities(every, catalogue).filter(pl.col("kind").is_in(VARYING))
    patterns = put(every, found, [f"[{kind.upper()}]" for kind in found["kind"]])
    numbered = pl.Series([_NUMBER.sub("[NUMBER]", one) for one in patterns], dtype=pl.String)
    return pl.DataFrame({"sentence": every, "pattern": numbered})


def slots(patterns: Iterable[str]) -> list[str]:
    """Patterns with a slot that several names fill, as logs are parsed: sorted.

    After Drain (He et al., "Drain: an online log parsing approach with fixed depth tree", ICWS 2017); only what is
    written as a name may vary, for in "Role corrected." the first word is what matters.
    """
    fillers: dict[str, set[str]] = {}
    for pattern in set(patterns):
        for slot, filler in _slots(pattern):
            fillers.setdefault(slot, set()).add(filler)
    return sorted(slot for slot, seen in fillers.items() if len(seen) >= FILLERS)


def of_slots(patterns: pl.Series) -> list[str]:
    """Those of known patterns that have a slot for a name."""
    return patterns.filter(patterns.str.contains(PERSON, literal=True)).to_list()


def with_slots(said: pl.DataFrame, known: Collection[str]) -> pl.DataFrame:
    """The sentences with the names in these slots masked, in `pattern` and in `sentence`."""
    pairs, places = said.select("sentence", "pattern").unique(maintain_order=True), frozenset(known)
    filled = [_filled(sentence, pattern, places) for sentence, pattern in pairs.iter_rows()]
    named = pl.DataFrame(filled, schema={"named": pl.String, "slotted": pl.String}, orient="row")
    table = pl.concat([pairs, named], how="horizontal")
    joined = said.join(table, on=["sentence", "pattern"], how="left", maintain_order="left")
    return joined.with_columns(sentence="named", pattern="slotted").select(said.columns)


def slotted(patterns: pl.Series, known: Collection[str]) -> pl.Series:
    """Patterns with the names in these slots masked."""
    return pl.Series(patterns.name, [_filled(one, one, known)[1] for one in patterns], dtype=pl.String)


def spelled_out(patterns: Iterable[str]) -> set[str]:
    """The patterns, and every sentence in them."""
    return {said for pattern in patterns for said in (pattern, *sentences(pattern))}


def together(told: pl.DataFrame) -> dict[str, str]:
    """For patterns that are one saying with others the first and most usual of these.

    `told` has ticket_id, place and pattern. What all but always follows one of a few is one saying with them, if they
    are all but always followed by it.
    """
    ordered = told.sort("ticket_id", "place").with_columns(after=pl.col("pattern").shift(-1).over("ticket_id"))
    seen = dict(told["pattern"].value_counts().iter_rows())
    pairs = ordered.drop_nulls("after").group_by("pattern", "after").len()
    leads: dict[str, list[tuple[int, str]]] = {}
    for one, after, size in pairs.sort("len", "pattern", "after", descending=[True, False, False]).iter_rows():
        if one != after and size >= TOGETHER * seen[one]:
            leads.setdefault(after, []).append((size, one))
    joined: dict[str, set[str]] = {}
    followers = set()
    for after, found in leads.items():
        if sum(size for size, _ in found[:VARIANTS]) < TOGETHER * seen[after]:
            continue
        followers.add(after)
        group = joined.get(after, {after}).union(*(joined.get(one, {one}) for _, one in found[:VARIANTS]))
        joined |= dict.fromkeys(group, group)
    return {
        pattern: min(group, key=lambda one: (one in followers, -seen[one], one)) for pattern, group in joined.items()
    }


def _slots(pattern: str) -> list[tuple[str, str]]:
    found = [(pattern[: name.start()] + PERSON + pattern[name.end() :], name[0]) for name in _NAME.finditer(pattern)]
    return [*found, (pattern, PERSON)] if PERSON in pattern else found


def _filled(sentence: str, pattern: str, known: Collection[str]) -> tuple[str, str]:
    for slot, filler in _slots(pattern):
        if slot in known:
            return re.sub(rf"(?<!\w){re.escape(filler)}(?!\w)", PERSON, sentence), slot
    return sentence, pattern
