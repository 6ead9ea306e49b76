"""Frames on their way into a table: counted, made ahead in a thread, and handed to the writer as Arrow batches."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from contextvars import copy_context
from queue import Empty, Full, Queue
from threading import Event, Thread
from typing import Any, TypeVar

import polars as pl

T = TypeVar("T")
AHEAD = 2


class Counted(Iterator[pl.DataFrame]):
    """Frames that are not empty, counting their rows as they pass."""

    def __init__(self, frames: Iterable[pl.DataFrame]) -> None:
        self._frames = iter(frames)
        self.rows = 0

    def __next__(self) -> pl.DataFrame:
        for frame in self._frames:
            if frame.height:
                self.rows += frame.height
                return frame
        raise StopIteration


def batches(frames: Iterator[pl.DataFrame], schema: Any, failure: list[BaseException]) -> Iterator[Any]:
    """Arrow batches of the frames; what the frames raise is kept, because the writer only passes on its text."""
    try:
        for frame in frames:
            yield from frame.to_arrow().cast(schema).to_batches()
    except BaseException as error:
        failure.append(error)
        raise


@contextmanager
def ahead(items: Iterable[T]) -> Iterator[Iterator[T]]:
    """The items, made in a thread of their own while whoever takes them works on the ones before.

    A Delta writer asks for its batches inside its runtime, where no other table can be read or written: so they are
    made outside. No item may be None.
    """
    ready: Queue[T | BaseException | None] = Queue(maxsize=AHEAD)
    stopped = Event()

    def offer(item: T | BaseException | None) -> None:
        while not stopped.is_set():
            with suppress(Full):
                ready.put(item, timeout=0.1)
                return

    def make() -> None:
        try:
            for item in items:
                offer(item)
                if stopped.is_set():
                    return
            offer(None)
        except BaseException as error:
            offer(error)

    def take() -> Iterator[T]:
        while not stopped.is_set():
            with suppress(Empty):
                item = ready.get(timeout=0.1)
                if item is None:
                    return
                if isinstance(item, BaseException):
                    raise item
                yield item

    # In the caller's context: the locks that the caller holds are held for its thread too.
    maker = Thread(target=copy_context().run, args=(make,), name="ahead", daemon=True)
    maker.start()
    try:
        yield take()
    finally:
        stopped.set()
        maker.join()
