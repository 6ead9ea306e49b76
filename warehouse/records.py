"""Splitting a file into records: JSON array, JSON lines or CSV, each optionally gzipped, in blocks of constant size."""

import gzip
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Literal

import msgspec

from warehouse.blocks import BOM, EXPECTED, SPACE, Block, Read
from warehouse.csv_records import csv_rows
from warehouse.errors import SourceUnreadable
from warehouse.json_records import json_array, json_lines

Format = Literal["json", "jsonl", "csv"]

GZIP = b"\x1f\x8b"


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


SPLITTERS: dict[Format, Callable[[Read, str], Iterator[Block]]] = {
    "json": json_array,
    "jsonl": json_lines,
    "csv": csv_rows,
}
