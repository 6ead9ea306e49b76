"""Lines of anyone's files, plain or gzip, with or without a byte order mark."""

import gzip
import zlib
from pathlib import Path

from warehouse.errors import SourceUnreadable


def lines_of(path: Path, of: str) -> list[tuple[int, bytes]]:
    """Lines that are not blank, with their numbers from 1. Raises `SourceUnreadable`; `of`: what was expected."""
    try:
        content = path.read_bytes()
        if content[:2] == b"\x1f\x8b":
            content = gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        raise SourceUnreadable(f"{path}: {error}; expected lines of {of}, plain or gzip.") from None
    content = content.removeprefix(b"\xef\xbb\xbf")
    return [(number, line) for number, line in enumerate(content.split(b"\n"), 1) if line.strip()]
