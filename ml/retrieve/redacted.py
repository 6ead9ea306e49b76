"""Texts as they may be searched and shown: without what identifies, the names of those in them included."""

import re
from collections.abc import Iterable, Sequence
from functools import cache

import polars as pl

from ml.text import checks, clean, letters, mentions, names, redact, sources, spans

PERSON = "[PERSON]"
SHORTEST = 3
"""Letters of a part of a name that is taken for the person; a shorter one is a word of many languages."""
_DENSE = re.compile("[\u3040-\u30ff\u4e00-\u9fff]")


def people(*columns: pl.Series) -> list[list[str]]:
    """Row by row who signed these letters or is mentioned there: whole names, and of Latin ones their parts."""
    height = len(columns[0])
    told = names.named(pl.concat([column.cast(pl.String) for column in columns]))
    return [parts(name for own in told[row::height] for name in own) for row in range(height)]


def redacted(texts: pl.Series, known: Sequence[Sequence[str]] | None = None) -> pl.Series:
    """The texts without what identifies, never null. `known` are names of people by row, else those mentioned there.

    What a row says does not depend on the rows beside it.
    """
    masked, _ = redact.redact(texts)
    found = list(map(parts, mentions.mentioned(masked))) if known is None else known
    said = [_without(text, of) if of else text for text, of in zip(masked, found, strict=True)]
    return pl.Series(texts.name, said, dtype=pl.String)


@cache
def digest() -> str:
    """Changes with what is redacted."""
    modules = (redact, checks, names, mentions, letters, spans)
    files = [__file__, *(str(module.__file__) for module in modules), str(mentions.WRITTEN)]
    return sources.digest(*files) + clean.digest()


def _without(text: str, known: Sequence[str]) -> str:
    folded = text.casefold()
    there = [name for name in known if name.casefold() in folded]
    return re.sub("|".join(map(_pattern, there)), PERSON, text) if there else text


def _pattern(name: str) -> str:
    """A whole name in any case, a part of one as it is written; between scripts without spaces words have no edges."""
    if _DENSE.search(name):
        return r"[ \u3000]?".join(map(re.escape, name.split()))
    words = r"\s+".join(map(re.escape, name.split()))
    return rf"(?<!\w){f'(?i:{words})' if ' ' in name else words}(?!\w)"


def parts(given: Iterable[str]) -> list[str]:
    """Names and, of those written with spaces, their parts; the longest first, as a longer one holds others."""
    found = set(given)
    for name in tuple(found):
        found.update(part for part in name.split() if part[0].isupper() and len(part.strip(".'’")) >= SHORTEST)
    return sorted(found, key=lambda name: (-len(name), name))
