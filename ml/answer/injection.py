"""Sentences that speak to the machine that reads them instead of about a problem: prompt injection.

What is read is data. This finds what was written for a language model to obey (Greshake et al., "Not what you've signed
up for: compromising real-world LLM-integrated applications with indirect prompt injection", 2023), so that no model is
given it and people see it marked. What tells a user or an administrator what to do is none of it: of that remedies
consist. Nothing that an answer does hangs on this alone: what composes has no tool, and what it writes is verified.
"""

import re
import tomllib
import unicodedata
from collections.abc import Sequence
from functools import cache, lru_cache
from pathlib import Path

from ml.retrieve.passages import sentences

_UNSEEN = re.compile("[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f"
                     "\ufe00-\ufe0f\ufeff\U000e0000-\U000e007f]")  # fmt: skip
_LOOKALIKES = str.maketrans("авеіјѕкмнорстухԁԛԝһӏϲαβεικνορτυχω", "abeijskmhopctyxdqwhlcabeikvoptuxw")
"""Cyrillic and Greek letters, in lower case, that look like Latin ones."""
_TAG = re.compile(r"<[^<>]{0,200}>")
PATTERNS = Path(__file__).with_name("orders.toml")
FORM = "form"
"""Of `PATTERNS` those of forged messages."""
_GOES_ON = re.compile(
    r"(?i)\A(?:you (?:are|will|must|shall|should)|your\b|(?:only )?(?:reply|respond|answer|output|print|say|write)\b|"
    r"do not\b|don'?t\b|never\b|always\b|instead\b|from now on\b|du (?:bist|musst)|antworte|schreib|gib\b|"
    r"tu (?:es|dois)|vous (?:êtes|devez)|répond|écri|eres\b|debes\b|respond|escrib|sei\b|devi\b|rispond|scriv|"
    r"você (?:é|deve)|responda|escreva)|\A(?:你|请|只|あなた|必ず|今後)"
)
"""Beginnings of sentences with which an order goes on: alone they may be anybody's."""


@lru_cache(maxsize=4_096)
def is_order(text: str) -> bool:
    """Whether a piece of a text gives orders to a model that reads it, whatever letters it is disguised in."""
    return any(bool(_pattern().search(one)) for one in _readings(text))


def without_orders(text: str) -> tuple[str, list[str]]:
    """A text without its sentences that give orders, line by line, and those sentences.

    A line that pretends to open a message of the system takes with it what follows up to an empty line.
    """
    kept: list[str] = []
    left: list[str] = []
    inside = False
    for line in text.splitlines():
        inside = inside and bool(line.strip())
        if not inside and not is_order(line):
            kept.append(line)
            continue
        inside = inside or any(bool(_pattern(FORM).search(one)) for one in _readings(line))
        if inside:
            left.append(line)
            continue
        said = sentences(line) or [line]
        orders = _orders(said)
        if not any(orders):  # only together do they give one
            left.append(line)
            continue
        left += [one for one, order in zip(said, orders, strict=True) if order]
        good = [one for one, order in zip(said, orders, strict=True) if not order]
        kept += [" ".join(good)] if good else []
    if not left and is_order(" ".join(text.split())):
        return "", [text]
    return "\n".join(kept), left


def _orders(said: Sequence[str]) -> list[bool]:
    """Which of a line's sentences give orders, or go on with one."""
    found: list[bool] = []
    for one in said:
        goes_on = bool(found) and found[-1] and bool(_GOES_ON.match(one))
        found.append(goes_on or is_order(one))
    return found


def _readings(text: str) -> list[str]:
    """As written, without what cannot be seen, with letters for those that look like them, and without mark-up."""
    plain = unicodedata.normalize("NFKC", _UNSEEN.sub("", text)).casefold()
    folded = plain.translate(_LOOKALIKES)
    bare = _TAG.sub(" ", folded)
    spaced = re.sub(r"(?<=\b\w)[ .\-_*](?=\w\b)", "", folded)
    return list(dict.fromkeys((plain, folded, bare, spaced)))


@cache
def _pattern(kind: str | None = None) -> re.Pattern[str]:
    """All patterns, or those of one kind."""
    patterns: dict[str, list[str]] = tomllib.loads(PATTERNS.read_text(encoding="utf-8"))
    chosen = patterns.values() if kind is None else [patterns[kind]]
    return re.compile("|".join(f"(?:{one})" for some in chosen for one in some), re.DOTALL)
