"""Names of people, as the letters themselves give them: who signs, who wrote what is quoted, and who is mentioned."""

import re
from collections.abc import Iterable

import polars as pl

from ml.text.clean import ending, signature
from ml.text.letters import SENDER
from ml.text.mentions import mentioned, name_of

_LATIN = re.compile(
    r"[A-ZÀ-ÖØ-Þ][\w'’.-]{0,30}(?: (?:de|da|do|dos|di|del|della|van|von|der|den|la|le|bin|al)){0,2}"
    r"(?: [A-ZÀ-ÖØ-Þ][\w'’-]{0,30}){1,3}"
)
_HAN = re.compile(r"[\u4e00-\u9fff々]{1,4}[ \u3000]?[\u3040-\u30ff\u4e00-\u9fff々]{1,4}")
_SEPARATOR = re.compile(r"\s*[|,、，/;·<(\[]\s*|\s+[-–—]\s+")
_FIRM = re.compile(
    r"\b(?:ltd|llc|inc|corp|plc|gmbh|ag|kg|sas|sarl|s\.?a\.?|s\.?l\.?|s\.?r\.?l\.?|lda|bv|oy|team|support|department|service)\b"
    r"|公司|会社|部$|課$|科$|チーム|団体",
    re.IGNORECASE,
)
SIGNS = 4
"""Lines of a signature of which one gives the name."""


def named(texts: pl.Series) -> list[list[str]]:
    """Letter by letter who signs, wrote what is quoted, or is mentioned; each once."""
    return [
        list(dict.fromkeys([*signed([text]), *names]))
        for text, names in zip(texts.cast(pl.String), mentioned(texts), strict=True)
    ]


def signed(texts: Iterable[str | None]) -> list[str]:
    """Names by which people sign these letters, or sent the ones quoted in them; each once, sorted."""
    found: set[str | None] = set()
    for text in texts:
        if text:
            signing = signature(text)
            found.update(_name(line) for line in [*signing[:1], *SENDER.findall(text)])
            found.add(next(filter(None, map(name_of, signing[:SIGNS] or ending(text))), None))
    return sorted(name for name in found if name is not None)


def _name(line: str) -> str | None:
    """The name that a line begins with; null where it is something else."""
    first = _SEPARATOR.split(line.strip(" ,.。"))[0]
    looks = len(first) <= 40 and (_LATIN.fullmatch(first) or (len(first) <= 8 and _HAN.fullmatch(first)))
    return first if looks and not _FIRM.search(first) else None
