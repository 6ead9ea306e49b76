"""Features as they are at this moment: the past that a release published, and what the inbox has received since."""

from datetime import datetime
from threading import Lock
from typing import Any

import polars as pl

from ml.features import NARROW, READ
from ml.features.online import Past, Published
from operations.inbox import Inbox
from warehouse.contracts import bronze, silver
from warehouse.contracts.ticket_features import FEATURES, TICKETS
from warehouse.delta import Lake
from warehouse.errors import NotMaterialized
from warehouse.parse import TICKET, parse
from warehouse.releases import Manifest
from warehouse.table import Table

NAMES = [feature.name for feature in FEATURES]
MOST_GAPS = 256
"""Numbers of the inbox that were skipped and are asked for again: a writer may yet commit one."""


class Online:
    """Threads share one; each release has its own."""

    def __init__(self, lake: Lake, manifest: Manifest) -> None:
        """Read the columns that history is made of, of all published tickets; no text."""
        self._lake = lake
        self._version = manifest.tables.get(silver.TICKETS.path)
        self._features = manifest.tables.get(TICKETS.path)
        self._past = Past(Published(self._published()))
        self._batch = self._taken_in()
        self._seq = 0
        self._gaps: list[int] = []
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
        heard = inbox.for_ticket(ticket_id, after=self._batch) if inbox is not None else []
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
        rows = inbox.since(self._batch, self._seq, self._gaps)
        if not rows:
            return
        come = {row.seq for row in rows}
        last = max(self._seq, *come)
        skipped = (*self._gaps, *range(self._seq + 1, last)) if self._seq else tuple(self._gaps)
        self._gaps = [seq for seq in skipped if seq not in come][-MOST_GAPS:]
        self._seq = last
        said = [row.body.encode() for row in rows if row.kind == "ticket"]
        if said:
            self._past.hear(parse(TICKET, said).rows)

    def _published(self) -> pl.DataFrame:
        if self._version is None:
            return pl.DataFrame(schema={name: silver.TICKETS.schema[name] for name in NARROW})
        version = _same_rows(self._lake, silver.TICKETS, self._version)
        return self._lake.read(silver.TICKETS, columns=NARROW, version=version)

    def _taken_in(self) -> int:
        """The last batch of the inbox that the published tickets hold. An older one does no harm: what is heard again
        counts once.
        """
        if self._version is None:
            return 0
        tickets = self._lake.open(silver.TICKETS, _same_rows(self._lake, silver.TICKETS, self._version))
        version = tickets.transaction_version(bronze.TICKETS.path)
        if version is None or not self._lake.exists(bronze.TICKETS):
            return 0
        return self._lake.open(bronze.TICKETS, version).transaction_version("inbox") or 0


def _same_rows(lake: Lake, table: Table, version: int) -> int | None:
    """The newest version (None) where it holds the same rows: its log is sure to be kept."""
    return None if lake.data_version(table) == version else version
