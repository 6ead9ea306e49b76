"""Calls that wait for the same work are done together: alone where nobody waits, in batches under load.

Adaptive batching without a delay (Crankshaw et al., "Clipper: A Low-Latency Online Prediction Serving System", 2017;
group commit, DeWitt et al. 1984): whoever comes first works, whoever comes meanwhile goes together afterwards.
"""

from collections import deque
from collections.abc import Callable, Sequence
from threading import Event, Lock
from typing import Generic, TypeVar

Asked = TypeVar("Asked")
Said = TypeVar("Said")


class _Call(Generic[Asked, Said]):
    """One call, and what came of it: `found` has what was said, or is empty."""

    def __init__(self, asked: Asked) -> None:
        self.asked = asked
        self.woken = Event()
        self.found: list[Said] = []
        self.error: Exception | None = None


class Together(Generic[Asked, Said]):
    """Threads share one; one of them works at a time, for all that wait."""

    def __init__(self, work: Callable[[Sequence[Asked]], Sequence[Said]], most: int) -> None:
        """`work` answers up to `most` calls at once, in their order, each as if it were alone."""
        self._work = work
        self._most = most
        self._lock = Lock()
        self._waiting: deque[_Call[Asked, Said]] = deque()
        self._working = False

    def __call__(self, asked: Asked) -> Said:
        """What `work` says of it. Raises what it raises of this call alone."""
        call = _Call[Asked, Said](asked)
        with self._lock:
            leads, self._working = not self._working, True
            if not leads:
                self._waiting.append(call)
        if not leads:
            call.woken.wait()
        if not call.found and call.error is None:
            self._lead(call)
        if call.error is not None:
            raise call.error
        return call.found[0]

    def _lead(self, call: _Call[Asked, Said]) -> None:
        """Work for this call and for those that wait, then hand on to the next."""
        with self._lock:
            batch = [call, *(self._waiting.popleft() for _ in range(min(self._most - 1, len(self._waiting))))]
        try:
            self._answer(batch)
        finally:
            with self._lock:
                next_ = self._waiting.popleft() if self._waiting else None
                self._working = next_ is not None
            for one in [*batch[1:], *([] if next_ is None else [next_])]:
                one.woken.set()

    def _answer(self, batch: Sequence[_Call[Asked, Said]]) -> None:
        """Where a batch fails, each is tried alone: what is wrong with one is not the others' fault."""
        try:
            said = self._work([one.asked for one in batch])
        except Exception as error:
            if len(batch) > 1:
                for one in batch:
                    self._answer([one])
                return
            batch[0].error = error
            return
        for one, answer in zip(batch, said, strict=True):
            one.found = [answer]
