"""New bronze rows on their way to silver: load by load, with their bytes, typed."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl

from warehouse import mapping, threads, tombstones
from warehouse.contracts import bronze, silver
from warehouse.delta import Lake
from warehouse.envelopes import parse_events
from warehouse.errors import ContractBroken
from warehouse.fold import SEQUENCE
from warehouse.mapping import Mapping
from warehouse.parse import ARTICLE, ROW, TICKET, Refusal, parse
from warehouse.streams import ahead
from warehouse.table import Table
from warehouse.threads import Threads
from warehouse.times import AHEAD_OF_US

BATCH = 8_192
INBOX = "inbox"


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
class Typed:
    """Typed rows, and of messages also events, each with SEQUENCE, load and hash of its record.

    `refused`: bronze rows, and the refusals that name them by number.
    """

    rows: pl.DataFrame
    events: pl.DataFrame | None
    refused: list[tuple[pl.DataFrame, list[Refusal]]]

    def and_also(self, other: "Typed") -> "Typed":
        """Both, in bronze order."""
        events = [typed.events for typed in (self, other) if typed.events is not None]
        return Typed(
            pl.concat([self.rows, other.rows]).sort(SEQUENCE),
            pl.concat(events).sort(SEQUENCE) if events else None,
            [*self.refused, *other.refused],
        )


class Received:
    """What bronze gained after a sequence number, as it stands now; later rows wait for the next pass."""

    def __init__(self, lake: Lake, source: Table, target: Table, after: int) -> None:
        self._lake = lake
        self._source = source
        self._target = target
        self._after = after
        self._version = lake.version(source)
        self.stones = tombstones.read(lake.root)
        self._loads = loads(lake, source.name)
        self.threads = self._find_threads() if any(load.threaded for load in self._loads.values()) else None

    def typed(self) -> Iterator[tuple[pl.DataFrame, Load, Typed]]:
        """Bronze rows of one load after the other, in their order, and typed those that have bytes."""

        def made(parts: Iterator[tuple[pl.DataFrame, Load]]) -> Iterator[tuple[pl.DataFrame, Load, Typed]]:
            for records, load in parts:
                yield records, load, self.type(records.filter(pl.col("record").is_not_null()), load)

        with ahead(self._parts()) as parts, ahead(made(parts)) as typed:
            yield from typed

    def type(self, records: pl.DataFrame, load: Load) -> Typed:
        """Type records that have bytes."""
        content, events = records["record"].to_list(), None
        if self.threads is not None and load.rules is not None and load.threaded:
            parsed, events = self.threads.split(content, load.rules, load.loaded_at, load.latest)
        elif self._target is silver.EVENTS:
            parsed = parse_events(content, load.loaded_at, load.latest)
        else:
            shape = ARTICLE if self._target is silver.ARTICLES else TICKET
            parsed = parse(shape, content, mapping=load.rules, text=load.text, latest=load.latest)
        rows, erased = self._apart(parsed.rows)
        if events is not None:
            events, more = self._apart(events)
            erased += more
        placed = None if events is None else _placed(events, records)
        return Typed(_placed(rows, records), placed, [(records, [*map(self._told, parsed.refused), *erased])])

    def _apart(self, rows: pl.DataFrame) -> tuple[pl.DataFrame, list[Refusal]]:
        """The rows without those of who was erased, and refusals of these."""
        if not self.stones or self._target is silver.ARTICLES:
            return rows, []
        gone = tombstones.of_rows(self.stones, rows)
        return rows.filter(~gone), [_erased(row) for row in rows[ROW].filter(gone)]

    def _told(self, refusal: Refusal) -> Refusal:
        return _erased(refusal.row) if self.stones and self.stones.has("ticket", refusal.ticket_id) else refusal

    def with_bytes(self, records: pl.DataFrame, near: pl.DataFrame) -> pl.DataFrame:
        """Bronze rows with the bytes that an earlier row has in their stead: one of those `near`, or any."""
        missing = records.filter(pl.col("record").is_null()).select("record_hash").unique()
        if missing.is_empty():
            return records
        found = first_copies(near.lazy(), missing)
        elsewhere = missing.join(found, on="record_hash", how="anti")
        if elsewhere.height:
            rows = self._lake.scan(self._source, version=self._version)
            found = pl.concat([found, first_copies(rows, elsewhere)])
        filled = records.join(found, on="record_hash", how="left", maintain_order="left")
        return filled.with_columns(pl.coalesce("record", "_first").alias("record")).drop("_first")

    def _parts(self) -> Iterator[tuple[pl.DataFrame, Load]]:
        """Rows of one load each: the inbox may come before a file and again after it."""
        rows = self._lake.ordered(self._source, SEQUENCE, after=self._after, size=BATCH, version=self._version)
        for batch in rows:
            for part in batch.with_columns(pl.col("load_id").rle_id().alias("_part")).partition_by("_part"):
                load_id = str(part["load_id"][0])
                if load_id not in self._loads:
                    message = f"{self._source.path} has rows of load {load_id}, expected it in {bronze.LOADS.path}"
                    raise ContractBroken(f"{message}. Restore that table; it says how those rows are read.")
                yield part.drop("_part"), self._loads[load_id]

    def _find_threads(self) -> Threads:
        """Which message belongs to which ticket: replies may come before what they answer."""
        links = [
            threads.links(rows["record"].drop_nulls().to_list(), load.rules)
            for rows, load in self._parts()
            if load.rules is not None and load.threaded
        ]
        return Threads(self._lake, threads.roots(self._lake, links))


def _erased(row: int) -> Refusal:
    return Refusal(row, tombstones.ERASED, "whose record it is was erased, and stays so: expected no record of theirs")


def first_copies(rows: pl.LazyFrame, hashes: pl.DataFrame) -> pl.DataFrame:
    """The bytes of these records (`record_hash`, `_first`), once each, of rows of bronze."""
    wanted = pl.col("record").is_not_null() & pl.col("record_hash").is_in(hashes["record_hash"].implode())
    return rows.filter(wanted).select("record_hash", pl.col("record").alias("_first")).collect().unique("record_hash")


def _placed(rows: pl.DataFrame, records: pl.DataFrame) -> pl.DataFrame:
    """Typed rows with the place of their records instead of the number."""
    places = records.select(SEQUENCE, "load_id", "record_hash")[rows[ROW]]
    return rows.drop(ROW).with_columns(places.get_columns())


def loads(lake: Lake, kind: str) -> dict[str, Load]:
    """The loads that brought records of a kind, by id."""
    rows = lake.read(bronze.LOADS).filter(pl.col("kind") == kind)
    return {row["load_id"]: _load(row) for row in rows.iter_rows(named=True)}


def _load(row: dict[str, Any]) -> Load:
    # The inbox is one load for ever: its entries were judged when they came, by the edge that took them.
    latest = None if row["load_id"] == INBOX else row["loaded_at"] + AHEAD_OF_US
    rules = mapping.from_json(row["mapping"])
    return Load(row["load_id"], row["format"] == "csv", rules, row["loaded_at"], latest)
