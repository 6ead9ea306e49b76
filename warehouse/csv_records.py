"""Splitting CSV: rows become JSON objects under the names of the header."""

import csv
import io
import json
from collections import Counter
from collections.abc import Iterator
from itertools import chain

import msgspec

from warehouse.blocks import BLOCK, LARGEST_RECORD, Block, Read
from warehouse.errors import SourceUnreadable

CSV_ROWS = 5_000


def csv_rows(read: Read, name: str) -> Iterator[Block]:
    """The rows of a CSV; one with more or fewer columns than the header stays a list, for the typing to refuse.

    Raises `SourceUnreadable` for a header that names a column twice, and for a file that ends inside a quoted value.
    """
    stream = io.BufferedReader(_Raw(read), BLOCK)  # type: ignore[type-var]
    lines = io.TextIOWrapper(stream, "utf-8-sig", "surrogateescape", newline="")
    # An empty line at the end is no row, unless a quoted value is still open there and swallows it.
    reader = csv.reader(chain(lines, ["\n"]))
    csv.field_size_limit(LARGEST_RECORD)
    row: list[str] = []
    block: Block = []
    try:
        header = next(reader)
        _check_header(header, name)
        ended = began = reader.line_num
        for row in reader:
            began, ended = ended + 1, reader.line_num
            if row:
                record = dict(zip(header, row, strict=True)) if len(row) == len(header) else row
                block.append((ended, _encoded(record)))
            if len(block) == CSV_ROWS:
                yield block
                block = []
    except csv.Error as error:
        message = f"{name} is no CSV at line {reader.line_num} ({error})"
        raise SourceUnreadable(f"{message}; nothing was loaded. Fetch the file again.") from None
    if row:
        message = f"{name} ends early, inside the quoted value of a row that begins at line {began}"
        raise SourceUnreadable(f"{message}; nothing was loaded. Fetch the file again, or close the quote.")
    yield block


def _check_header(header: list[str], name: str) -> None:
    twice = [column for column, count in Counter(header).items() if count > 1 and column]
    if twice:
        message = f"{name} has more than one column named {', '.join(map(repr, twice))}, expected each name once"
        raise SourceUnreadable(f"{message}; nothing was loaded. Rename or remove the others.")


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
