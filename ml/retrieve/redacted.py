"""Texts as they may be searched and shown: without what identifies, the names of those who signed them included."""

import re
from collections.abc import Iterable, Sequence

import polars as pl

from ml.text.names import signed
from ml.text.redact import redact

PERSON = "[PERSON]"
SHORTEST = 3
"""Letters of a part of a name that is taken for the person; a shorter one is a word of many languages."""


def people(*columns: pl.Series) -> list[list[str]]:
    """Row by row who signed these letters: whole names, and of Latin ones their parts; the longest first."""
    return [_parts(signed(letters)) for letters in zip(*columns, strict=True)]


def redacted(texts: pl.Series, names: Sequence[Sequence[str]] | None = None) -> pl.Series:
    """The texts without what identifies, never null. `names` are those of people by row, found as they are written.

    What a row says does not depend on the rows beside it.
    """
    masked, _ = redact(texts)
    if names is None:
        return masked
    said = [_without(text, known) if known else text for text, known in zip(masked, names, strict=True)]
    return pl.Series(texts.name, said, dtype=pl.String)


def _without(text: str, names: Sequence[str]) -> str:
    if not any(name in text for name in names):
        return text
    return re.sub(r"(?<!\w)(?:" + "|".join(map(re.escape, names)) + r")(?!\w)", PERSON, text)


def _parts(names: Iterable[str]) -> list[str]:
    found = set(names)
    for name in names:
        found.update(part for part in name.split() if part[0].isupper() and len(part.strip(".'’")) >= SHORTEST)
    return sorted(found, key=lambda name: (-len(name), name))
