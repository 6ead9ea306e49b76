"""What a customer says, without what letters carry along: markup, greeting, signature, earlier messages, footers."""

import re
import unicodedata
from functools import cache

import polars as pl

from ml.text import html, letters, quotes, sources
from ml.text.html import plain
from ml.text.quotes import own, unquoted

LONGEST = 200
"""Characters; a longer line is neither greeting nor closing nor of a signature."""
SIGNATURE = 8
"""Lines that a signature may have."""
GREETINGS = 4
"""Lines that may hold subject, addressee and greetings."""
FOOTER, FOOTERS = 3_000, 60
"""Characters of a paragraph that may be a footer, and how many lines and paragraphs are taken away."""
SUBJECT = 8
"""A first line of fewer words may be a subject, so that the letter itself has said nothing yet."""
_BREAK = re.compile(r"\r\n?|[\u2028\u2029\x0b\x0c\x85]")
_UNSEEN = re.compile("[\x00-\x08\x0e-\x1f\x7f\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_SPACE = re.compile(r"[^\S\n]+")
_BLANK = re.compile(r"\n(?: ?\n){2,}")
_WORD = re.compile(r"\w")
_DELIMITER = re.compile(r"(?:--+|—+|__+|\*\*\*+|==+)\Z")
_POSTSCRIPT = re.compile(r"(?:p\.?\s?s\.?|n\.?b\.?|edit|update|nachtrag|追伸|补充)\s?[:.)：]", re.IGNORECASE)
_ASKS = re.compile(r"[?？]|[!！]\Z")
_STOPS = re.compile(r"[^\W\d_A-Z]{3}[.…]\Z|[^\W\d_A-Z]{3}[.;:,] [^\W\d_]{2,}")
_STOPS_CJK = re.compile(r"[。；]")


@cache
def digest() -> str:
    """Changes with what `clean` does."""
    return sources.digest(__file__, *(str(module.__file__) for module in (html, letters, quotes)), str(letters.WRITTEN))


def clean(texts: pl.Series) -> pl.Series:
    """What each text says, of the same length as `texts`; null is empty. A text that said something never is.

    The first line may be a subject. Linear in the length of a text; lines keep their order, blank ones go.
    """
    filled = texts.cast(pl.String).fill_null("")
    return pl.Series(texts.name, [clean_one(text) for text in filled], dtype=pl.String)


def clean_one(text: str) -> str:
    """`clean` for one text."""
    lines = _lines(plain(text))
    told, quoting = own([_without_prefix(lines[0]), *lines[1:]])
    kept = _without_letter(told)
    if quoting and not _says(kept[1:]) and len(" ".join(kept[:1]).split()) < SUBJECT:
        kept = _without_letter(unquoted(lines))
    return _joined(kept) or _joined(lines)


def signature(text: str) -> list[str]:
    """The lines by which the writer of a letter (without its subject) signs, the closing left out; perhaps none."""
    told, _ = own(["", *_lines(plain(text))])
    found = _signed(_without_footers(told))
    return [] if found is None else [line for line in told[found[1] : found[2]] if line]


def ending(text: str) -> list[str]:
    """The last lines of a letter without a closing that are no sentences, in order: a signature may be among them."""
    told, _ = own(["", *_lines(plain(text))])
    said = [line for line in _without_footers(told) if line]
    first = len(said)
    while first > 1 and len(said) - first < SIGNATURE and not _is_said(said[first - 1]):
        first -= 1
    return said[first:]


def _joined(lines: list[str]) -> str:
    return "\n".join(line for line in lines if line) if _says(lines) else ""


def _lines(text: str) -> list[str]:
    """Lines without what cannot be seen, with single spaces, composed (Unicode NFC); of blank ones in a row one."""
    seen = _UNSEEN.sub("", _BREAK.sub("\n", text))
    if not seen.isascii():
        seen = unicodedata.normalize("NFC", seen)
    return [line.strip() for line in _BLANK.sub("\n\n", _SPACE.sub(" ", seen)).split("\n")]


def _says(lines: list[str]) -> bool:
    return any(_WORD.search(line) for line in lines)


def _without_prefix(subject: str) -> str:
    found = letters.PREFIX.match(subject[: 2 * LONGEST])
    return subject[found.end() :] if found else subject


def _without_letter(lines: list[str]) -> list[str]:
    """The lines without greeting, closing, signature, footers and the lines of ticket systems."""
    said = [line for line in lines if not (0 < len(line) <= 2 * LONGEST and letters.SYSTEM.match(line))]
    said = _without_footers(_without_greeting(said))
    found = _signed(said)
    if found is None:
        return said
    return _without_footers([*said[: found[0]], *said[found[2] :]])


def _without_greeting(lines: list[str]) -> list[str]:
    """Greetings stand in the first lines that say something; a subject before them is no greeting in part."""
    said, seen = list(lines), 0
    for place, line in enumerate(lines):
        if not line:
            continue
        if len(line) <= LONGEST and len(lines) > 1 and letters.GREETING.match(line):
            said[place] = ""
        elif place or len(lines) == 1:
            found = letters.GREETING_BEFORE.match(line[:LONGEST])
            said[place] = line[found.end() :] if found else line
        seen += 1
        if seen == GREETINGS or (place and said[place]):
            break
    return said


def _without_footers(lines: list[str]) -> list[str]:
    """Without the last lines and paragraphs that lawyers, telephones and mail programs add, below what was said."""
    end, left = len(lines), FOOTERS
    while end > 1 and left:
        line = lines[end - 1]
        left -= bool(line)
        if not line or _DELIMITER.match(line) or _added(line):
            end -= 1
        elif (start := _footer(lines, end)) < end and _says(lines[1:start]):
            end = start
        else:
            break
    return lines[:end]


def _added(line: str) -> bool:
    return len(line) <= LONGEST and (letters.MOBILE.match(line) or letters.REACH.match(line)) is not None


def _footer(lines: list[str], end: int) -> int:
    """Where the footer begins that ends here: a whole paragraph, where its first lines say so, or the last line."""
    start, length = end, 0
    while start > 1 and lines[start - 1] and length <= FOOTER:
        start -= 1
        length += len(lines[start])
    if length <= FOOTER and letters.is_footer(" ".join(lines[start : min(start + 2, end)])):
        return start
    return end - 1 if letters.is_footer(lines[end - 1][:FOOTER]) else end


def _signed(lines: list[str]) -> tuple[int, int, int] | None:
    """Where the last closing begins, where it ends, and where the signature after it does; null without one."""
    spoken = 0
    for place in range(len(lines) - 1, 0, -1):
        line = lines[place]
        spoken += bool(line)
        if spoken > 2 * SIGNATURE:
            return None
        if len(line) > LONGEST or not line or not (_DELIMITER.match(line) or letters.CLOSING.match(line)):
            continue
        first = place
        while first > 1 and (not lines[first - 1] or letters.CLOSING.match(lines[first - 1][:LONGEST])):
            first -= 1
        return (first, place + 1, _after_signature(lines, place + 1)) if _says(lines[1:first]) else None
    return None


def _after_signature(lines: list[str], place: int) -> int:
    """Where the signature ends that begins here: a postscript, and whatever is a sentence, is none."""
    taken = 0
    while place < len(lines) and taken < SIGNATURE and not _is_said(lines[place]):
        taken += bool(lines[place])
        place += 1
    return place


def _is_said(line: str) -> bool:
    words = len(line.split())
    if not line or _added(line):
        return False
    if words > 10 or len(line) > 90 or _POSTSCRIPT.match(line) or _STOPS_CJK.search(line):
        return True
    return (words > 1 and _ASKS.search(line) is not None) or (words > 4 and _STOPS.search(line) is not None)
