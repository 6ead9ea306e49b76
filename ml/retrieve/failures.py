"""What did not help, as agents put it."""

import re
import tomllib
from functools import lru_cache
from pathlib import Path

WRITTEN = Path(__file__).with_suffix(".toml")
"""Phrases of failure by language."""
_SAID = {
    place: "|".join(phrase for phrases in of.values() for phrase in phrases)
    for place, of in tomllib.loads(WRITTEN.read_text(encoding="utf-8")).items()
}
_JOINT = r"(?:\b(?:but|and|with|doch|aber|mais|pero|ma|mas)\s+)?(?:\b(?:it|that|this|which|das|es)\s+)?"
_AFTER = re.compile(rf"[\s,;:.–—(-]*{_JOINT}(?:{_SAID['after']})[)\s.!。！]*\Z", re.IGNORECASE)
_BEFORE = re.compile(rf"\A(?:{_SAID['before']})\s*(?:[:：,–—-]|(?=\())\s*", re.IGNORECASE)
_BRACKETS = re.compile(r"\((?P<inside>.+)\)")
_EDGE = " \t,;:.!。！；，、–—-"


@lru_cache(maxsize=10_000)
def failed(sentence: str) -> str | None:
    """The action of which this sentence says that it did not help; null where it says no such thing."""
    after = _AFTER.search(sentence)
    rest = sentence[: after.start()] if after else sentence
    before = _BEFORE.match(rest)
    if after is None and before is None:
        return None
    rest = (rest[before.end() :] if before else rest).strip(_EDGE)
    inside = _BRACKETS.fullmatch(rest + ")" * (rest.count("(") - rest.count(")")))
    action = (inside["inside"] if inside else rest).strip(_EDGE)
    return action if any(letter.isalpha() for letter in action) else None
