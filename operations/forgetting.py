"""Taking someone out of the operational store: every row that is theirs, and their tickets out of what lists them."""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

import msgspec
from sqlalchemy import Column, ColumnElement, Connection, String, Table, Text, delete, or_, select, update

from operations.erasures import Counts
from operations.inbox import chunks
from operations.schema import (
    erasure,
    inbox,
    incident,
    incident_change,
    incident_note,
    incident_signal,
    metadata,
    outbox,
    request,
)
from operations.store import Store
from warehouse.leftovers import telling
from warehouse.owners import is_of, owners
from warehouse.search_made import rewritten
from warehouse.tombstones import ERASED, Tombstones

_AT_ONCE = 500
_NAMES_A_QUERY = 100
_OWN = {inbox, incident, incident_signal, incident_change, outbox, erasure}


def forget(store: Store, stones: Tombstones, tickets: Sequence[str], customers: Sequence[str]) -> Counts:
    """Delete their rows in one transaction and rewrite those of incidents; how many rows of each table.

    `tickets` and `customers` are ids in clear, as far as they are known; entries of the inbox are judged by their
    tombstones. Any table with a column `ticket_id` or `customer_id` is one whose rows are somebody's.
    """

    def work(connection: Connection) -> Counts:
        counts = {"inbox": _inbox(connection, stones)}
        for table in metadata.sorted_tables:
            if table in _OWN:
                continue
            owned = [
                table.c[name].in_(some)
                for name, ids in (("ticket_id", tickets), ("customer_id", customers))
                if name in table.c
                for some in chunks(ids)
            ]
            counts[table.name] = connection.execute(delete(table).where(or_(*owned))).rowcount if owned else 0
        counts["request"] += _results(connection, tickets, customers)
        counts["incident"] = _incidents(connection, set(tickets)) + _masked(connection, {*tickets, *customers})
        return {f"operations/{name}": count for name, count in counts.items() if count}

    return store.write(work)


def tickets_of(store: Store, customer_id: str) -> set[str]:
    """Tickets of the customer that only the inbox knows."""
    found: set[str] = set()
    like = inbox.c.body.contains(customer_id, autoescape=True) | inbox.c.body.contains("\\u", autoescape=True)
    with store.reading() as connection:
        for kind, body in connection.execute(select(inbox.c.kind, inbox.c.body).where(like)).tuples():
            named, customers = owners(body)
            found |= named if customer_id in customers and _opens(kind, body) else set()
    return found


def _opens(kind: str, body: str) -> bool:
    """Whether who is named there is whose ticket it is: a customer may also have written in another's."""
    return kind == "ticket" or (kind == "event" and '"TicketOpened"' in body)


def _inbox(connection: Connection, stones: Tombstones) -> int:
    every = select(inbox.c.seq, inbox.c.kind, inbox.c.body).execution_options(yield_per=_AT_ONCE)
    gone, changed = list[int](), dict[int, str]()
    for seq, kind, body in connection.execute(every).tuples():
        if is_of(stones, body):
            gone.append(seq)
        elif kind == "search" and (safe := rewritten(body, stones)) is not None:
            changed[seq] = safe.decode()
    for some in chunks(gone):
        connection.execute(delete(inbox).where(inbox.c.seq.in_(some)))
    for seq, body in changed.items():
        connection.execute(update(inbox).where(inbox.c.seq == seq).values(body=body))
    return len(gone) + len(changed)


def _results(connection: Connection, tickets: Sequence[str], customers: Sequence[str]) -> int:
    """What was found for other tickets and names one of these, or a way by it: it is looked for anew."""
    anew = {"state": "queued", "body": None, "attempts": 0, "next_at": request.c.received_at}
    changed = 0
    nodes = [*(f"Ticket:{one}" for one in tickets), *(f"Customer:{one}" for one in customers)]
    spelt = [*map(_quoted, (*tickets, *customers)), *nodes]
    for named in _naming(request.c.body, spelt):
        changed += connection.execute(update(request).where(named, request.c.state == "done").values(**anew)).rowcount
        connection.execute(update(request).where(named).values(body=None))
    return changed


def left(store: Store, ids: Collection[str]) -> list[str]:
    """Tables, but that of erasures, in which a text still says one of the ids; of those that tell."""
    said = _saying(ids)
    if said is None:
        return []
    tables = [table for table in metadata.sorted_tables if table is not erasure]
    with store.reading() as connection:
        held = [table.name for table in tables if any(map(said.search, _near(connection, table, ids)))]
    return [f"operations/{name}" for name in held]


def _near(connection: Connection, table: Table, ids: Collection[str]) -> Iterator[str]:
    """Texts of a table that hold the characters of an id."""
    for column in _texts(table):
        for named in _naming(column, map(_within, ids)):
            yield from connection.scalars(select(column).where(named))


def _texts(table: Table) -> list[Column[Any]]:
    return [column for column in table.columns if isinstance(column.type, String)]


def _naming(column: Column[Any], names: Iterable[str]) -> Iterator[ColumnElement[bool]]:
    """Conditions that a text holds one of the names, as many in each as a database nests."""
    rest = iter(names)
    while some := list(islice(rest, _NAMES_A_QUERY)):
        yield or_(*(column.contains(name, autoescape=True) for name in some))


def _saying(ids: Collection[str]) -> re.Pattern[str] | None:
    """What finds those of the ids that tell, whole and not as a key of JSON; None where none does."""
    spelt = sorted(map(_within, filter(telling, ids)), key=len, reverse=True)
    return re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, spelt))})(?![\w-]|\":)") if spelt else None


def _within(name: str) -> str:
    """As JSON writes it within a text."""
    return _quoted(name)[1:-1]


def _quoted(name: str) -> str:
    """As JSON writes it."""
    return msgspec.json.encode(name).decode()


def _incidents(connection: Connection, tickets: set[str]) -> int:
    """Take the tickets out of signals and evidence; a signal of nothing else goes, and an incident without signals."""
    changed, left, touched = 0, dict[str, int](), set[str]()
    for signal_id, name, body in connection.execute(
        select(incident_signal.c.signal_id, incident_signal.c.incident_id, incident_signal.c.body)
    ).tuples():
        said = msgspec.json.decode(body)
        kept = [one for one in said.get("ticket_ids", []) if one not in tickets]
        left[name] = left.get(name, 0) + bool(kept or not said.get("ticket_ids"))
        if len(kept) == len(said.get("ticket_ids", [])):
            continue
        changed += 1
        touched.add(name)
        mine = incident_signal.c.signal_id == signal_id
        if kept:
            new = msgspec.json.encode({**said, "ticket_ids": kept}).decode()
            connection.execute(update(incident_signal).where(mine).values(body=new))
        else:
            connection.execute(delete(incident_signal).where(mine))
    empty = [name for name in touched if not left[name]]
    for some in chunks(empty):
        changed += sum(
            connection.execute(delete(table).where(table.c.incident_id.in_(some))).rowcount
            for table in (incident, incident_change)
        )
        for name in some:
            connection.execute(delete(outbox).where(outbox.c.outbox_key.startswith(f"{name}:", autoescape=True)))
    return changed + _evidence(connection, tickets)


def _masked(connection: Connection, ids: Collection[str]) -> int:
    """Where an incident, or what was told of it, says an id that tells, it says that it was erased; how many rows."""
    said = _saying(ids)
    if said is None:
        return 0
    changed = 0
    for table in (incident, incident_signal, incident_change, incident_note, outbox):
        (key,), texts = table.primary_key.columns, [column for column in table.columns if isinstance(column.type, Text)]
        rows = set[Any]()
        for column in texts:
            for named in _naming(column, map(_within, ids)):
                rows |= {*connection.scalars(select(key).where(named))}
        for row in sorted(rows):
            found = connection.execute(select(*texts).where(key == row)).mappings().one()
            before = {name: text for name, text in found.items() if text is not None}
            after = {name: said.sub(ERASED, text) for name, text in before.items()}
            if after != before:
                connection.execute(update(table).where(key == row).values(**after))
                changed += 1
    return changed


def _evidence(connection: Connection, tickets: set[str]) -> int:
    changed = 0
    for name, evidence in connection.execute(select(incident.c.incident_id, incident.c.evidence)).tuples():
        said = msgspec.json.decode(evidence or "{}")
        kept = [one for one in said.get("example_tickets", []) if one not in tickets]
        suggested = said.get("solution") or {}
        if len(kept) == len(said.get("example_tickets", [])) and suggested.get("for_ticket") not in tickets:
            continue
        new = {**said, "example_tickets": kept}
        if suggested.get("for_ticket") in tickets:
            new |= {"solution": None, "missing": None}
        mine = incident.c.incident_id == name
        connection.execute(update(incident).where(mine).values(evidence=msgspec.json.encode(new).decode()))
        changed += 1
    return changed


def forget_entries(store: Store, seqs: Sequence[int]) -> int:
    """Delete entries of the inbox that came after their sender was erased, and were refused."""

    def work(connection: Connection) -> int:
        return sum(
            connection.execute(delete(inbox).where(inbox.c.seq.in_(some))).rowcount for some in chunks(list(seqs))
        )

    return store.write(work) if seqs else 0
