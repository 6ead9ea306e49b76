"""In which languages evidence speaks, and what says the same in the language of who asks."""

from collections import Counter
from collections.abc import Mapping, Sequence

import msgspec
import polars as pl

from ml.answer.evidence import Evidence
from ml.text.language import language

SAYINGS = 6
"""Sayings of a solution that are looked at."""


def in_language(told: Sequence[Evidence], wanted: str | None, sayings: Mapping[str, Sequence[str]]) -> list[Evidence]:
    """Evidence with its language; a solution in the words of a saying in `wanted` (ISO 639-1) where it has one."""
    spoken = _spoken([one.text for one in told])
    found = [msgspec.structs.replace(one, language=said) for one, said in zip(told, spoken, strict=True)]
    if wanted is None:
        return found
    return [_retold(one, wanted, sayings.get(one.id, ())) for one in found]


def spoken_by(told: Sequence[Evidence], cited: Sequence[str]) -> str | None:
    """The language of most of what is cited, so far as it is known."""
    known = {one.id: one.language for one in told}
    counted = Counter(said for id_ in cited if (said := known.get(id_)) is not None)
    return min(counted, key=lambda said: (-counted[said], said), default=None)


def _retold(one: Evidence, wanted: str, sayings: Sequence[str]) -> Evidence:
    if one.kind != "solution" or one.language in (None, wanted) or not sayings:
        return one
    some = list(sayings[:SAYINGS])
    fitting = [saying for saying, said in zip(some, _spoken(some), strict=True) if said == wanted]
    return msgspec.structs.replace(one, text=fitting[0], language=wanted) if fitting else one


def _spoken(texts: Sequence[str]) -> list[str | None]:
    found: list[str | None] = language(pl.Series(list(texts), dtype=pl.String))["language"].to_list()
    return found
