"""Refining: what bronze gained since the last time becomes silver, and the rest quarantine.

The order of commits heals every kill (see docs/decisions.md): new rows are streamed into one append, quarantine is
committed before that append is, and updates follow in one merge with the progress. Until the progress moves, the next
run folds the same bronze rows against a state in which they give the same outcome.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b

import polars as pl

from warehouse import mapping
from warehouse.contracts import bronze, silver
from warehouse.delta import Lake
from warehouse.envelopes import parse_events
from warehouse.fold import CONTENT, HASH, ID, KNOWN_SCHEMA, MOMENT, fold, standing
from warehouse.mapping import Mapping
from warehouse.parse import ARTICLE, ROW, TICKET, Parsed, Refusal, parse
from warehouse.table import Table
from warehouse.threads import unravel

BATCH = 8_192
ACCEPTED = ("new", "updated")
REFUSED = {
    "stale": "the record is older than the one that stands, expected a later updated_at",
    "conflict": "the record is as old as the one that stands but says something else, expected a later updated_at",
}
Outcomes = dict[str, Counter[str]]
"""By load: how many records were new, updated, unchanged, quarantined."""


@dataclass(frozen=True)
class Load:
    """What has to be known of a load to read its records."""

    text: bool
    rules: Mapping | None
    loaded_at: datetime


@dataclass(frozen=True)
class Route:
    """One kind of record, from bronze to silver; the first of `moment` that is there says how new a record is."""

    source: Table
    target: Table
    moment: tuple[str, ...]


ROUTES = (
    Route(bronze.EVENTS, silver.EVENTS, ("event_time",)),
    Route(bronze.ARTICLES, silver.ARTICLES, ("updated_at", "created_at")),
    Route(bronze.TICKETS, silver.TICKETS, ("updated_at", "created_at")),
)


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
    version = lake.data_version(route.source) or 0
    if lake.progress(route.target, route.source.path) == version:
        return {}
    sequence = f"{route.source.path}/sequence"
    after = lake.progress(route.target, sequence) or 0
    run = _Run(lake, route)
    lake.append(route.target, run.new_rows(after))
    progress = {route.source.path: version, sequence: max(after, run.last)}
    lake.merge(route.target, run.updated_rows(), progress=progress)
    return run.outcomes


class _Run:
    """One pass over the new bronze rows of a route; what it learns on the way is kept here until it is committed."""

    def __init__(self, lake: Lake, route: Route) -> None:
        self.outcomes: Outcomes = {}
        self.last = 0
        self._lake = lake
        self._route = route
        self._loads = _loads(lake, route.source.name)
        self._known = _known(lake, route)
        self._updates: list[pl.DataFrame] = []
        self._quarantined: list[pl.DataFrame] = []
        self._repeated: list[pl.DataFrame] = []
        self._threads: list[pl.DataFrame] = []

    def new_rows(self, after: int) -> Iterator[pl.DataFrame]:
        """Rows whose id was never seen, batch by batch; commits quarantine before it ends."""
        for batch in self._lake.ordered(self._route.source, "sequence", after=after, size=BATCH):
            self.last = int(batch["sequence"].max() or 0)  # type: ignore[arg-type]
            whole = batch.filter(pl.col("record").is_not_null())
            self._repeated.append(batch.filter(pl.col("record").is_null()).drop("record"))
            for (load_id,), records in whole.group_by("load_id", maintain_order=True):
                load = self._loads[str(load_id)]
                if load.rules is not None and load.rules.thread is not None:
                    self._threads.append(records)
                else:
                    yield self._judge(records, self._parse(records, load))
        if self._threads:
            yield from self._unravel(pl.concat(self._threads))
        self._settle_repeated()
        if self._quarantined:
            rows = pl.concat(self._quarantined)
            self._lake.merge(silver.QUARANTINE, rows.unique("quarantine_id", keep="first", maintain_order=True))
        else:
            self._lake.ensure(silver.QUARANTINE)

    def updated_rows(self) -> pl.DataFrame:
        """The newest accepted record of every id that was known already."""
        if not self._updates:
            return pl.DataFrame(schema=self._route.target.schema)
        key = self._route.target.primary_key
        return pl.concat(self._updates).unique(key, keep="last", maintain_order=True)

    def _parse(self, records: pl.DataFrame, load: Load) -> Parsed:
        content = records["record"].to_list()
        if self._route.target is silver.EVENTS:
            return parse_events(content, load.loaded_at)
        shape = ARTICLE if self._route.target is silver.ARTICLES else TICKET
        return parse(shape, content, mapping=load.rules, text=load.text)

    def _judge(self, records: pl.DataFrame, parsed: Parsed) -> pl.DataFrame:
        """Fold typed rows into what is known; keeps updates and refusals, returns what is new."""
        target = self._route.target
        fields = [name for name in target.schema if name not in {"load_id", "record_hash"}]
        placed = records.with_row_index(ROW).cast({ROW: pl.Int64})
        rows = parsed.rows.join(placed.select(ROW, "load_id", "record_hash"), on=ROW, maintain_order="left")
        rows = rows.with_columns(
            pl.col(target.primary_key[0]).alias(ID),
            pl.coalesce(self._route.moment).alias(MOMENT),
            pl.struct(fields).hash(seed=0).alias(CONTENT),
            pl.col("record_hash").alias(HASH),
        )
        self._recall(rows, fields)
        judged = fold(rows, self._known)
        self._known = standing(self._known, judged)
        refused = judged.filter(pl.col("outcome").is_in(list(REFUSED)))
        late = [
            Refusal(row, outcome, REFUSED[outcome], None, str(id_))
            for row, outcome, id_ in refused.select(ROW, "outcome", ID).iter_rows()
        ]
        self._quarantine(placed, [*parsed.refused, *late])
        for load_id, outcome, count in judged.group_by("load_id", "outcome").len().iter_rows():
            if outcome not in REFUSED:
                self._count(load_id, outcome, count)
        self._updates.append(judged.filter(pl.col("outcome") == "updated").select(target.schema.names()))
        return judged.filter(pl.col("outcome") == "new").select(target.schema.names())

    def _recall(self, rows: pl.DataFrame, fields: list[str]) -> None:
        """Hash the content of silver rows that a record as old as they are has to be compared with."""
        rivals = self._known.filter(pl.col(CONTENT).is_null()).join(
            rows.select(ID, MOMENT, pl.col(HASH).alias("_other")), on=[ID, MOMENT]
        )
        rivals = rivals.filter(pl.col(HASH) != pl.col("_other"))
        if rivals.is_empty():
            return
        keys = rivals.select(pl.col(ID).alias(self._route.target.primary_key[0])).unique()
        stored = self._lake.matching(self._route.target, keys)
        content = stored.select(
            pl.col(self._route.target.primary_key[0]).alias(ID), pl.struct(fields).hash(seed=0).alias("_found")
        )
        joined = self._known.join(content, on=ID, how="left", maintain_order="left")
        self._known = joined.with_columns(pl.coalesce(CONTENT, "_found").alias(CONTENT)).drop("_found")

    def _unravel(self, records: pl.DataFrame) -> Iterator[pl.DataFrame]:
        """Chains of messages: the first is the ticket, the others are events of it."""
        for (load_id,), load_records in records.group_by("load_id", maintain_order=True):
            load = self._loads[str(load_id)]
            found = unravel(self._lake, load_records, load.rules, load.loaded_at)
            yield self._judge(load_records, found.tickets)
            before = self._lake.row_count(silver.EVENTS) if self._lake.exists(silver.EVENTS) else 0
            self._lake.merge(silver.EVENTS, found.events)
            added = self._lake.row_count(silver.EVENTS) - before
            self._count(str(load_id), "new", added)
            self._count(str(load_id), "unchanged", found.events.height - added)

    def _quarantine(self, placed: pl.DataFrame, refused: list[Refusal]) -> None:
        if not refused:
            return
        reasons = pl.DataFrame(
            [(r.row, r.reason, r.field, r.detail, r.ticket_id) for r in refused],
            schema={
                ROW: pl.Int64,
                "reason": pl.String,
                "field": pl.String,
                "detail": pl.String,
                "ticket_id": pl.String,
            },
            orient="row",
        )
        rows = reasons.join(placed, on=ROW, maintain_order="left").with_columns(
            pl.col("record").map_elements(_readable, return_dtype=pl.String)
        )
        self._keep_refused(rows)

    def _keep_refused(self, rows: pl.DataFrame) -> None:
        kind = self._route.source.name
        rows = rows.with_columns(pl.lit(kind).alias("kind")).with_columns(
            pl.struct("kind", "load_id", "position", "record_hash")
            .map_elements(lambda row: _quarantine_id(*row.values()), return_dtype=pl.String)
            .alias("quarantine_id")
        )
        for load_id, count in rows.group_by("load_id").len().iter_rows():
            self._count(load_id, "quarantined", count)
        self._quarantined.append(rows.select(silver.QUARANTINE.schema.names()))

    def _settle_repeated(self) -> None:
        """Records whose bytes came before share the fate of the first: refused again at their place, or unchanged."""
        repeated = pl.concat(self._repeated) if self._repeated else None
        if repeated is None or repeated.is_empty():
            return
        refused = pl.concat([*self._quarantined, *self._refused_before(repeated)], how="vertical")
        fate = refused.unique("record_hash").select("record_hash", "reason", "field", "detail", "ticket_id", "record")
        again = repeated.join(fate, on="record_hash", maintain_order="left")
        if again.height:
            self._keep_refused(again)
        same = repeated.join(fate, on="record_hash", how="anti")
        for load_id, count in same.group_by("load_id").len().iter_rows():
            self._count(load_id, "unchanged", count)

    def _refused_before(self, repeated: pl.DataFrame) -> list[pl.DataFrame]:
        if not self._lake.exists(silver.QUARANTINE):
            return [pl.DataFrame(schema=silver.QUARANTINE.schema)]
        hashes = repeated["record_hash"].unique().implode()
        return [self._lake.scan(silver.QUARANTINE).filter(pl.col("record_hash").is_in(hashes)).collect()]

    def _count(self, load_id: str, outcome: str, count: int) -> None:
        self.outcomes.setdefault(load_id, Counter())[outcome] += count


def _loads(lake: Lake, kind: str) -> dict[str, Load]:
    rows = lake.read(bronze.LOADS).filter(pl.col("kind") == kind)
    return {
        row["load_id"]: Load(row["format"] == "csv", mapping.from_json(row["mapping"]), row["loaded_at"])
        for row in rows.iter_rows(named=True)
    }


def _known(lake: Lake, route: Route) -> pl.DataFrame:
    """Id, moment and record of every row that silver has; content is hashed only where it has to be compared."""
    if not lake.exists(route.target):
        return pl.DataFrame(schema=KNOWN_SCHEMA)
    hash_ = pl.col("record_hash") if "record_hash" in route.target.schema else pl.lit(None, pl.String)
    return (
        lake.scan(route.target)
        .select(
            pl.col(route.target.primary_key[0]).alias(ID),
            pl.coalesce(route.moment).alias(MOMENT),
            pl.lit(None, pl.UInt64).alias(CONTENT),
            hash_.alias(HASH),
        )
        .collect()
    )


def _readable(record: bytes) -> str:
    """The record as text; bytes that are no UTF-8 are escaped."""
    return record.decode("utf-8", "backslashreplace")


def _quarantine_id(kind: str, load_id: str, position: int, record_hash: str) -> str:
    return blake2b(f"{kind}/{load_id}/{position}/{record_hash}".encode(), digest_size=16).hexdigest()
