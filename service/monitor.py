"""Tickets as they come into the inbox, watched: what a deciding one makes known is said within the second."""

from datetime import datetime

import polars as pl

from ml.anomaly.live import Live
from ml.anomaly.volume import READ
from operations.inbox import Inbox
from service.listening import Listener, taken_in
from warehouse.contracts import silver
from warehouse.parse import TICKET, parse
from warehouse.reading import Tables


class Monitor:
    """One a worker. Learns from the lake once a week of tickets, and when it starts."""

    def __init__(self, lake: Tables, *, false_incidents_a_year: float) -> None:
        """Reads nothing yet: the lake may still be empty."""
        self._lake = lake
        self._allowed = false_incidents_a_year
        self._listener: Listener | None = None
        self._live: Live | None = None

    def look(self, inbox: Inbox) -> pl.DataFrame | None:
        """Rows of `anomalies/signals` that tickets made known since the last look; None where no ticket came."""
        if self._listener is None:
            known = self._lake.exists(silver.TICKETS)
            self._listener = Listener(taken_in(self._lake, None) if known else 0)
        said = [row.body.encode() for row in self._listener.new(inbox) if row.kind == "ticket"]
        rows = parse(TICKET, said).rows if said else pl.DataFrame()
        if rows.is_empty():
            return None
        tickets = rows.select(READ)
        newest: datetime = tickets["created_at"].sort()[-1]
        if self._live is None or newest >= self._live.until:
            self._live = Live(self._known(), newest, false_incidents_a_year=self._allowed)
        return self._live.hear(tickets)

    def _known(self) -> pl.DataFrame:
        if not self._lake.exists(silver.TICKETS):
            return pl.DataFrame(schema={name: silver.TICKETS.schema[name] for name in READ})
        return self._lake.read(silver.TICKETS, columns=list(READ))
