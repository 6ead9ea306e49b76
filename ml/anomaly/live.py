"""Volume as tickets come: the hours of a week, with the same counts, baselines and rule as a scan of the week later."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import groupby
from operator import itemgetter
from typing import Any

import polars as pl

from ml.anomaly.discoveries import FALSE_INCIDENTS_A_YEAR
from ml.anomaly.fitting import fit
from ml.anomaly.free_days import holidays
from ml.anomaly.panel import STEP, panel
from ml.anomaly.series import counted, of_ticket
from ml.anomaly.volume import COUNTED, HISTORY, LOOKS, READ, WEEK, midnight, rows_of, told
from ml.anomaly.watch import Watch
from warehouse.contracts.anomalies import SIGNALS

Ticket = dict[str, Any]
NOTHING = pl.DataFrame(schema=SIGNALS.schema)


class Live:
    """One week of watching. For one thread."""

    def __init__(
        self, known: pl.DataFrame, at: datetime, *, false_incidents_a_year: float = FALSE_INCIDENTS_A_YEAR
    ) -> None:
        """Learn from the tickets (columns `READ`) before the Monday of `at`; those since then are as if just heard.

        With too little history nothing is watched: `hear` finds nothing.
        """
        self.begin = midnight(at - timedelta(days=at.weekday()))
        before = known.filter(pl.col("created_at") < self.begin)
        self._schema = known.select(READ).schema
        self._hour: dict[str, Ticket] = {}
        """What came in the hour that is filling, by identifier: nothing older is kept."""
        self._watch: Watch | None = None
        if before.is_empty() or before["created_at"].sort()[0] > self.begin - HISTORY:
            return
        first = before["created_at"].sort()[0]
        hours = panel(
            counted(before, "1h", COUNTED), frequency="hourly", begin=first, until=self.begin - STEP["hourly"]
        )
        events = holidays(before, self.begin)
        self._watch = Watch(fit(hours, events), events=events, false_incidents_a_year=false_incidents_a_year / LOOKS)
        self.hear(known.filter(pl.col("created_at") >= self.begin))

    @property
    def until(self) -> datetime:
        """When the next week begins: another `Live` is due."""
        return self.begin + WEEK

    def hear(self, tickets: pl.DataFrame) -> pl.DataFrame:
        """Rows of `anomalies/signals` that these tickets (columns `READ`) make known; a ticket counts once.

        What was opened in an hour that is over is left to the scan, which counts that hour again.
        """
        if self._watch is None or tickets.is_empty():
            return NOTHING
        found = [NOTHING]
        rows = sorted(tickets[list(READ)].iter_rows(named=True), key=itemgetter("created_at", "ticket_id"))
        for hour, came in groupby(rows, key=lambda row: _hour(row["created_at"])):
            if self._watch.start <= hour < self.until:
                found += self._heard(self._watch, hour, list(came), over=hour < _hour(rows[-1]["created_at"]))
        return pl.concat(found) if len(found) > 1 else NOTHING

    def _heard(self, watch: Watch, hour: datetime, came: list[Ticket], *, over: bool) -> Iterator[pl.DataFrame]:
        """What tickets of one hour make known, of which no more comes if it is `over`."""
        while watch.start < hour:
            watch.close()
            self._hour = {}
        fresh = {row["ticket_id"]: row for row in reversed(came) if row["ticket_id"] not in self._hour}
        names = {ticket: of_ticket(row, COUNTED) for ticket, row in reversed(fresh.items())}
        if over and watch.quiet(watch.with_(name for of in names.values() for name in of)):
            return
        for ticket, of in names.items():
            self._hour[ticket] = fresh[ticket]
            at: datetime = fresh[ticket]["created_at"]
            if known := dict.fromkeys(watch.hear(of), at):
                rows = rows_of(watch.scores(watch.counts), watch.start, "hour", known)
                yield told(rows, pl.DataFrame(list(self._hour.values()), schema=self._schema))


def _hour(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)
