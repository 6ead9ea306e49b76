"""Frames on disk for a moment: what is typed before it is known which of it will stand."""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryFile
from types import TracebackType

import polars as pl


class Spool:
    """Frames written one after another and read back in that order, any number of times.

    The file has no name, so a killed process leaves nothing behind.
    """

    def __init__(self, folder: Path) -> None:
        """Open in this folder: the one whose disk is large enough for what follows."""
        self._file = TemporaryFile(dir=folder)  # noqa: SIM115 closed by __exit__
        self._sizes: list[int] = []

    def __enter__(self) -> "Spool":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def write(self, frame: pl.DataFrame) -> None:
        """Add a frame; an empty one is not kept."""
        if frame.height:
            before = self._file.tell()
            frame.write_ipc_stream(self._file)
            self._sizes.append(self._file.tell() - before)

    def frames(self) -> Iterator[pl.DataFrame]:
        """What was written, frame by frame."""
        self._file.seek(0)
        for size in self._sizes:
            yield pl.read_ipc_stream(BytesIO(self._file.read(size)))
