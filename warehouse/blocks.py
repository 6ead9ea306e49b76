"""What splitting a file into records deals in."""

from collections.abc import Callable

Block = list[tuple[int, bytes]]
"""Records with their positions, from 1: lines of the file, or indexes of the array."""
Read = Callable[[int], bytes]
"""At most so many bytes of the file, unpacked; none at its end."""

BLOCK = 8 * 1024 * 1024
LARGEST_RECORD = 64 * 1024 * 1024
BOM = b"\xef\xbb\xbf"
SPACE = b" \t\r\n"
EXPECTED = "expected tickets as JSON array, JSON lines or CSV"
