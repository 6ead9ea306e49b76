"""Refining: what bronze gained since the last time becomes silver, and the rest quarantine.

Typed rows are spooled, because a later record of the same file may replace them. At the end quarantine is committed,
then silver with its progress: one append where no id was known before; else the first records of new ids, then a merge.
A kill in between heals (see docs/decisions.md): until the progress moves, the next run folds the same bronze rows
against a state in which they give the same outcome.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from warehouse import mapping, threads
from warehouse.contracts import bronze, silver
from warehouse.delta import Lake
from warehouse.envelopes import parse_events
from warehouse.fold import HASH, ID, SEQUENCE, Ledger
from warehouse.mapping import Mapping
from warehouse.parse import ARTICLE, ROW, TICKET, Parsed, Refusal, parse
from warehouse.refusals import LATE, Refusals
from warehouse.spool import Spool
from warehouse.streams import ahead
from warehouse.table import Table
from warehouse.threads import Threads

BATCH = 8_192
AHEAD_OF_US = timedelta(days=1)
"""How far a time may lie after the receipt of its record: clocks are set wrongly, nothing is known a day before."""
INBOX = "inbox"
ACCEPTED = ("new", "updated")
NOTHING = pl.DataFrame(schema={SEQUENCE: pl.Int64, HASH: pl.String})
Outcomes = dict[str, Counter[str]]
"""By load: how many records were new, updated, unchanged, quarantined."""


@dataclass(frozen=True)
class Load:
    """What has to be known of a load to read its records; `latest`: the latest time that they may name."""

    load_id: str
    text: bool
    rules: Mapping | None
    loaded_at: datetime
    latest: datetime | None

    @property
    def threaded(self) -> bool:
        """Whether its records are messages that answer each other."""
        return self.rules is not None and self.rules.thread is not None


@dataclass(frozen=True)
class Route:
    """One kind of record, from bronze to silver; `moment` and `apart` as in `Ledger`."""

    source: Table
    target: Table
    moment: tuple[str, ...]
    apart: tuple[str, ...] = ()


EVENTS = Route(bronze.EVENTS, silver.EVENTS, (), ("received_time",))
TICKETS = Route(bronze.TICKETS, silver.TICKETS, ("updated_at", "created_at"))
ROUTES = (EVENTS, Route(bronze.ARTICLES, silver.ARTICLES, ("updated_at", "created_at")), TICKETS)


def refine(lake: Lake) -> Outcomes:
    """Bring silver up to date with bronze, whoever wrote it; what was done, by load. Nothing new: returns at once."""
    outcomes: Outcomes = {}
    for route in ROUTES:
        if lake.exists(route.source):
            with lake.lock(silver.QUARANTINE, silver.EVENTS, route.target):
                for load, counts in _refine(lake, route).items():
                    outcomes.setdefault(load, Counter()).update(counts)
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
        run.write(spool, {route.source.path: version, done: run.last})
    return run.outcomes


class _Run:
    """One pass over the new bronze rows of a route; what it learns on the way is kept here until it is committed."""

    def __init__(self, lake: Lake, route: Route, after: int) -> None:
        self.outcomes: Outcomes = {}
        self.last = after
        self.refusals = Refusals(lake, route.source.name)
        self._lake = lake
        self._route = route
        self._after = after
        self._version = lake.version(route.source)
        self._loads = _loads(lake, route.source.name)
        self._ledger = Ledger(lake, route.target, route.moment, route.apart)
        self._accepted = [pl.DataFrame(schema={SEQUENCE: pl.Int64, ID: pl.String, "outcome": pl.String})]
        self._threads: Threads | None = None

    def rows(self) -> Iterator[pl.DataFrame]:
        """Typed rows of accepted records, each with its SEQUENCE, batch by batch."""
        if any(load.threaded for load in self._loads.values()):
            self._threads = self._find_threads()
        with ahead(self._parts()) as parts:
            for records, load in parts:
                self.last = int(records[SEQUENCE].max() or 0)  # type: ignore[arg-type]
                yield self._judge(records, load)
        if self._threads is not None:
            self._threads.write()

    def write(self, spool: Spool, progress: dict[str, int]) -> None:
        """Commit the rows that stand, with the progress."""
        accepted = pl.concat(self._accepted)
        newest = accepted.unique(ID, keep="last")
        target = self._route.target
        if newest.join(self._ledger.stored, on=ID, how="semi").is_empty():
            self._lake.append(target, _chosen(spool, target, newest), progress=progress)
            return
        self._lake.append(target, _chosen(spool, target, accepted.filter(pl.col("outcome") == "new")))
        updated = _chosen(spool, target, newest.filter(pl.col("outcome") == "updated"))
        self._lake.upsert(target, updated, progress=progress)

    def _parts(self) -> Iterator[tuple[pl.DataFrame, Load]]:
        """New bronze rows of one load each, in bronze order: the inbox may come before a file and again after it."""
        source = self._route.source
        for batch in self._lake.ordered(source, SEQUENCE, after=self._after, size=BATCH, version=self._version):
            for part in batch.with_columns(pl.col("load_id").rle_id().alias("_part")).partition_by("_part"):
                yield part.drop("_part"), self._loads[str(part["load_id"][0])]

    def _judge(self, records: pl.DataFrame, load: Load) -> pl.DataFrame:
        """Fold the records of one load into what is known; refusals are kept, rows that were accepted returned."""
        missing = records.filter(pl.col("record").is_null())
        stands = missing.join(self._ledger.known, left_on="record_hash", right_on=HASH, how="semi")
        said = records.join(stands, on=SEQUENCE, how="anti", maintain_order="left") if stands.height else records
        if load.threaded:
            said = self._without_old_messages(said, load)
        whole = self._with_bytes(said)
        parsed, events = self._parse(whole, load)
        self.refusals.add(whole, parsed.refused)
        self._count(load, "quarantined", len(parsed.refused))
        if self._threads is not None and events is not None:
            messages = _placed(events, whole)
            heard = self._threads.ledger.judge(messages, NOTHING)
            self._threads.keep(_accepted(messages, self._settle(heard, records, load)))
        rows = _placed(parsed.rows, whole)
        judged = self._ledger.judge(rows, stands.select(SEQUENCE, pl.col("record_hash").alias(HASH)))
        accepted = self._settle(judged, records, load)
        self._accepted.append(accepted)
        return _accepted(rows, accepted)

    def _settle(self, judged: pl.DataFrame, records: pl.DataFrame, load: Load) -> pl.DataFrame:
        """Count what was judged and refuse what came too late; returns what was accepted."""
        refused = judged.filter(pl.col("outcome").is_in(list(LATE)))
        for outcome, count in judged.group_by("outcome").len().iter_rows():
            self._count(load, "quarantined" if outcome in LATE else outcome, count)
        if refused.height:
            placed = self._with_bytes(records.join(refused, on=SEQUENCE, how="inner", maintain_order="left"))
            why = placed.select("outcome", ID).iter_rows()
            late = [Refusal(row, outcome, LATE[outcome], None, id_) for row, (outcome, id_) in enumerate(why)]
            self.refusals.add(placed, late)
        return judged.filter(pl.col("outcome").is_in(ACCEPTED))

    def _parse(self, records: pl.DataFrame, load: Load) -> tuple[Parsed, pl.DataFrame | None]:
        """Typed rows with the number (ROW) of their record, and what was refused; of messages also events."""
        content = records["record"].to_list()
        if load.rules is not None and self._threads is not None and load.threaded:
            return self._threads.split(content, load.rules, load.loaded_at, load.latest)
        if self._route is EVENTS:
            return parse_events(content, load.loaded_at, load.latest), None
        shape = TICKET if self._route is TICKETS else ARTICLE
        return parse(shape, content, mapping=load.rules, text=load.text, latest=load.latest), None

    def _with_bytes(self, records: pl.DataFrame) -> pl.DataFrame:
        """The bronze rows with the bytes that an earlier row has in their stead."""
        missing = records.filter(pl.col("record").is_null()).select("record_hash").unique()
        if missing.is_empty():
            return records
        found = _first_copies(records.lazy(), missing)
        elsewhere = missing.join(found, on="record_hash", how="anti")
        if elsewhere.height:
            bronze_rows = self._lake.scan(self._route.source, version=self._version)
            found = pl.concat([found, _first_copies(bronze_rows, elsewhere)])
        filled = records.join(found, on="record_hash", how="left", maintain_order="left")
        return filled.with_columns(pl.coalesce("record", "_first").alias("record")).drop("_first")

    def _find_threads(self) -> Threads:
        """Which message belongs to which ticket: replies may come before what they answer."""
        links = [
            threads.links(self._with_bytes(rows)["record"].to_list(), load.rules)
            for rows, load in self._parts()
            if load.rules is not None and load.threaded
        ]
        return Threads(self._lake, threads.roots(self._lake, links))

    def _without_old_messages(self, records: pl.DataFrame, load: Load) -> pl.DataFrame:
        """Messages do not change: one whose bytes came before stands, unless it was refused."""
        missing = records.filter(pl.col("record").is_null())
        if missing.is_empty():
            return records
        refused = self.refusals.before(missing["record_hash"].unique())
        old = missing.filter(~pl.col("record_hash").is_in(refused.implode()))
        self._count(load, "unchanged", old.height)
        return records.join(old, on=SEQUENCE, how="anti", maintain_order="left")

    def _count(self, load: Load, outcome: str, count: int) -> None:
        if count:
            self.outcomes.setdefault(load.load_id, Counter())[outcome] += count


def _first_copies(rows: pl.LazyFrame, hashes: pl.DataFrame) -> pl.DataFrame:
    wanted = pl.col("record").is_not_null() & pl.col("record_hash").is_in(hashes["record_hash"].implode())
    return rows.filter(wanted).select("record_hash", pl.col("record").alias("_first")).collect().unique("record_hash")


def _placed(rows: pl.DataFrame, records: pl.DataFrame) -> pl.DataFrame:
    """Typed rows with the place of their records instead of the number."""
    places = records.select(SEQUENCE, "load_id", "record_hash")[rows[ROW]]
    return rows.drop(ROW).with_columns(places.get_columns())


def _accepted(rows: pl.DataFrame, accepted: pl.DataFrame) -> pl.DataFrame:
    if accepted.height == rows.height:
        return rows
    return rows.join(accepted, on=SEQUENCE, how="semi", maintain_order="left")


def _chosen(spool: Spool, target: Table, which: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Of the spooled rows those of these SEQUENCEs, as the table wants them."""
    for rows in spool.frames():
        kept = rows.join(which, on=SEQUENCE, how="semi", maintain_order="left")
        yield kept.select(target.schema.names())


def _loads(lake: Lake, kind: str) -> dict[str, Load]:
    rows = lake.read(bronze.LOADS).filter(pl.col("kind") == kind)
    return {row["load_id"]: _load(row) for row in rows.iter_rows(named=True)}


def _load(row: dict[str, Any]) -> Load:
    # The inbox is one load for ever: its entries were judged when they came, by the edge that took them.
    latest = None if row["load_id"] == INBOX else row["loaded_at"] + AHEAD_OF_US
    rules = mapping.from_json(row["mapping"])
    return Load(row["load_id"], row["format"] == "csv", rules, row["loaded_at"], latest)
