"""Tickets from outside: what may come in, so that nothing that was recorded is replaced by less."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock
from zlib import crc32

import msgspec
import polars as pl

from operations.entries import Entry, InboxRow, Receipt
from operations.events import Fault
from operations.inbox import Also, Inbox
from warehouse.contracts import silver
from warehouse.errors import Conflict
from warehouse.reading import Tables
from warehouse.times import parse_times

EARLIER = ("created_at", "updated_at")
_DOORS = [Lock() for _ in range(64)]
"""Requests about one ticket go one after the other; between two servers, silver refuses what was opened twice."""


class Submission(msgspec.Struct, frozen=True, kw_only=True):
    """A ticket as it was sent: its JSON `body` with the id and the time of opening, its place in the request."""

    place: str
    ticket_id: str
    key: str
    digest: str
    body: bytes
    received_at: datetime
    created_at: datetime | None = None
    updated_at: datetime | None = None

    def entry(self, key: str) -> Entry:
        """The inbox entry of this ticket."""
        return Entry(
            kind="ticket",
            idempotency_key=key,
            ticket_id=self.ticket_id,
            body=self.body.decode(),
            received_at=self.received_at,
            digest=self.digest,
        )


class TicketKnown(Conflict):
    """Tickets are known that a request would replace; `faults` say what to send instead."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("a ticket of that id is known, and a record replaces it as a whole")
        self.faults = tuple(faults)


@dataclass
class Known:
    """What is known of a ticket: when it was opened, how new its newest record is, the inbox's keys by digest."""

    created_at: datetime | None = None
    moment: datetime | None = None
    keys: dict[str, str] = field(default_factory=dict)

    def learn(self, created_at: datetime | None, updated_at: datetime | None) -> None:
        """Hear of a record; the time of opening is the first that was heard of."""
        self.created_at = self.created_at or created_at
        self.moment = max((m for m in (self.moment, updated_at or created_at) if m is not None), default=None)


def take_in(lake: Tables, inbox: Inbox, sent: Sequence[Submission], also: Also | None = None) -> list[Receipt]:
    """Append the tickets, all or none, one receipt each; `also` is done in the same transaction.

    The same body again is a repetition. Another record of a known ticket is its update when it brings the same
    `created_at` and a later `updated_at`. Raises `TicketKnown` for any other.
    """
    ticket_ids = {one.ticket_id for one in sent}
    with ExitStack() as stack:
        for door in sorted({crc32(ticket_id.encode()) % len(_DOORS) for ticket_id in ticket_ids}):
            stack.enter_context(_DOORS[door])
        return _append(inbox, sent, _known(lake, inbox, ticket_ids), also)


def _append(inbox: Inbox, sent: Sequence[Submission], tickets: Mapping[str, Known], also: Also | None) -> list[Receipt]:
    entries, faults = [], []
    for one in sent:
        known = tickets[one.ticket_id]
        key = one.key if one.key in known.keys.values() else known.keys.get(one.digest, one.key)
        fault = None if key in known.keys.values() else _fault(one, known)
        if fault is not None:
            faults.append(fault)
            continue
        known.learn(one.created_at, one.updated_at)
        known.keys[one.digest] = key
        entries.append(one.entry(key))
    if faults:
        raise TicketKnown(faults)
    return inbox.append(entries, also)


def _fault(one: Submission, known: Known) -> Fault | None:
    if known.created_at is None or known.moment is None:
        return None
    instead = "Send an event (POST /v1/events), or the whole record with this created_at and a later updated_at"
    if one.created_at != known.created_at:
        since = f"{one.ticket_id} was opened at {known.created_at.isoformat()}, which does not change"
        return Fault(f"{one.place}.created_at", f"{since}. {instead}.")
    if one.updated_at is None or one.updated_at <= known.moment:
        newest = f"the newest record of {one.ticket_id} is of {known.moment.isoformat()}"
        return Fault(f"{one.place}.updated_at", f"{newest}. {instead}.")
    return None


def _known(lake: Tables, inbox: Inbox, ticket_ids: set[str]) -> Mapping[str, Known]:
    tickets = {ticket_id: Known() for ticket_id in ticket_ids}
    if lake.exists(silver.TICKETS):
        rows = lake.scan(silver.TICKETS).filter(pl.col("ticket_id").is_in(list(ticket_ids)))
        for ticket_id, created_at, updated_at in rows.select("ticket_id", *EARLIER).collect().iter_rows():
            tickets[ticket_id].learn(created_at, updated_at)
    for row in inbox.for_tickets(ticket_ids):
        _hear(tickets[row.ticket_id], row)
    return tickets


def _hear(known: Known, row: InboxRow) -> None:
    said = msgspec.json.decode(row.body)
    if row.kind == "ticket":
        known.keys[row.digest] = row.idempotency_key
        times = [None if said.get(name) is None else str(said[name]) for name in EARLIER]
        known.learn(*parse_times(pl.Series(times, dtype=pl.String)).to_list())
    elif said.get("type") == "TicketOpened":
        known.learn(parse_times(pl.Series([said["event_time"]])).item(), None)
