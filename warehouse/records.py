"""Splitting a file into records: JSON array, JSON lines or CSV, each optionally gzipped, in blocks of constant size."""

import csv
import gzip
import io
import json
import re
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Literal

import msgspec

from warehouse.errors import SourceUnreadable

Format = Literal["json", "jsonl", "csv"]
Block = list[tuple[int, bytes]]
"""Records with their positions, from 1: lines of the file, or indexes of the array."""

BLOCK = 8 * 1024 * 1024
LARGEST_RECORD = 64 * 1024 * 1024
GZIP = b"\x1f\x8b"
BOM = b"\xef\xbb\xbf"
SPACE = b" \t\r\n"
EXPECTED = "expected tickets as JSON array, JSON lines or CSV"
CANDIDATES = 4
CSV_ROWS = 5_000

_elements = msgspec.json.Decoder(list[msgspec.Raw])
_element = msgspec.json.Decoder(msgspec.Raw)
_TOKEN = re.compile(rb'"(?:[^"\\]++|\\.)*+"|["{}\[\],]', re.DOTALL)


def recognise(file: Path) -> Format:
    """What the file holds, by its first bytes. Raises `SourceUnreadable` for anything that is no list of records.

    A first line that is broken does not decide: lines of JSON are known by any of the first that is an object.
    """
    with _opened(file) as read:
        head = read(1 << 16).removeprefix(BOM).lstrip(SPACE)
    if not head:
        raise SourceUnreadable(f"{file.name} is empty, {EXPECTED}.")
    lines = head.split(b"\n")
    has_objects = any(line.lstrip(SPACE).startswith(b"{") for line in lines)
    if head.startswith(b"[") and not (_is_json(lines[0]) and has_objects):
        return "json"
    if head.startswith(b"{") or any(line.lstrip(SPACE).startswith(b"{") and _is_json(line) for line in lines):
        return "jsonl"
    if {".jsonl", ".ndjson"} & set(file.suffixes):
        return "jsonl"
    if b"\x00" not in head and b"," in lines[0] and not head.startswith(b"<"):
        return "csv"
    found = head[:30].decode("utf-8", "backslashreplace")
    raise SourceUnreadable(f"{file.name} begins with {found!r}, {EXPECTED}.")


def _is_json(text: bytes) -> bool:
    try:
        msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return True


def blocks(file: Path, form: Format) -> Iterator[Block]:
    """The records, some megabytes at a time; memory does not grow with the file.

    A line is never judged here. Raises `SourceUnreadable` for an array or a gzip that is broken or ends early.
    """
    with _opened(file) as read:
        yield from SPLITTERS[form](read, file.name)


Read = Callable[[int], bytes]


@contextmanager
def _opened(file: Path) -> Iterator[Read]:
    """A reader of the unpacked bytes that turns what can go wrong into `SourceUnreadable`."""
    try:
        with file.open("rb") as raw:
            packed = raw.read(2) == GZIP
            raw.seek(0)
            stream: IO[bytes] = gzip.GzipFile(fileobj=raw) if packed else raw  # type: ignore[assignment]
            yield lambda size: _read(stream, size, file.name)
    except OSError as error:
        raise SourceUnreadable(f"{file.name} cannot be read: {error}.") from None


def _read(stream: IO[bytes], size: int, name: str) -> bytes:
    try:
        return stream.read(size)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        message = f"{name} is a gzip that ends early or is damaged ({error})"
        raise SourceUnreadable(f"{message}; nothing was loaded. Fetch the file again.") from None


def _json_lines(read: Read, name: str) -> Iterator[Block]:
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


def _json_array(read: Read, name: str) -> Iterator[Block]:
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


def _csv(read: Read, name: str) -> Iterator[Block]:
    stream = io.BufferedReader(_Raw(read), BLOCK)  # type: ignore[type-var]
    reader = csv.reader(io.TextIOWrapper(stream, "utf-8-sig", "surrogateescape", newline=""))
    csv.field_size_limit(LARGEST_RECORD)
    try:
        header = next(reader)
        block: Block = []
        for row in reader:
            if row:
                record = dict(zip(header, row, strict=True)) if len(row) == len(header) else row
                block.append((reader.line_num, _encoded(record)))
            if len(block) == CSV_ROWS:
                yield block
                block = []
        yield block
    except csv.Error as error:
        message = f"{name} is no CSV at line {reader.line_num} ({error})"
        raise SourceUnreadable(f"{message}; nothing was loaded. Fetch the file again.") from None


def _encoded(record: dict[str, str] | list[str]) -> bytes:
    """As JSON; bytes that are no UTF-8 stay what they are, for the typing to refuse."""
    try:
        return msgspec.json.encode(record)
    except UnicodeEncodeError:
        return json.dumps(record, ensure_ascii=False).encode("utf-8", "surrogateescape")


class _Raw(io.RawIOBase):
    """A reader as a raw stream."""

    def __init__(self, read: Read) -> None:
        self._read = read

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        """Fill the buffer with what the reader gives."""
        found = self._read(len(buffer))
        buffer[: len(found)] = found
        return len(found)


SPLITTERS: dict[Format, Callable[[Read, str], Iterator[Block]]] = {
    "json": _json_array,
    "jsonl": _json_lines,
    "csv": _csv,
}
