"""The ticket file: a JSON array or JSON lines, each optionally gzipped; written aside and renamed when complete."""

import gzip
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

ENDINGS = (".json", ".jsonl", ".json.gz", ".jsonl.gz")
LEVEL = 3


class TicketFile:
    """An open ticket file; `position` counts the records and broken lines written so far."""

    def __init__(self, stream: io.BufferedIOBase, array: bool) -> None:
        self._stream, self._array = stream, array
        self._encode = msgspec.json.Encoder().encode
        self.position = 0

    def write(self, record: dict[str, Any]) -> int:
        """Append a record; its position from 0."""
        return self.write_raw(self._encode(record))

    def write_raw(self, line: bytes) -> int:
        """Append a line as it is (JSON lines may hold broken ones)."""
        if self._array:
            self._stream.write((b",\n" if self.position else b"[") + line)
        else:
            self._stream.write(line + b"\n")
        self.position += 1
        return self.position - 1

    def finish(self) -> None:
        """Close the array."""
        if self._array:
            self._stream.write(b"]\n" if self.position else b"[]\n")


def is_array(path: Path) -> bool:
    """Whether the name asks for a JSON array; an unknown ending is refused."""
    name = path.name.lower()
    if not name.endswith(ENDINGS):
        raise ValueError(f"expected a file name ending in {', '.join(ENDINGS)}; found {path.name}. Rename the output.")
    return name.removesuffix(".gz").endswith(".json")


@contextmanager
def ticket_file(path: Path) -> Iterator[TicketFile]:
    """Open `path` for writing; it appears only when all went well, and has the same bytes for the same records."""
    array = is_array(path)
    part = path.with_name(path.name + ".part")
    try:
        with part.open("wb") as raw:
            if path.name.lower().endswith(".gz"):
                with gzip.GzipFile(filename="", mode="wb", compresslevel=LEVEL, fileobj=raw, mtime=0) as packed:
                    buffered = io.BufferedWriter(packed, 1 << 20)  # type: ignore[arg-type]
                    yield from _filled(buffered, array)
            else:
                with io.BufferedWriter(raw, 1 << 20) as buffered:  # type: ignore[arg-type]
                    yield from _filled(buffered, array)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _filled(stream: io.BufferedWriter, array: bool) -> Iterator[TicketFile]:
    file = TicketFile(stream, array)
    yield file
    file.finish()
    stream.flush()
