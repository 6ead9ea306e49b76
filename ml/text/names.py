"""Names of people, as the letters themselves give them: who signs, and who wrote what is quoted."""

import re
from collections.abc import Iterable

from ml.text.clean import signature
from ml.text.letters import SENDER

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


def signed(texts: Iterable[str | None]) -> list[str]:
    """Names by which people sign these letters, or sent the ones quoted in them; each once, sorted."""
    found: set[str | None] = set()
    for text in texts:
        if text:
            found.update(_name(line) for line in [*signature(text)[:1], *SENDER.findall(text)])
    return sorted(name for name in found if name is not None)


def _name(line: str) -> str | None:
    """The name that a line begins with; null where it is something else."""
    first = _SEPARATOR.split(line.strip(" ,.。"))[0]
    looks = len(first) <= 40 and (_LATIN.fullmatch(first) or (len(first) <= 8 and _HAN.fullmatch(first)))
    return first if looks and not _FIRM.search(first) else None
