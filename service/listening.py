"""What came into the inbox since the last time somebody asked."""

from operations.entries import InboxRow
from operations.inbox import Inbox
from warehouse.contracts import bronze, silver
from warehouse.reading import Tables

MOST_GAPS = 256
"""Numbers of the inbox that were skipped and are asked for again: a writer may yet commit one."""


class Listener:
    """Hears each entry once, those included that are committed late. For one thread."""

    def __init__(self, batch: int) -> None:
        """What is in this batch or an earlier one was heard before."""
        self.batch = batch
        self._seq = 0
        self._gaps: list[int] = []

    def new(self, inbox: Inbox) -> list[InboxRow]:
        """The entries since the last call."""
        rows = inbox.since(self.batch, self._seq, self._gaps)
        if not rows:
            return []
        come = {row.seq for row in rows}
        last = max(self._seq, *come)
        skipped = (*self._gaps, *range(self._seq + 1, last)) if self._seq else tuple(self._gaps)
        self._gaps = [seq for seq in skipped if seq not in come][-MOST_GAPS:]
        self._seq = last
        return rows


def taken_in(lake: Tables, version: int | None) -> int:
    """The last batch of the inbox that this version of `silver/tickets` holds. An older one does no harm: what is heard
    again counts once.
    """
    tickets = lake.open(silver.TICKETS, version)
    found = tickets.transaction_version(bronze.TICKETS.path)
    if found is None or not lake.exists(bronze.TICKETS):
        return 0
    return lake.open(bronze.TICKETS, found).transaction_version("inbox") or 0
