"""Wake-ups by a queue on Redis or PostgreSQL (SAQ): ids of requests, so that workers need not wait for their next look.

The queue may be lost, or ring twice, or never: the row of the request is the truth, and polling finds it.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import Future
from contextlib import suppress
from signal import Signals
from threading import Thread
from types import TracebackType
from typing import TYPE_CHECKING, Any

from warehouse.errors import SettingsInvalid
from warehouse.settings import QUEUES

if TYPE_CHECKING:
    from saq import Queue, Worker

NAME = "ticketlake-requests"
FUNCTION = "work"
MOST_WAITING = 1_000
"""Rings that wait for a queue that does not answer; those beyond are left to polling."""
SECONDS = 120
"""After which a wake-up that a worker died with is swept."""
PAUSE = 2.0
"""Seconds for which a worker waits for a ring, and before it asks again a queue that is gone."""
CONNECT = 10.0
PAUSES = (0.5, 1.0, 0.0)
"""Seconds after each attempt to ring: a queue on PostgreSQL that is new makes its tables meanwhile."""
GRACE = 5.0
Failed = Callable[[str], object]
Work = Callable[[str], object]


class Bell:
    """Rings for requests, and never makes anybody wait. Threads share one."""

    def __init__(self, url: str, failed: Failed) -> None:
        """Connects with the first ring. `failed` hears once, by class, of what is wrong with the queue."""
        self._url, self._failed = url, failed
        self._waiting = 0
        self._said: str | None = None
        self._queue: Queue | None = None
        self._connecting = asyncio.Lock()
        self._loop = _Loop("wake-ups")

    def ring(self, request_ids: Sequence[str]) -> None:
        """Wake workers for these."""
        if self._waiting < MOST_WAITING:
            self._waiting += 1
            self._loop.start(self._ring(list(request_ids)))

    def close(self) -> None:
        """Let go of the queue; what was not rung by then is found by polling."""
        if self._queue is not None:
            self._loop.run(_let_go(self._queue))
        self._loop.close()

    async def _ring(self, request_ids: Sequence[str]) -> None:
        left = list(request_ids)
        try:
            for pause in PAUSES:
                wrong = await self._tried(left)
                if wrong is None:
                    self._said = None
                    return
                await asyncio.sleep(pause)
            if wrong != self._said:
                self._said = wrong
                self._failed(f"the queue does not answer ({wrong}); requests wait for the next look")
        finally:
            self._waiting -= 1

    async def _tried(self, left: list[str]) -> str | None:
        """Ring for these, and take each away that was rung for; what went wrong, by class."""
        try:
            queue = await self._connected()
            while left:
                # Each ring has a key of its own: SAQ would pass over one whose like it is just sweeping.
                await queue.enqueue(FUNCTION, request_id=left[0], timeout=SECONDS, ttl=-1)
                left.pop(0)
        except Exception as error:  # whatever a driver raises; polling goes on
            return type(error).__name__
        return None

    async def _connected(self) -> "Queue":
        async with self._connecting:
            if self._queue is None:
                queue = queue_of(self._url)
                try:
                    await asyncio.wait_for(queue.connect(), CONNECT)
                except BaseException:
                    await _let_go(queue)
                    raise
                self._queue = queue
            return self._queue


class Listening:
    """Works on what is rung for, for the time of a `with` block; reconnects for as long as it takes."""

    def __init__(self, url: str, work: Work, concurrency: int, failed: Failed) -> None:
        """`work` is called in threads, so many at a time, with the id of a request; it raises nothing."""
        self._url, self._work, self._concurrency, self._failed = url, work, concurrency, failed
        self._said: str | None = None
        self._worker: Worker[Any] | None = None
        self._ending = False
        self._loop = _Loop("listening")
        self._heard: Future[None] | None = None

    def __enter__(self) -> "Listening":
        self._heard = self._loop.start(self._listen())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ending = True
        if self._worker is not None:
            self._loop.run(self._worker.stop())
        with suppress(Exception):  # it says what went wrong while it still matters
            assert self._heard is not None  # noqa: S101 we were entered
            self._heard.result(GRACE)
        self._loop.close()

    async def _listen(self) -> None:
        while not self._ending:
            queue = queue_of(self._url)
            try:
                await asyncio.wait_for(queue.connect(), CONNECT)
                self._worker = _worker(queue, self._work, self._concurrency, self._say)
                await self._worker.start()
            except Exception as error:  # whatever a driver raises; polling goes on
                self._say(type(error).__name__)
                await asyncio.sleep(PAUSE)
            finally:
                await _let_go(queue)

    def _say(self, name: str | None) -> None:
        """Of what is wrong with the queue, once until it changes; None: it answers."""
        if name is not None and name != self._said:
            self._failed(f"the queue does not answer ({name}); requests are looked for every few seconds")
        self._said = name


def queue_of(url: str) -> "Queue":
    """The queue at `url`. Raises `SettingsInvalid` for what is neither Redis nor PostgreSQL."""
    from saq import Queue

    # It logs tracebacks of each attempt to reach a server that is gone; we say so once.
    logging.getLogger("saq").setLevel(logging.CRITICAL)
    if not url.startswith(QUEUES):
        raise SettingsInvalid(f"QUEUE_URL begins with none of {', '.join(QUEUES)}.")
    if url.startswith("unix://"):
        from saq.queue.redis import RedisQueue

        return RedisQueue.from_url(url, name=NAME)
    return Queue.from_url(url, name=NAME)


def _worker(queue: "Queue", work: Work, concurrency: int, say: Callable[[str | None], None]) -> "Worker[Any]":
    from saq import Worker

    class Patient(Worker[Any]):
        """Waits before it asks again a queue that failed, and leaves signals to the process."""

        SIGNALS: list[Signals] = []  # noqa: RUF012 as SAQ declares it
        begun = 0

        async def process(self) -> bool:
            began, before = self.queue.loop.time(), self.begun
            found = await super().process()
            if self.begun == before and self.queue.loop.time() - began < PAUSE / 2 and not self.event.is_set():
                say("no connection")
                await asyncio.sleep(PAUSE)
            else:
                say(None)
            return found

    def run(_: Any, *, request_id: str) -> None:
        worker.begun += 1
        work(request_id)

    worker = Patient(queue, [(FUNCTION, run)], concurrency=concurrency, dequeue_timeout=PAUSE)
    return worker


async def _let_go(queue: "Queue") -> None:
    with suppress(Exception):  # it may be gone already
        await queue.disconnect()
    pool = getattr(queue, "pool", None)
    with suppress(Exception):  # on PostgreSQL, what connected half-way is not let go of by itself
        if pool is not None:
            await pool.close()


class _Loop:
    """An event loop in a thread of its own."""

    def __init__(self, name: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, name=name, daemon=True)
        self._thread.start()

    def start(self, work: Coroutine[Any, Any, Any]) -> "Future[Any]":
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def run(self, work: Coroutine[Any, Any, Any]) -> None:
        """Wait for it, but not for ever."""
        with suppress(Exception):  # what is let go of may be gone already
            self.start(work).result(GRACE)

    def close(self) -> None:
        self.run(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(GRACE)
        if not self._thread.is_alive():
            self._loop.close()

    @staticmethod
    async def _end() -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
