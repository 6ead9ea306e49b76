"""One ticket as it is recorded in the lake, with what was heard about it since."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
import polars as pl

from operations.inbox import Inbox
from warehouse.contracts import bronze, silver
from warehouse.reading import Tables
from warehouse.table import Table

_TAKEN_IN: dict[str, tuple[Table, Table]] = {
    "ticket": (bronze.TICKETS, silver.TICKETS),
    "event": (bronze.EVENTS, silver.EVENTS),
}


@dataclass(frozen=True)
class Heard:
    """One entry of the inbox that the lake does not hold yet."""

    seq: int
    kind: str
    received_at: datetime
    content: dict[str, Any]


@dataclass(frozen=True)
class TicketState:
    """`recorded`: the fields that the lake knows, None where it has never seen the ticket; `events`: what happened to
    it, by event time, as the lake knows it; `heard`: what came since."""

    recorded: dict[str, Any] | None
    events: list[dict[str, Any]]
    heard: list[Heard]


def ticket_state(lake: Tables, inbox: Inbox, ticket_id: str) -> TicketState | None:
    """What is known about a ticket, None where nothing is. Raises `NotMaterialized` when there is no lake to ask."""
    drained = {kind: _drained(lake, *tables) for kind, tables in _TAKEN_IN.items()}
    entries = inbox.for_ticket(ticket_id, after=min(drained.values()))
    heard = [
        Heard(row.seq, row.kind, row.received_at, msgspec.json.decode(row.body))
        for row in entries
        if row.kind in drained and (row.batch is None or row.batch > drained[row.kind])
    ]
    if heard and not lake.exists(silver.TICKETS):
        return TicketState(None, [], heard)
    recorded, events = _recorded(lake, ticket_id), _events(lake, ticket_id)
    return TicketState(recorded, events, heard) if recorded or events or heard else None


def _recorded(lake: Tables, ticket_id: str) -> dict[str, Any] | None:
    rows = lake.scan(silver.TICKETS).filter(pl.col("ticket_id") == ticket_id).collect()
    if rows.is_empty():
        return None
    return {name: value for name, value in rows.row(0, named=True).items() if value is not None}


def _events(lake: Tables, ticket_id: str) -> list[dict[str, Any]]:
    if not lake.exists(silver.EVENTS):
        return []
    found = lake.scan(silver.EVENTS).filter(pl.col("ticket_id") == ticket_id).sort("event_time", "event_id").collect()
    return [{**row, "payload": msgspec.json.decode(row["payload"])} for row in found.iter_rows(named=True)]


def _drained(lake: Tables, received: Table, refined: Table) -> int:
    """The last batch of the inbox that the refined table has taken in, by way of the received one; 0: none."""
    version = lake.progress(refined, received.path)
    if version is None or not lake.exists(received):
        return 0
    return lake.open(received, version).transaction_version("inbox") or 0
