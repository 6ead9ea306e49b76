"""Volume as tickets come: the hours of a week, with the same counts, baselines and rule as a scan of the week later."""

from datetime import datetime, timedelta

import polars as pl

from ml.anomaly.discoveries import FALSE_INCIDENTS_A_YEAR
from ml.anomaly.fitting import fit
from ml.anomaly.free_days import holidays
from ml.anomaly.panel import STEP, panel
from ml.anomaly.series import belongs, counted
from ml.anomaly.volume import COUNTED, HISTORY, LOOKS, READ, WEEK, midnight, rows_of, told
from ml.anomaly.watch import Watch
from warehouse.contracts.anomalies import SIGNALS


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
        self._seen: set[str] = set()
        self._hour = known.clear().select(READ)
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
        nothing = pl.DataFrame(schema=SIGNALS.schema)
        if self._watch is None or tickets.is_empty():
            return nothing
        fresh = tickets.select(READ).filter(
            ~pl.col("ticket_id").is_in(list(self._seen)), pl.col("created_at") < self.until
        )
        fresh = fresh.unique("ticket_id", keep="first").sort("created_at", "ticket_id")
        self._seen.update(fresh["ticket_id"])
        names: dict[str, list[str]] = dict(belongs(fresh, COUNTED).group_by("ticket_id").agg("series").iter_rows())
        found, moments = [nothing], fresh.select("ticket_id", "created_at").rows()
        begun = 0
        for place, (ticket, at) in enumerate(moments):
            if at < self._watch.start:
                continue
            if at >= self._watch.end:
                begun, self._hour = place, self._hour.clear()
                self._pass_to(at)
            if known := dict.fromkeys(self._watch.hear(names.get(ticket, [])), at):
                came = pl.concat([self._hour, fresh[begun : place + 1]])
                found.append(self._told(self._watch, known, came))
        if begun < len(moments):
            self._hour = pl.concat([self._hour, fresh[begun:].filter(pl.col("created_at") >= self._watch.start)])
        return pl.concat(found)

    def _pass_to(self, at: datetime) -> None:
        assert self._watch is not None  # noqa: S101 who calls has looked
        while at >= self._watch.end:
            self._watch.close()

    @staticmethod
    def _told(watch: Watch, known: dict[str, datetime], came: pl.DataFrame) -> pl.DataFrame:
        rows = rows_of(watch.scores(watch.counts), watch.start, "hour", known)
        return told(rows, came)
