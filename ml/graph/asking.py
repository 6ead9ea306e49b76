"""Whether a text asks about many tickets at once, as nobody does who tells of a problem of their own.

A sum of points, in eight languages: what asks for problems in general, and what is most frequent, speaks for it; what
tells of one's own case, how it happened, or further sentences that ask nothing speak against it. That a thing is named
which it is about is for `ml.graph.broad`.
"""

import re
import tomllib
import unicodedata
from functools import cache
from pathlib import Path

import msgspec

WRITTEN = Path(__file__).with_name("asking.toml")
LONGEST = 300
"""Characters of a text from which on it is a report, and asks nothing in general."""
ENOUGH = 2
"""Points from which on a text asks about many tickets."""
_END = re.compile(r"(?<=[.!?])\s+|(?<=[。！？])|\n+")
_POLITE = re.compile(
    r"(?i)\W*(?:thanks?|thank you|thx|hi|hello|hey|dear|regards|please|danke|hallo|gru[sß]|guten|bitte|merci|bonjour|"
    r"gracias|hola|saludos|grazie|ciao|salve|obrigad[oa]|olá|oi|よろしく|お願い|こんにちは|ありがとう|谢谢|您好|你好|请问)\b"
    r".{0,30}\Z|\A\W*\Z"
)
_TO_ME = re.compile(
    r"\b(?:show|give|tell|send|get|zeig\w*|gib|geben|nenn\w*|sag\w*|montr\w*|donn\w*|indiqu\w*|muestr\w*|dar?|den?|mostr\w*|"
    r"di[gt]a)(?: sie)?[ -](?:me|us|mir|uns|moi|nous|nos)\b|\b(?:can|could|may) (?:i|we) (?:get|see|have)\b"
)
"""Who asks to be shown something does not tell of a case of their own."""
_VERB = re.compile(r"\b(?:is|are|was|were|does|do|has|have|ist|sind|war|hat|haben|est|sont|es|son|está|è|sono|é|são)\b")
_TOLD = re.compile(r"[:：]\s*\S+\s+\S+\s+\S+")


class _Patterns(msgspec.Struct, frozen=True):
    """Of one language, with how many points each gives."""

    asking: list[tuple[re.Pattern[str], int]]
    opening: list[re.Pattern[str]]
    against: list[tuple[re.Pattern[str], int]]


class _Written(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    things: str
    question: list[str]
    plain: list[str]
    opening: list[str]
    lead: str
    own: str
    ours: str
    telling: str


def asks_about_many(text: str) -> bool:
    """Whether a text, which may name anything, asks about many tickets."""
    if not text.strip() or len(text) > LONGEST:
        return False
    plain = unicodedata.normalize("NFKC", text).casefold().replace("’", "'")
    said = [one.strip() for one in _END.split(plain) if one.strip() and not _POLITE.match(one)]
    return any(_points(said, patterns) >= ENOUGH for patterns in _patterns())


def _points(said: list[str], patterns: _Patterns) -> int:
    """Of the sentence that asks most, less what speaks against it anywhere."""
    points = [_asked(one, patterns) for one in said]
    best = max(points, default=0)
    if best <= 0:
        return 0
    others = sum(point <= 0 for point in points)
    whole = _TO_ME.sub(" ", " ".join(said))
    against = sum(cost for pattern, cost in patterns.against if pattern.search(whole))
    return best - against - 2 * others


def _asked(sentence: str, patterns: _Patterns) -> int:
    points = max((worth for pattern, worth in patterns.asking if pattern.search(sentence)), default=0)
    end = next((match.end() for pattern in patterns.opening if (match := pattern.match(sentence))), None)
    if end is not None and not _VERB.search(sentence, end) and not _TOLD.search(sentence):
        points = max(points, 2)
    if not points or _TOLD.search(sentence):
        return 0
    return points + sentence.rstrip().endswith(("?", "？"))


@cache
def _patterns() -> list[_Patterns]:
    written = tomllib.loads(WRITTEN.read_text(encoding="utf-8"))
    return [_compiled(msgspec.convert(one, _Written)) for one in written.values()]


def _compiled(one: _Written) -> _Patterns:
    def made(pattern: str) -> re.Pattern[str]:
        return re.compile(pattern.replace("THINGS", one.things))

    return _Patterns(
        asking=[(made(pattern), 3) for pattern in one.question] + [(made(pattern), 2) for pattern in one.plain],
        opening=[made(f"{one.lead}{pattern}") for pattern in one.opening],
        against=[(made(one.own), 3), (made(one.ours), 1), (made(one.telling), 2)],
    )
