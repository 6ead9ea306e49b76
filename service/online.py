"""Features as they are at this moment: the past that a release published, and what the inbox has received since."""

from datetime import datetime
from threading import Lock
from typing import Any

import polars as pl

from ml.features import NARROW, READ
from ml.features.online import Past, Published
from operations.inbox import Inbox
from service.listening import Listener, taken_in
from warehouse.contracts import silver
from warehouse.contracts.ticket_features import FEATURES, TICKETS
from warehouse.errors import NotMaterialized
from warehouse.parse import TICKET, parse
from warehouse.reading import Tables
from warehouse.releases import Manifest
from warehouse.table import Table

NAMES = [feature.name for feature in FEATURES]


class Online:
    """Threads share one; each release has its own."""

    def __init__(self, lake: Tables, manifest: Manifest) -> None:
        """Read the columns that history is made of, of all published tickets; no text."""
        self._lake = lake
        self._version = manifest.tables.get(silver.TICKETS.path)
        self._features = manifest.tables.get(TICKETS.path)
        self._past = Past(Published(self._published()))
        self._listener = Listener(self._taken_in())
        self._lock = Lock()

    def features(self, inbox: Inbox | None, tickets: pl.DataFrame) -> pl.DataFrame:
        """The columns of `features/tickets`, one row per ticket (columns `READ`), with what was just received.

        Without an inbox, with what was heard so far.
        """
        with self._lock:
            if inbox is not None:
                self._listen(inbox)
            return self._past.features(tickets)

    def now(self, inbox: Inbox | None, level: str, key: str, at: datetime) -> dict[str, Any] | None:
        """What a ticket opened at that moment would know of this customer or product; None where it is nothing.

        Raises `NotMaterialized` where no features were published.
        """
        self._published_features()
        with self._lock:
            if inbox is not None:
                self._listen(inbox)
            found = self._past.now(level, key, at)
        return found if found[f"{level}_tickets_ever"] else None

    def ticket(self, inbox: Inbox | None, ticket_id: str) -> dict[str, Any] | None:
        """The features of one ticket: those published, or of its newest record in the inbox; None for neither.

        Raises `NotMaterialized` where no features were published.
        """
        version = self._published_features()
        heard = inbox.for_ticket(ticket_id, after=self._listener.batch) if inbox is not None else []
        said = [row.body.encode() for row in heard if row.kind == "ticket"]
        rows = parse(TICKET, said).rows if said else pl.DataFrame()
        if rows.height:
            newest = rows[rows.select(pl.coalesce("updated_at", "created_at").arg_max()).item()].select(READ)
            return self.features(inbox, newest).row(0, named=True)
        found = self._lake.scan(TICKETS, version=version).filter(pl.col("ticket_id") == ticket_id).collect()
        return found.row(0, named=True) if found.height else None

    def _published_features(self) -> int | None:
        if self._features is None:
            raise NotMaterialized(TICKETS.path)
        return _same_rows(self._lake, TICKETS, self._features)

    def _listen(self, inbox: Inbox) -> None:
        """Take in what came since the last time."""
        rows = self._listener.new(inbox)
        said = [row.body.encode() for row in rows if row.kind == "ticket"]
        if said:
            self._past.hear(parse(TICKET, said).rows)

    def _published(self) -> pl.DataFrame:
        if self._version is None:
            return pl.DataFrame(schema={name: silver.TICKETS.schema[name] for name in NARROW})
        version = _same_rows(self._lake, silver.TICKETS, self._version)
        return self._lake.read(silver.TICKETS, columns=NARROW, version=version)

    def _taken_in(self) -> int:
        if self._version is None:
            return 0
        return taken_in(self._lake, _same_rows(self._lake, silver.TICKETS, self._version))


def _same_rows(lake: Tables, table: Table, version: int) -> int | None:
    """The newest version (None) where it holds the same rows: its log is sure to be kept."""
    return None if lake.data_version(table) == version else version
