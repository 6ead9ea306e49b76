"""Splitting JSON: lines, or the elements of one array, without reading either whole."""

import re
from collections.abc import Iterator

import msgspec

from warehouse.blocks import BLOCK, BOM, EXPECTED, LARGEST_RECORD, SPACE, Block, Read
from warehouse.errors import SourceUnreadable

CANDIDATES = 4

_elements = msgspec.json.Decoder(list[msgspec.Raw])
_element = msgspec.json.Decoder(msgspec.Raw)
_TOKEN = re.compile(rb'"(?:[^"\\]++|\\.)*+"|["{}\[\],]', re.DOTALL)


def json_lines(read: Read, name: str) -> Iterator[Block]:
    line, rest = 1, [read(BLOCK).removeprefix(BOM)]
    while block := read(BLOCK):
        head, newline, tail = block.rpartition(b"\n")
        if not newline:
            rest.append(block)
            if sum(map(len, rest)) > LARGEST_RECORD:
                limit = LARGEST_RECORD // 2**20
                raise SourceUnreadable(
                    f"{name}: line {line} is longer than {limit} MB, {EXPECTED}; nothing was loaded."
                )
            continue
        lines = b"".join((*rest, head)).split(b"\n")
        yield _numbered(lines, line)
        line, rest = line + len(lines), [tail]
    yield _numbered(b"".join(rest).split(b"\n"), line)


def _numbered(lines: list[bytes], first: int) -> Block:
    stripped = ((number, text.strip(SPACE)) for number, text in enumerate(lines, first))
    return [(number, text) for number, text in stripped if text]


def json_array(read: Read, name: str) -> Iterator[Block]:
    rest = read(BLOCK).removeprefix(BOM).lstrip(SPACE)[1:]
    position, ended = 1, False
    while not ended:
        block = read(BLOCK)
        elements, left, ended = _whole_elements(rest + block)
        if not elements and not ended and (not block or len(left) > LARGEST_RECORD):
            why = "is no valid JSON at" if block or _is_broken(left) else "ends inside"
            message = f"{name} {why} record {position} of its array"
            raise SourceUnreadable(f"{message}; nothing was loaded. Fetch the file again, or send JSON lines.")
        if elements:
            yield list(enumerate(elements, position))
            position += len(elements)
        rest = left
    while rest or (rest := read(BLOCK)):
        if rest.strip(SPACE):
            raise SourceUnreadable(f"{name} goes on after the end of its array; nothing was loaded. Fetch it again.")
        rest = b""


def _is_broken(text: bytes) -> bool:
    """Whether an element that was never completed is wrong rather than short."""
    try:
        msgspec.json.decode(text, type=msgspec.Raw)
    except msgspec.DecodeError as error:
        return "truncated" not in str(error)
    except RecursionError:
        return True
    return False


def _whole_elements(text: bytes) -> tuple[list[bytes], bytes, bool]:
    """The elements that `text` holds whole, what is left after them, and whether the array ended.

    `text` begins where an element does. Parsing from there is deterministic, so a cut behind a brace is right exactly
    when what stands before it parses as a list of elements. Where the last candidates all lie inside a string or a
    nested list, the elements are scanned one by one instead.
    """
    text = text.lstrip(SPACE)
    if text.startswith(b"]"):
        return [], text[1:], True
    end = len(text)
    for _ in range(CANDIDATES):
        end = text.rfind(b"}", 0, end)
        if end < 0:
            break
        tail = text[end + 1 : end + 64].lstrip(SPACE)[:1]
        if tail in (b",", b"]"):
            try:
                found = _elements.decode(b"[" + text[: end + 1] + b"]")
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                continue
            left = text[end + 1 :].lstrip(SPACE)
            return [_one_line(bytes(raw)) for raw in found], left[1:], tail == b"]"
    return _scan(text)


def _scan(text: bytes) -> tuple[list[bytes], bytes, bool]:
    """`_whole_elements`, token by token: commas and brackets outside of strings and nested lists part the elements."""
    found: list[bytes] = []
    at, depth = 0, 0
    for token in _TOKEN.finditer(text):
        sign = token[0]
        if sign == b'"':  # a string that does not end here
            break
        if sign in (b"{", b"["):
            depth += 1
        elif sign in (b"}", b"]") and depth:
            depth -= 1
        elif sign in (b",", b"]") and not depth:
            element = text[at : token.start()].strip(SPACE)
            if not _is_element(element):
                break
            found.append(_one_line(element))
            at = token.end()
            if sign == b"]":
                return found, text[at:], True
    return found, text[at:], False


def _is_element(text: bytes) -> bool:
    try:
        _element.decode(text)
    except msgspec.DecodeError:
        return False
    except RecursionError:  # deep, and so no ticket, but its brackets match
        return True
    return True


def _one_line(record: bytes) -> bytes:
    """A record without line ends: in valid JSON they are mere white space."""
    return record.replace(b"\r", b" ").replace(b"\n", b" ") if b"\n" in record else record
