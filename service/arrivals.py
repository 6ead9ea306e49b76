"""Tickets that came since the last build are predicted on as they come: who orders the new needs their priority."""

from collections.abc import Callable, Sequence
from datetime import datetime
from time import perf_counter

import polars as pl

from ml.features import READ
from operations.entries import digest_of
from operations.inbox import Inbox
from operations.predictions import Predictions
from operations.store import Store
from service.predicted import digests, given, told
from service.request_events import SYSTEM
from service.requests import Counts
from service.serving import Serving
from warehouse import releases
from warehouse.contracts import predictions, silver
from warehouse.errors import VersionGone
from warehouse.reading import Tables, newest

AT_ONCE = 32
MOST = 1_000
"""Of more that came at once the oldest are left to the next build, which is quicker with many."""
_COLUMNS = ("ticket_id", "created_at", "resolved_at")


class Arrivals:
    """For one thread of one worker. What it said before a kill is not said again."""

    def __init__(
        self, lake: Tables, serving: Serving, store: Store, now: Callable[[], datetime], counts: Counts | None = None
    ) -> None:
        """Looks at nothing yet. `now` is the wall clock."""
        self._lake, self._serving, self._now, self._counts = lake, serving, now, counts
        self._given, self._inbox = Predictions(store), Inbox(store)
        self._waiting: list[str] = []
        self._seen: int | None = None

    def look(self) -> int:
        """Predict on some of the open tickets of which nothing was said, the newest first; how many were looked at.

        Nothing before the first models. Costs what is new in `silver/tickets`. Raises `TicketlakeError`.
        """
        version = self._lake.data_version(silver.TICKETS)
        learned = self._lake.exists(predictions.TICKETS) and releases.current_id(self._lake.root) is not None
        if version is None or not learned:
            return 0
        if version != self._seen:
            come = self._come(version)
            self._waiting = [*come, *(name for name in self._waiting if name not in come)][:MOST]
            self._seen = version
        names = self._waiting[:AT_ONCE]
        said = {one.ticket_id for one in self._given.newest(names)} if names else set()
        self._predict([name for name in names if name not in said])
        self._waiting = self._waiting[AT_ONCE:]
        return len(names)

    def _come(self, version: int) -> dict[str, None]:
        """Open tickets that are new to us, the newest first; at first all that no build has predicted on."""
        if self._seen is not None:
            try:
                changes = self._lake.changes(silver.TICKETS, self._seen, version, columns=_COLUMNS)
            except VersionGone:
                self._seen = None
            else:
                rows = newest(changes, "ticket_id").filter(pl.col("_change_type") != "delete")
                return _newest_first(rows.filter(pl.col("resolved_at").is_null()))
        open_ = self._lake.scan(silver.TICKETS).filter(pl.col("resolved_at").is_null()).select(_COLUMNS)
        predicted = self._lake.scan(predictions.TICKETS).select("ticket_id").unique()
        return _newest_first(open_.join(predicted, on="ticket_id", how="anti").collect())

    def _predict(self, names: Sequence[str]) -> None:
        rows = self._lake.scan(silver.TICKETS).filter(pl.col("ticket_id").is_in(list(names))).select(READ).collect()
        if rows.is_empty():
            return
        began, now = perf_counter(), self._now()
        release, understood = self._serving.understand(rows, self._inbox)
        latency = round((perf_counter() - began) * 1000 / rows.height, 3)
        rows_kept = [
            given(
                said,
                prediction_id=digest_of(f"arrival:{name}:{release}".encode()),
                ticket_id=name,
                release=release,
                made_at=now,
                latency_ms=latency,
                read=read,
                shadow=said.shadow,
            )
            for name, said, read in zip(rows["ticket_id"], understood, digests(rows), strict=True)
        ]
        pairs = zip(understood, rows_kept, strict=True)
        self._given.append(rows_kept, [told(said, row, SYSTEM) for said, row in pairs])
        if self._counts is not None:
            self._counts.predicted(understood)


def _newest_first(rows: pl.DataFrame) -> dict[str, None]:
    return dict.fromkeys(rows.sort("created_at", "ticket_id", descending=True)["ticket_id"].head(MOST))
