"""How the words of a statement hang together: numbers with their units, what comes before what, who does what to whom.

Rules over the order of words, in eight languages as far as that is cheap; they know no grammar.
"""

import re
import tomllib
from collections.abc import Mapping, Sequence
from functools import cache

from ml.answer.polarity import WRITTEN, numbers
from ml.answer.wording import Token, idle, plainly, tokens

REVERSED = 3
"""Words whose order is turned round, of which the middle one tells what is done."""
_COUNTED = re.compile(r"(?:\d[\d.,]*\s*-?\s*|[^\W\d_]+(?:\s+|-))(%|[^\W\d_]+)")
_STOP = re.compile(r"[,;:.!?、。，；：]")
_PASSIVE = re.compile(r"(?i)\b(?:by|von|vom|durch|par|por|pelo|pela|da|dal|dalla|dai)\b|によ|被|由")


def foreign_unit(clause: str, source: str) -> bool:
    """Whether a number has a unit that it does not have in the source, where it has others."""
    told = _units(source)
    return any(told.get(number) and not units <= told[number] for number, units in _units(clause).items())


def swapped_in_time(clause: str, source: str) -> bool:
    """Whether what stands after `before` or `after` stands on the other side of it in the source."""
    ours, theirs = _around(clause), _around(source)
    if ours is None or theirs is None or ours[0] != theirs[0]:
        return False
    first = next(iter(ours[2]), None)
    return first is not None and first in theirs[1] and first not in theirs[2]


def reversed_roles(words: Sequence[Token], clause: str, source: str) -> bool:
    """Whether words of a clause stand in the opposite order in the source, and neither tells it in the passive."""
    if bool(_PASSIVE.search(clause)) != bool(_PASSIVE.search(source)):
        return False
    places: dict[str, list[int]] = {}
    for token in tokens(source):
        places.setdefault(token.key, []).append(token.start)
    own = [token.key for token in words]
    row = [
        places[token.key][0]
        for token in words
        if token.sort in ("word", "name") and len(places.get(token.key, ())) == 1 and own.count(token.key) == 1
    ]
    return len(row) >= REVERSED and row[0] > row[-1] and _falling(row) >= REVERSED


def _falling(row: Sequence[int]) -> int:
    """Length of the longest falling subsequence."""
    longest: list[int] = []
    for at, place in enumerate(row):
        longest.append(1 + max((longest[i] for i in range(at) if row[i] > place), default=0))
    return max(longest, default=0)


def _units(text: str) -> dict[str, set[str]]:
    """Units by number."""
    found: dict[str, set[str]] = {}
    for start, number in numbers(text).items():
        after = _COUNTED.match(text, start)
        unit = _unit(after.group(1)) if after else None
        if unit is not None:
            found.setdefault(number, set()).add(unit)
    return found


def _unit(word: str) -> str | None:
    written = _written()
    plain = plainly(word)
    if plain in written:
        return written[plain]
    dense = (known for known in written if not known.isascii() and plain.startswith(known))
    best = max(dense, key=len, default=None)
    return written[best] if best else None


def _around(text: str) -> tuple[str, list[str], list[str]] | None:
    """Which of the two words of time a text has, and the weighty words elsewhere and after it, as far as a stop."""
    row = tokens(text)
    at = [place for place, token in enumerate(row) if token.sort == "word" and plainly(token.text) in _times()]
    if len(at) != 1:
        return None
    word = row[at[0]]
    end = word.start + len(word.text)
    stop = _STOP.search(text, end)
    until = stop.start() if stop else len(text)
    weighty = [token for token in row if token is not word and (token.sort != "word" or token.key not in idle())]
    after = [token.key for token in weighty if end <= token.start < until]
    others = [token.key for token in weighty if not end <= token.start < until]
    return _times()[plainly(word.text)], others, after


@cache
def _written() -> Mapping[str, str]:
    said = tomllib.loads(WRITTEN.read_text(encoding="utf-8"))["units"]
    return {plainly(word): unit for unit, words in said.items() for word in words.split()}


@cache
def _times() -> Mapping[str, str]:
    said = tomllib.loads(WRITTEN.read_text(encoding="utf-8"))["times"]
    return {plainly(word): time for time, words in said.items() for word in words.split()}
