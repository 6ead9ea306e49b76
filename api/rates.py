"""How often somebody may ask: token buckets in one file, which all processes of a machine share.

Kept as the generic cell rate algorithm keeps them (ITU-T I.371): one moment a bucket, the one at which it would be full
again. The file is mapped, so taking costs no system call but the lock's; the clock is the machine's, which never steps
back. Each machine counts for itself. A full disk or a read-only lake leaves each process a table of its own.
"""

import fcntl
import mmap
import os
from collections.abc import Callable
from contextlib import ExitStack
from hashlib import blake2b
from pathlib import Path
from struct import Struct
from threading import Lock
from time import monotonic
from typing import BinaryIO, NamedTuple

import structlog

SLOTS = 8_192
WAYS = 8
"""Slots that a name may lie in; the emptiest of them is given to who has none."""
_SLOT = Struct("=8sd")


class Taken(NamedTuple):
    """Whether there was something to take, how much is left, in how many seconds there is one more (or all again)."""

    allowed: bool
    left: int
    wait: float
    full_in: float


class Buckets:
    """Buckets by name. Safe between threads and processes; none is ever removed, the stalest makes room."""

    def __init__(self, file: Path | None, clock: Callable[[], float] = monotonic) -> None:
        """`file` is made where it is not there; None keeps the table in this process."""
        self._clock = clock
        self._turn = Lock()
        self._file = None if file is None else _opened(file)
        self._table = mmap.mmap(-1 if self._file is None else self._file.fileno(), SLOTS * _SLOT.size)

    def take(self, name: str, size: int, seconds: float, cost: int = 1) -> Taken:
        """Take `cost` from a bucket of `size`, which fills in `seconds`; with a cost of 0, look whether 1 is left."""
        key = blake2b(name.encode(), digest_size=8).digest()
        drop = seconds / size
        with self._turn:
            if self._file is not None:
                fcntl.flock(self._file, fcntl.LOCK_EX)
            try:
                now = self._clock()
                place, kept = self._find(key, now)
                # What lies further ahead was written before the machine was started last.
                full_at = kept if now <= kept <= now + seconds + 1e-3 else now
                wait = full_at + max(cost, 1) * drop - seconds - now
                allowed = wait <= 1e-9
                if allowed and cost:
                    full_at += cost * drop
                    _SLOT.pack_into(self._table, place, key, full_at)
            finally:
                if self._file is not None:
                    fcntl.flock(self._file, fcntl.LOCK_UN)
        left = int((now + seconds - full_at) / drop + 1e-6)
        return Taken(allowed, left, max(wait, 0.0), full_at - now)

    def _find(self, key: bytes, now: float) -> tuple[int, float]:
        """Where the bucket is, or is to be, and when it is full."""
        first = int.from_bytes(key, "little") % SLOTS
        places = [(first + way) % SLOTS * _SLOT.size for way in range(WAYS)]
        free, least = places[0], float("inf")
        for place in places:
            found, full_at = _SLOT.unpack_from(self._table, place)
            if found == key:
                return place, full_at
            if full_at < least:
                free, least = place, full_at
        return free, now


def _opened(file: Path) -> BinaryIO | None:
    """A file whose every byte is on the disk: writing to a mapped hole of a full one would end the process."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with ExitStack() as stack:
            opened = stack.enter_context(open(file, "a+b"))
            os.posix_fallocate(opened.fileno(), 0, SLOTS * _SLOT.size)
            stack.pop_all()
            return opened
    except OSError as error:
        structlog.get_logger("api").warning("rates are counted by each process alone", error=error.strerror)
        return None
