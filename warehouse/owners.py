"""Whose a received record is: the tickets and customers that it names as its own, whatever brought it."""

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
import polars as pl

from warehouse import mapping
from warehouse.contracts import bronze, silver
from warehouse.delta import Lake
from warehouse.mapping import Mapping
from warehouse.search_made import parts
from warehouse.table import Table
from warehouse.tombstones import Tombstones

Owners = tuple[set[str], set[str]]
"""Ids of tickets, ids of customers."""
AT_ONCE = 8_192


class _Said(msgspec.Struct):
    """Of a record what says whose it is, whatever kind it is."""

    ticket_id: Any = None
    customer_id: Any = None
    asker: Any = None
    actor: Any = None
    payload: Any = None


_said = msgspec.json.Decoder(_Said)
_row = msgspec.json.Decoder(dict[str, Any])


def owners(record: str | bytes) -> Owners:
    """Tickets and customers that a record of the inbox, an event or a ticket, is of; none where it cannot be read."""
    try:
        found = _said.decode(record)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return set(), set()
    actor = found.actor if isinstance(found.actor, dict) else {}
    carried = found.payload if isinstance(found.payload, dict) else {}
    customers = [found.customer_id, found.asker, carried.get("customer_id")]
    customers += [actor.get("id")] if actor.get("kind") == "customer" else []
    return set(_names([found.ticket_id, *_suggested(carried)])), set(_names(customers))


def _suggested(payload: dict[str, Any]) -> list[str]:
    """What the suggestion was that somebody saw, used or judged: where it was a ticket, that says something of it."""
    said = payload.get("suggestion_id")
    return [thing] if isinstance(said, str) and (thing := parts(said)[1]) else []


def is_of(stones: Tombstones, record: str | bytes) -> bool:
    """Whether the record is of someone erased."""
    return erased(stones, owners(record))


def erased(stones: Tombstones, found: Owners) -> bool:
    """Whether one of these was erased."""
    return any(stones.has("ticket", one) for one in found[0]) or any(stones.has("customer", one) for one in found[1])


def tickets_of(lake: Lake, customer_id: str) -> set[str]:
    """Every ticket of the customer that silver or bronze knows."""
    found: set[str] = set()
    if lake.exists(silver.TICKETS):
        mine = lake.scan(silver.TICKETS).filter(pl.col("customer_id") == customer_id)
        found |= set(mine.select("ticket_id").collect()["ticket_id"])
    for _, (tickets, customers) in records(lake, bronze.TICKETS):
        found |= tickets if customer_id in customers else set()
    return found


def records(lake: Lake, table: Table) -> Iterator[tuple[str, Owners]]:
    """Of each record of a table of bronze that has its bytes the hash, and whose it is, read as its load is read."""
    if not lake.exists(table):
        return
    rules = {row["load_id"]: mapping.from_json(row["mapping"]) for row in lake.read(bronze.LOADS).to_dicts()}
    threads = _threads(lake) if any(one and one.thread for one in rules.values()) else {}
    for batch in lake.ordered(table, "sequence", after=0, size=AT_ONCE):
        rows = batch.filter(pl.col("record").is_not_null())
        for load_id, record_hash, record in rows.select("load_id", "record_hash", "record").iter_rows():
            rule = rules.get(load_id)
            yield record_hash, owners(record) if rule is None else _mapped(record, rule, threads)


def _mapped(record: bytes, rules: Mapping, threads: dict[str, str]) -> Owners:
    try:
        values = _row.decode(record)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return set(), set()
    if rules.thread is None:
        ours = rules.apply(values)
        return set(_names([ours.get("ticket_id")])), set(_names([ours.get("customer_id")]))
    own = set(_names([values.get(rules.thread.id)]))
    return own | {threads[one] for one in own if one in threads}, set(_names([values.get(rules.thread.author)]))


def _threads(lake: Lake) -> dict[str, str]:
    """The ticket of each message."""
    if not lake.exists(silver.EVENTS):
        return {}
    return dict(lake.scan(silver.EVENTS).select("event_id", "ticket_id").collect().iter_rows())


def _names(values: Iterable[object]) -> Iterator[str]:
    for value in values:
        if value is not None and not isinstance(value, dict | list) and (name := str(value).strip().removesuffix(".0")):
            yield name
