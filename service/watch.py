"""What a worker does about incidents and arrivals: looks on time; suggesting, predicting, sending go on beside."""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from threading import Event, Thread
from types import TracebackType

import polars as pl

from operations.inbox import Inbox
from operations.incidents import IncidentStore
from operations.outbox import Outbox
from operations.store import Store
from service.arrivals import Arrivals
from service.incident_suggestions import Suggester, suggesting
from service.incidents import Keeper
from service.requests import Counts
from service.serving import Serving
from service.webhooks import Webhooks, addresses
from warehouse.clock import as_of
from warehouse.contracts import bronze, silver
from warehouse.errors import TicketlakeError
from warehouse.reading import Tables
from warehouse.settings import Settings
from warehouse.table import Table

PAUSE = 0.5
"""Seconds between two looks into the outbox."""
GRACE = 2.0
"""Seconds that those beside are given to end; what they have in hand is tried again later."""
Now = Callable[[], datetime]
Failed = Callable[[str], object]


class Clock:
    """The lake's time, asked again only when a table that it depends on has changed."""

    def __init__(self, lake: Tables) -> None:
        self._lake = lake
        self._trace: tuple[int, ...] | None = None
        self._found: datetime | None = None

    def now(self, wall: datetime) -> datetime:
        """AS_OF: the newest event of the lake, the wall clock once live events have arrived."""
        trace = tuple(self._touched(table) for table in (bronze.TICKETS, silver.TICKETS, silver.EVENTS))
        if trace != self._trace:
            found = as_of(self._lake, wall)
            self._found = None if found == wall else found
            self._trace = trace
        return self._found or wall

    def _touched(self, table: Table) -> int:
        log = self._lake.path(table) / "_delta_log"
        return log.stat().st_mtime_ns if log.is_dir() else 0


class Watch:
    """What goes on beside runs for the time of a `with` block."""

    def __init__(
        self,
        chosen: Settings,
        lake: Tables,
        store: Store,
        now: Now,
        failed: Failed,
        *,
        serving: Serving | None = None,
        counts: Counts | None = None,
    ) -> None:
        """`now` is the wall clock; `failed` hears once of what goes wrong, for the next look may go well.

        `serving` is shared with whoever else serves the lake in this process; `counts` hears of predictions.
        """
        serving = serving or Serving(lake.root)
        receivers = addresses(chosen.webhook_urls)
        self._clock = Clock(lake)
        self._now = now
        self._failed = failed
        self._said: str | None = None
        self._heard: list[pl.DataFrame] = []
        self._stop = Event()
        self._keeper = Keeper(
            lake,
            IncidentStore(store),
            false_a_year=chosen.false_incidents_a_year,
            receivers=receivers,
        )
        suggest = suggesting(lake, serving, Inbox(store))
        self._suggester = Suggester(lake, IncidentStore(store), suggest)
        secret = chosen.webhook_secret.get_secret_value()
        self._senders = [Webhooks(Outbox(store), name, address, secret) for name, address in receivers.items()]
        self._arrivals = Arrivals(lake, serving, store, now, counts)
        own = [
            Thread(target=self._repeat, args=(self._suggest,), name="suggestions", daemon=True),
            Thread(target=self._repeat, args=(self._predict,), name="arrivals", daemon=True),
        ]
        self._threads = own + [
            Thread(target=self._repeat, args=(partial(self._send, one),), name="webhooks", daemon=True)
            for one in self._senders
        ]

    def __enter__(self) -> "Watch":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(GRACE)
        for sender in self._senders:
            sender.close()

    def look(self, heard: pl.DataFrame | None = None) -> int:
        """Take a turn if there is anything to take one for; how many changes it told.

        `heard` are signals that a monitor hands over before the table has them; they are kept until a turn has them.
        """
        wall = self._now()
        self._heard += [] if heard is None else [heard]
        try:
            known = pl.concat(self._heard).unique("signal_id", keep="last") if self._heard else None
            told = self._keeper.look(self._clock.now(wall), wall, known)
        except TicketlakeError as error:
            self._say(str(error))
            return 0
        self._said, self._heard = None, []
        return told

    def flush(self) -> None:
        """Ask for known solutions, predict on what came, and try once all that is due now."""
        self._suggest()
        while self._tried(self._predict):
            pass
        for sender in self._senders:
            while self._send(sender):
                pass

    def _suggest(self) -> bool:
        return self._suggester.look(self._clock.now(self._now())) > 0

    def _predict(self) -> bool:
        return self._arrivals.look() > 0

    def _send(self, sender: Webhooks) -> bool:
        return sender.send(self._now())

    def _repeat(self, work: Callable[[], bool]) -> None:
        """Do it until the end, with a pause whenever there was nothing to do."""
        while not self._stop.is_set():
            if not self._tried(work):
                self._stop.wait(PAUSE)

    def _tried(self, work: Callable[[], bool]) -> bool:
        """Whether there is more to do; whatever goes wrong is said, and tried again."""
        try:
            return work()
        except Exception as error:
            self._say(str(error) if isinstance(error, TicketlakeError) else type(error).__name__)
            return False

    def _say(self, message: str) -> None:
        if message != self._said:
            self._said = message
            self._failed(message)
