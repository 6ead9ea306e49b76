"""The pieces of a text that has form: headings, steps, items of lists, sentences; also where lines were joined."""

import re
from typing import Literal

import msgspec

from ml.retrieve.passages import sentences

Form = Literal["heading", "step", "item", "sentence"]
_HEADING = re.compile(r"(?:(?<=\s)|\A)(#{1,6})\s+")
_NUMBER = re.compile(r"(?:(?<=\s)|\A)(\d{1,2})[.)、]\s+(?=\S)")
_BULLET = re.compile(r"(?:(?<=\s)|\A)[-*•]\s+(?=\S)")
_STARTS = re.compile(r"(?<=[^\W\d_])\s(?=[A-ZÀ-Þ]\w* )")


class Piece(msgspec.Struct, frozen=True):
    """One piece, what it is, and the heading above it."""

    text: str
    form: Form
    heading: str


def pieces(text: str) -> list[Piece]:
    """All pieces in order. Steps are numbered 1, 2, 3 in the text, whether on lines of their own or not.

    A text that begins within a list goes on from its number.
    """
    found: list[Piece] = []
    heading = ""
    for line in _lines(text):
        if match := _HEADING.match(line):
            heading, *said = _parted(line[match.end() :].strip())
            found.append(Piece(heading, "heading", heading))
            found += [Piece(one, "sentence", heading) for text in said for one in sentences(text)]
        elif match := _NUMBER.match(line):
            found.append(Piece(line[match.end() :].strip(), "step", heading))
        elif match := _BULLET.match(line):
            found.append(Piece(line[match.end() :].strip(), "item", heading))
        else:
            found += [Piece(one, "sentence", heading) for one in sentences(line)]
    return [piece for piece in found if piece.text]


def _parted(line: str) -> list[str]:
    """A heading; apart from it the sentence that was joined to it, which ends with a stop and begins with a capital."""
    return _STARTS.split(line, maxsplit=1) if line.endswith((".", "!", "?")) else [line]


def _lines(text: str) -> list[str]:
    """Lines, with a break before every heading, item and step that stands in one."""
    broken: list[str] = []
    for line in text.splitlines():
        plain = line.strip()
        joined = _HEADING.sub(r"\n\1 ", plain)
        for one in joined.split("\n"):
            broken += _numbered(_itemised(one))
    return [one.strip() for one in broken if one.strip()]


def _itemised(line: str) -> list[str]:
    if len(_BULLET.findall(line)) < 2 and not _HEADING.match(line):
        return [line]
    places = [match.start() for match in _BULLET.finditer(line)]
    return _cut(line, places)


def _numbered(lines: list[str]) -> list[str]:
    found: list[str] = []
    for line in lines:
        places, wanted = [], 1
        for match in _NUMBER.finditer(line):
            if not match.start() and match.group(1) != "0":
                wanted = int(match.group(1))
            if int(match.group(1)) == wanted:
                places.append(match.start())
                wanted += 1
        found += _cut(line, places) if len(places) > 1 or (places and _HEADING.match(line)) else [line]
    return found


def _cut(line: str, places: list[int]) -> list[str]:
    ends = [*places, len(line)]
    return [line[: ends[0]], *(line[start:end] for start, end in zip(places, ends[1:], strict=False))]
