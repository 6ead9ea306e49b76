"""Erasing someone from what was received and refined: landing, bronze, quarantine, silver. Others' rows stay.

Whose a row is follows from the tombstones, so that each step may be done again after a kill without an id in clear.
What a record says of somebody else's ticket, such as that it is related, is that other ticket's and stays.
"""

import shutil
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

import polars as pl

from warehouse import dropped, leftovers, tombstones
from warehouse.contracts import bronze, silver
from warehouse.delta import Lake
from warehouse.owners import erased, is_of, records, tickets_of
from warehouse.payloads import EVERY
from warehouse.purge import rest, rewrite, scrub
from warehouse.search_made import rewritten
from warehouse.table import Table
from warehouse.tombstones import ERASED, MARK, Subject, Tombstones, of_rows

OWNED = (silver.TICKETS, silver.EVENTS, silver.SEARCH_EVENTS)
RECEIVED = (bronze.TICKETS, bronze.EVENTS, bronze.SEARCH_EVENTS)


@dataclass
class Erased:
    """What went from where: rows, records or files by place. `elsewhere`: files outside of the lake that brought it."""

    counts: dict[str, int] = field(default_factory=dict)
    elsewhere: set[str] = field(default_factory=set)
    first_at: datetime | None = None
    """When the oldest of the tickets was opened."""

    def add(self, place: str, count: int) -> None:
        """Count more of a place."""
        if count:
            self.counts[place] = self.counts.get(place, 0) + count


def mark(lake: Lake, kind: Subject, value: str, more: Iterable[str], *, now: datetime) -> set[str]:
    """Set the tombstones of a ticket, or of a customer and all their tickets; the tickets.

    `more` are tickets of the customer that others know; what concerns no single ticket is nobody's.
    """
    if kind == "ticket":
        tickets = {value}
    else:
        # The customer first: what comes in from here on is refused, and the tickets found are all.
        tombstones.add(lake.root, "customer", [value], now=now)
        tickets = (tickets_of(lake, value) | set(more)) - {EVERY}
    tombstones.add(lake.root, "ticket", tickets, now=now)
    return tickets


def erase(lake: Lake, stones: Tombstones, ids: Iterable[str]) -> Erased:
    """Take everything of those erased out of landing, bronze, quarantine and silver, with their old versions of bronze.

    `ids` are in clear, as far as they are still known: files that could not be read are searched for them. Silver's
    old versions carry the rows as deletes to whoever follows it, and go when all have followed.
    """
    done = Erased()
    with lake.lock(silver.QUARANTINE, *OWNED):
        hashes = _quarantine(lake, stones, done)
        loads = _bronze(lake, stones, hashes, done)
        for table in OWNED:
            _silver(lake, table, stones, done)
        for place, count in unname(lake, stones).items():
            done.add(place, count)
    _landing(lake, loads, set(ids), done)
    rest(lake)
    return done


def _quarantine(lake: Lake, stones: Tombstones, done: Erased) -> set[str]:
    """Delete their refused records; hashes of these."""
    if not lake.exists(silver.QUARANTINE):
        return set()
    rows = lake.scan(silver.QUARANTINE).select("quarantine_id", "record_hash", "record", "ticket_id").collect()
    rows = rows.filter(~pl.col("record_hash").str.starts_with(MARK))
    named = stones.mask("ticket", rows["ticket_id"])
    said = pl.Series([is_of(stones, record) for record in rows["record"]], dtype=pl.Boolean)
    gone = rows.filter(named | said)
    done.add(silver.QUARANTINE.path, lake.delete(silver.QUARANTINE, gone.select("quarantine_id")).deleted)
    return set(gone["record_hash"])


def _bronze(lake: Lake, stones: Tombstones, hashes: set[str], done: Erased) -> set[str]:
    """Take the bytes of their records away; the loads that brought some."""
    loads: set[str] = set()
    for table in RECEIVED:
        if not lake.exists(table):
            continue
        mine = hashes | {record_hash for record_hash, found in records(lake, table) if erased(stones, found)}
        rows = lake.scan(table).select("sequence", "record_hash", "load_id", "source")
        gone = rows.filter(pl.col("record_hash").is_in(sorted(mine))).collect()
        marked = rows.filter(pl.col("record_hash").str.starts_with(MARK)).collect()
        for part in (gone, marked):
            loads |= set(part["load_id"])
        done.elsewhere |= set(gone.filter(pl.col("load_id") != "inbox")["source"])
        done.add(table.path, scrub(lake, table, gone.select("sequence", "record_hash"), stones))
    return loads


def _silver(lake: Lake, table: Table, stones: Tombstones, done: Erased) -> None:
    if not lake.exists(table):
        return
    wanted = ["ticket_id", "customer_id", "actor_kind", "actor_id", "payload", "asker", "created_at"]
    names = [*table.primary_key, *(name for name in wanted if name in table.schema and name not in table.primary_key)]
    rows = lake.read(table, columns=names)
    mine = of_rows(stones, rows)
    if "asker" in rows.columns:
        mine |= stones.mask("customer", rows["asker"])
    gone = rows.filter(mine)
    if table is silver.TICKETS and gone.height:
        done.first_at = gone.select(pl.col("created_at").min()).item()
    done.add(table.path, lake.delete(table, gone.select(table.primary_key)).deleted)


def unname(lake: Lake, stones: Tombstones) -> dict[str, int]:
    """Take their tickets out of what other people's searches found, in bronze and silver; how many searches of each."""
    done = dict.fromkeys((bronze.SEARCH_EVENTS.path, silver.SEARCH_EVENTS.path), 0)
    with lake.lock(silver.SEARCH_EVENTS):
        if lake.exists(bronze.SEARCH_EVENTS):
            rows = lake.read(bronze.SEARCH_EVENTS, columns=["sequence", "record_hash", "record"]).drop_nulls("record")
            safe = pl.Series([rewritten(record, stones) for record in rows["record"]], dtype=pl.Binary)
            changed = rows.with_columns(record=safe).drop_nulls("record")
            done[bronze.SEARCH_EVENTS.path] = rewrite(lake, bronze.SEARCH_EVENTS, changed)
        if lake.exists(silver.SEARCH_EVENTS):
            found = pl.col("found").list
            named = lake.scan(silver.SEARCH_EVENTS).filter(kind="similar").select("found").explode("found").collect()
            gone = named["found"].filter(stones.mask("ticket", named["found"])).unique().to_list()
            rows = lake.scan(silver.SEARCH_EVENTS).filter(found.set_intersection(gone).list.len() > 0).collect()
            theirs = pl.element().is_in(gone)
            rows = rows.with_columns(found=found.eval(pl.when(theirs).then(pl.lit(ERASED)).otherwise(pl.element())))
            done[silver.SEARCH_EVENTS.path] = lake.merge(silver.SEARCH_EVENTS, rows).updated
    return done


def _landing(lake: Lake, loads: set[str], ids: set[str], done: Erased) -> None:
    """Remove dropped files that held a record of theirs: bronze has all else that was in them."""
    folder = lake.root / dropped.FOLDER
    for load_id in sorted(loads):
        place = folder / dropped.TAKEN / load_id
        if place.is_dir():
            shutil.rmtree(place)
            done.add(dropped.FOLDER, 1)
    for file in sorted((folder / dropped.REFUSED).glob("*/*")):
        if file.is_file() and not file.name.endswith(dropped.REASON) and leftovers.mentions(file, ids):
            shutil.rmtree(file.parent)
            done.add(dropped.FOLDER, 1)
