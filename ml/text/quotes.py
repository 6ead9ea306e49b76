"""Earlier messages that a letter carries along: where they begin, and what is the writer's own."""

from ml.text.letters import FIELD, FORWARDED, INTRODUCTION, ORIGINAL, QUOTE_HEAD

_COLONS = (":", "：")
LONGEST_HEAD = 240
"""Characters; a longer line is no head of a quotation."""


def own(lines: list[str]) -> tuple[list[str], bool]:
    """The lines without earlier messages, and whether any were there.

    A message at the foot goes whole; of one quoted line by line (`>`) only its lines, as answers may stand between.
    What is forwarded is what the letter is about: only its head goes.
    """
    found: list[str] = []
    place, any_quoted = 0, False
    while place < len(lines):
        line = lines[place]
        if line.startswith(">"):
            any_quoted = True
            if found and _introduces(found[-1]):
                found.pop()
        elif len(line) > LONGEST_HEAD:
            found.append(line)
        elif FORWARDED.match(line):
            any_quoted = True
            place = _after_fields(lines, place + 1) - 1
        elif ORIGINAL.match(line) or _fields(lines, place):
            return found, True
        elif line.endswith(_COLONS) and QUOTE_HEAD.match(line):
            if not _quoted_next(lines, place):
                return found, True
            any_quoted = True
        else:
            found.append(line)
        place += 1
    return found, any_quoted


def unquoted(lines: list[str]) -> list[str]:
    """All lines as if nothing were quoted, without heads: for a letter that says nothing of its own."""
    bare = (line.lstrip("> ") for line in lines)
    return [
        line
        for line in bare
        if len(line) > LONGEST_HEAD
        or not (ORIGINAL.match(line) or FORWARDED.match(line) or QUOTE_HEAD.match(line) or FIELD.match(line))
    ]


def _introduces(line: str) -> bool:
    return len(line) <= LONGEST_HEAD and INTRODUCTION.match(line) is not None


def _quoted_next(lines: list[str], place: int) -> bool:
    return any(line.startswith(">") for line in lines[place + 1 : place + 3])


def _fields(lines: list[str], place: int) -> int:
    """How many lines from here are a message's header; 0 unless there is a sender and one more field."""
    first = FIELD.match(lines[place])
    if first is None or first.group(1) is None:
        return 0
    count = 1
    while (
        place + count < len(lines) and len(lines[place + count]) <= LONGEST_HEAD and FIELD.match(lines[place + count])
    ):
        count += 1
    return count if count >= 2 else 0


def _after_fields(lines: list[str], place: int) -> int:
    """The first line after a forwarded message's header."""
    while place < len(lines) and (
        not lines[place] or (len(lines[place]) <= LONGEST_HEAD and FIELD.match(lines[place]))
    ):
        place += 1
    return place
