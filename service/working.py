"""Requests worked on in threads: polled from the store, sooner where a queue or somebody else rings.

The queue only wakes: without it, or while it is gone, the next look at the store finds the same work.
"""

import random
from collections.abc import Callable, Collection
from contextlib import ExitStack
from datetime import datetime
from threading import Event, Thread
from time import perf_counter
from types import TracebackType
from typing import Any, Literal

import msgspec

from operations.request_rows import KeptRequest
from operations.requests import Requests
from operations.wakeups import Listening
from service.request_result import RequestResult
from service.requests import RequestWork, TicketGone
from service.understanding import decided
from service.webhooks import pause
from warehouse.errors import TicketlakeError

LEASE_SECONDS = 120.0
"""For so long nobody else takes what somebody has in hand: the time that work is given."""
MOST_ATTEMPTS = 8
"""With pauses that double from five seconds: some ten minutes."""
PAUSE, PATIENCE = 0.3, 5.0
"""Seconds between two looks into the store; with a queue that rings, there is less need to look."""
GRACE = 5.0
"""Seconds that threads are given to end; what they have in hand is taken again when its lease runs out."""
Now = Callable[[], datetime]
Failed = Callable[[str], object]
Step = Callable[[str], None]
Jitter = Callable[[], float]
State = Literal["done", "queued", "dead", "left to another"]


class Worked(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one turn at a request, for a log: no id but its own, no label, and no word of the ticket.

    `state` is what it is left in; `left to another`: the lease ran out meanwhile. `decisions` and `models` are by
    target, `error` is the kind of what went wrong.
    """

    request_id: str
    state: State
    attempts: int
    ms: float
    release: str | None = None
    decisions: dict[str, str] = {}
    models: dict[str, str] = {}
    error: str | None = None


Told = Callable[[Worked], object]


class RequestTurns:
    """Takes what is due and works on it, whoever calls: a thread that polls, or one that a queue woke."""

    def __init__(
        self,
        requests: Requests,
        work: RequestWork,
        now: Now,
        *,
        told: Told | None = None,
        on_step: Step | None = None,
        lease: float = LEASE_SECONDS,
        jitter: Jitter = random.random,
    ) -> None:
        """`told` hears of each turn at a request; `on_step` of every durable step once it is done."""
        self._requests, self._work, self._now = requests, work, now
        self._told = told or _nobody
        self._step = on_step or _nobody
        self._lease = lease
        self._jitter = jitter
        self._served = False

    def take(self, only: Collection[str] | None = None) -> bool:
        """Work on the next request that is due; False where none is. Raises `StoreUnavailable`.

        What was done before there was any release is due again once there is one.
        """
        if not self._served and self._work.served():
            self._requests.begin_anew(self._now())
            self._served = True
        if not self._requests.due(self._now(), only):
            return False
        self._work.prepare()
        leased = self._requests.lease(self._now(), self._lease, 1, only)
        for held in leased:
            self._step("leased")
            self._worked(held)
        return bool(leased)

    def _worked(self, held: KeptRequest) -> None:
        began = perf_counter()
        if held.attempts > MOST_ATTEMPTS:
            self._given_up(held, "LeaseRanOut", began, last=True)
            return
        try:
            outcome = self._work.work(held, self._now())
            self._step("worked")
            kept = self._requests.finish(held, outcome, self._now())
        except Exception as error:  # whatever it is, the others are worked on; its words may be the ticket's
            self._given_up(held, type(error).__name__, began, last=isinstance(error, TicketGone))
            return
        self._step("finished" if kept else "left to another")
        result = msgspec.json.decode(outcome.body, type=RequestResult)
        self._tell(held, "done" if kept else "left to another", began, release=result.release, **decided([result]))

    def _given_up(self, held: KeptRequest, error: str, began: float, *, last: bool) -> None:
        over = last or held.attempts >= MOST_ATTEMPTS
        again_at = None if over else self._now() + pause(held.attempts, self._jitter)
        self._tell(held, "dead" if over else "queued", began, error=error)
        self._requests.fail(held, error, again_at, self._now())
        self._step("gave up" if over else "put off")

    def _tell(self, held: KeptRequest, state: State, began: float, **more: Any) -> None:
        ms = round((perf_counter() - began) * 1000, 1)
        self._told(Worked(request_id=held.id, state=state, attempts=held.attempts, ms=ms, **more))


class RequestWorkers:
    """Threads that take turns for the time of a `with` block."""

    def __init__(self, turns: RequestTurns, *, threads: int, queue_url: str, failed: Failed) -> None:
        """With `queue_url` so many turns are taken as it rings, and one thread polls beside; else all threads poll."""
        self._turns = turns
        self._failed = failed
        self._said: str | None = None
        self.looks = 0
        """How often somebody looked for requests and could."""
        self._stop = Event()
        self._pause = PATIENCE if queue_url else PAUSE
        names = range(1 if queue_url else threads)
        self._threads = [Thread(target=self._poll, name=f"requests-{name}", daemon=True) for name in names]
        self._stack = ExitStack()
        self._queue_url, self._concurrency = queue_url, threads

    def __enter__(self) -> "RequestWorkers":
        for thread in self._threads:
            thread.start()
        if self._queue_url:
            self._stack.enter_context(Listening(self._queue_url, self._rung, self._concurrency, self._say))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._stack.close()
        for thread in self._threads:
            thread.join(GRACE)

    def flush(self) -> int:
        """Work on all that is due now; how many."""
        done = 0
        while self._turns.take():
            done += 1
        return done

    def _rung(self, request_id: str) -> None:
        try:
            self._turns.take([request_id])
        except Exception as error:  # the next ring, or look, may go well
            self._say(_reason(error))

    def _poll(self) -> None:
        while not self._stop.is_set():
            more = False
            try:
                more = self._turns.take()
                self.looks += 1
                self._said = None if more else self._said
            except Exception as error:  # the next look may go well
                self._say(_reason(error))
            if not more:
                self._stop.wait(self._pause)

    def _say(self, message: str) -> None:
        """Once, until it changes."""
        if message != self._said:
            self._said = message
            self._failed(message)


def _reason(error: Exception) -> str:
    """Our own messages name no ticket; of others the class is enough."""
    return str(error) if isinstance(error, TicketlakeError) else type(error).__name__


def _nobody(_: object) -> None:
    """Nobody listens."""
