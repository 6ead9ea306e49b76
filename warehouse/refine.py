"""Refining: what bronze gained since the last time becomes silver, and the rest quarantine.

Typed rows are spooled, because a later record of the same file may replace them. At the end quarantine is committed,
then silver with its progress: one append where no id was known before; else the first records of new ids, then a merge.
A kill in between heals (see docs/decisions.md): until the progress moves, the next run folds the same bronze rows
against a state in which they give the same outcome. Events change tickets beside the records, as `happenings` says.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from warehouse import happenings, label_facts, searches
from warehouse.contracts import bronze, silver
from warehouse.delta import Lake
from warehouse.fold import HASH, ID, SEQUENCE, Ledger
from warehouse.parse import Refusal
from warehouse.purge import rest, scrub
from warehouse.received import Load, Received, Typed
from warehouse.refusals import LATE, Refusals
from warehouse.spool import Spool
from warehouse.streams import ahead
from warehouse.table import Table

ACCEPTED = ("new", "updated")
Outcomes = dict[str, Counter[str]]
"""By load: how many records were new, updated, unchanged, quarantined."""


@dataclass(frozen=True)
class Route:
    """One kind of record, from bronze to silver; `moment`, `apart` and `born` as in `Ledger`."""

    source: Table
    target: Table
    moment: tuple[str, ...]
    apart: tuple[str, ...] = ()
    born: str | None = None


EVENTS = Route(bronze.EVENTS, silver.EVENTS, (), ("received_time",))
TICKETS = Route(bronze.TICKETS, silver.TICKETS, ("updated_at", "created_at"), born="created_at")
ROUTES = (EVENTS, Route(bronze.ARTICLES, silver.ARTICLES, ("updated_at", "created_at")), TICKETS)


def refine(lake: Lake) -> Outcomes:
    """Bring silver up to date with bronze, whoever wrote it; what was done, by load. Nothing new: returns at once."""
    outcomes: Outcomes = {}
    for route in ROUTES:
        if lake.exists(route.source):
            with lake.lock(silver.QUARANTINE, silver.EVENTS, route.target):
                if route is TICKETS:
                    happenings.follow(lake)
                for load, counts in _refine(lake, route).items():
                    outcomes.setdefault(load, Counter()).update(counts)
    happenings.follow(lake)
    label_facts.follow(lake)
    for load, counts in searches.follow(lake).items():
        outcomes.setdefault(load, Counter()).update(counts)
    rest(lake)
    return outcomes


def _refine(lake: Lake, route: Route) -> Outcomes:
    # Asked before the rows are: whatever is appended in between is read now, and found unchanged the next time.
    version = lake.data_version(route.source) or 0
    if lake.progress(route.target, route.source.path) == version:
        return {}
    done = f"{route.source.path}/sequence"
    after = lake.progress(route.target, done) or 0
    with Spool(lake.root) as spool:
        run = _Run(lake, route, after)
        with ahead(run.rows()) as typed:
            for rows in typed:
                spool.write(rows)
        run.refusals.write()
        scrub(lake, route.source, run.refusals.erased(), run.stones)
        run.write(spool, {route.source.path: version, done: run.last})
    return run.outcomes


class _Run:
    """One pass over the new bronze rows of a route; what it learns on the way is kept here until it is committed."""

    def __init__(self, lake: Lake, route: Route, after: int) -> None:
        self.outcomes: Outcomes = {}
        self.last = after
        self._lake = lake
        self._target = route.target
        self._received = Received(lake, route.source, route.target, after)
        self.stones = self._received.stones
        self.refusals = Refusals(lake, route.source.name, self.stones)
        self._ledger = Ledger(lake, route.target, route.moment, route.apart, route.born)
        self._accepted = [pl.DataFrame(schema={SEQUENCE: pl.Int64, ID: pl.String, "outcome": pl.String})]

    def rows(self) -> Iterator[pl.DataFrame]:
        """Typed rows of accepted records, each with its SEQUENCE, batch by batch."""
        for records, load, typed in self._received.typed():
            self.last = int(records[SEQUENCE].max() or 0)  # type: ignore[arg-type]
            yield self._judge(records, load, typed)
        if self._received.threads is not None:
            self._received.threads.write()

    def write(self, spool: Spool, progress: dict[str, int]) -> None:
        """Commit the rows that stand, with the progress."""
        accepted = pl.concat(self._accepted)
        newest = accepted.unique(ID, keep="last", maintain_order=True)
        stored = self._ledger.stored
        if newest.join(stored, on=ID, how="semi").is_empty():
            self._lake.append(self._target, _chosen(spool, self._target, newest), progress=progress)
            return
        first = accepted.filter(pl.col("outcome") == "new").join(stored, on=ID, how="anti")
        self._lake.append(self._target, _chosen(spool, self._target, first))
        updated = newest.join(first, on=SEQUENCE, how="anti")
        self._lake.upsert(self._target, _chosen(spool, self._target, updated), progress=progress)

    def _judge(self, records: pl.DataFrame, load: Load, typed: Typed) -> pl.DataFrame:
        """Fold the records of one load into what is known; refusals are kept, rows that were accepted returned."""
        missing = records.filter(pl.col("record").is_null())
        stands = missing.join(self._ledger.known, left_on="record_hash", right_on=HASH, how="semi")
        again = missing.join(stands, on=SEQUENCE, how="anti", maintain_order="left")
        if load.threaded:
            again = self._without_old_messages(again, load)
        # Bytes that are nowhere any more were erased.
        again = self._received.with_bytes(again, records).filter(pl.col("record").is_not_null())
        if again.height:
            typed = typed.and_also(self._received.type(again, load))
        for places, refused in typed.refused:
            self.refusals.add(places, refused)
            self._count(load, "quarantined", len(refused))
        threads = self._received.threads
        if threads is not None and typed.events is not None:
            threads.keep(_accepted(typed.events, self._settle(threads.ledger.judge(typed.events), records, load)))
        repeated = stands.select(SEQUENCE, pl.col("record_hash").alias(HASH))
        # With the events since, as what stands has them: else a repetition in other bytes would say something else.
        rows = happenings.since(self._lake, typed.rows) if self._target is silver.TICKETS else typed.rows
        accepted = self._settle(self._ledger.judge(rows, repeated), records, load)
        self._accepted.append(accepted)
        return _accepted(rows, accepted)

    def _settle(self, judged: pl.DataFrame, records: pl.DataFrame, load: Load) -> pl.DataFrame:
        """Count what was judged and refuse what came too late; returns what was accepted."""
        refused = judged.filter(pl.col("outcome").is_in(list(LATE)))
        for outcome, count in judged.group_by("outcome").len().iter_rows():
            self._count(load, "quarantined" if outcome in LATE else outcome, count)
        if refused.height:
            placed = self._received.with_bytes(records.join(refused, on=SEQUENCE, maintain_order="left"), records)
            why = placed.select("outcome", ID).iter_rows()
            late = [
                Refusal(row, LATE[outcome].reason, LATE[outcome].detail, LATE[outcome].field, id_)
                for row, (outcome, id_) in enumerate(why)
            ]
            self.refusals.add(placed, late)
        return judged.filter(pl.col("outcome").is_in(ACCEPTED))

    def _without_old_messages(self, records: pl.DataFrame, load: Load) -> pl.DataFrame:
        """Messages do not change: one whose bytes came before stands, unless it was refused."""
        refused = self.refusals.before(records["record_hash"].unique())
        again = records.filter(pl.col("record_hash").is_in(refused.implode()))
        self._count(load, "unchanged", records.height - again.height)
        return again

    def _count(self, load: Load, outcome: str, count: int) -> None:
        if count:
            self.outcomes.setdefault(load.load_id, Counter())[outcome] += count


def _accepted(rows: pl.DataFrame, accepted: pl.DataFrame) -> pl.DataFrame:
    if accepted.height == rows.height:
        return rows
    return rows.join(accepted, on=SEQUENCE, how="semi", maintain_order="left")


def _chosen(spool: Spool, target: Table, which: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Of the spooled rows those of these SEQUENCEs, as the table wants them."""
    for rows in spool.frames():
        kept = rows.join(which, on=SEQUENCE, how="semi", maintain_order="left")
        yield kept.select(target.schema.names())
