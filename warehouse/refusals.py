"""What becomes of refused records: a row in quarantine, with the record, its place and the reason."""

from dataclasses import dataclass
from hashlib import blake2b

import polars as pl

from warehouse.contracts import silver
from warehouse.delta import Lake
from warehouse.parse import ROW, Refusal
from warehouse.tombstones import ERASED, Tombstones

FLUSH_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True)
class Late:
    """Why a record that keeps the contract does not stand beside the one that does."""

    reason: str
    detail: str
    field: str | None = None


LATE = {
    "stale": Late("stale", "the record is older than the one that stands, expected a later updated_at"),
    "conflict": Late(
        "conflict", "the record is as old as the one that stands but says something else, expected a later updated_at"
    ),
    "moved": Late(
        "conflict",
        "the record was created at another time than the one that stands, expected the same created_at, or another id",
        "created_at",
    ),
}
REASONS: dict[str, pl.DataType | type[pl.DataType]] = {
    ROW: pl.Int64,
    "reason": pl.String,
    "detail": pl.String,
    "field": pl.String,
    "ticket_id": pl.String,
}


class Refusals:
    """The refused records of one kind on their way into quarantine.

    A row's key follows from its place, so writing it again changes nothing: rows may be written before the pass ends.
    """

    def __init__(self, lake: Lake, kind: str, stones: Tombstones) -> None:
        self._lake = lake
        self._kind = kind
        self._stones = stones
        self._waiting: list[pl.DataFrame] = []
        self._erased = [pl.DataFrame(schema={"sequence": pl.Int64, "record_hash": pl.String})]

    def add(self, placed: pl.DataFrame, refused: list[Refusal]) -> None:
        """Take the refusals of a batch, which name its bronze rows `placed` by number."""
        if not refused:
            return
        said = [(r.row, r.reason, r.detail, r.field, r.ticket_id) for r in refused]
        reasons = pl.DataFrame(said, schema=REASONS, orient="row")
        found = pl.concat([reasons, placed[reasons[ROW]]], how="horizontal")
        gone = pl.col("reason") == ERASED
        self._erased.append(found.filter(gone).select("sequence", "record_hash"))
        text = pl.col("record").map_elements(_readable, return_dtype=pl.String).fill_null("")
        marked = pl.col("record_hash").map_elements(self._stones.marked, return_dtype=pl.String)
        rows = found.with_columns(
            pl.when(gone).then(pl.lit("")).otherwise(text).alias("record"),
            pl.when(gone).then(marked).otherwise("record_hash").alias("record_hash"),
        ).with_columns(
            pl.lit(self._kind).alias("kind"),
            pl.struct("load_id", "position", "record_hash")
            .map_elements(lambda place: self._id(*place.values()), return_dtype=pl.String)
            .alias("quarantine_id"),
        )
        self._waiting.append(rows.select(silver.QUARANTINE.schema.names()))
        if sum(frame.estimated_size() for frame in self._waiting) > FLUSH_BYTES:
            self.write()

    def write(self) -> None:
        """Commit what waits; the table exists afterwards."""
        if not self._waiting:
            self._lake.ensure(silver.QUARANTINE)
            return
        rows = pl.concat(self._waiting).unique("quarantine_id", keep="first", maintain_order=True)
        self._lake.merge(silver.QUARANTINE, rows)
        self._waiting.clear()

    def erased(self) -> pl.DataFrame:
        """Bronze rows (`sequence`, `record_hash`) that were refused because whose they are was erased."""
        return pl.concat(self._erased)

    def before(self, hashes: pl.Series) -> pl.Series:
        """Of these hashes of records those that were refused at some time."""
        refused = [frame["record_hash"] for frame in self._waiting]
        if self._lake.exists(silver.QUARANTINE):
            stored = self._lake.scan(silver.QUARANTINE).select("record_hash")
            refused.append(stored.filter(pl.col("record_hash").is_in(hashes.implode())).collect()["record_hash"])
        return hashes.filter(hashes.is_in(pl.concat(refused).implode())) if refused else hashes.clear()

    def _id(self, load_id: str, position: int, record_hash: str) -> str:
        place = f"{self._kind}/{load_id}/{position}/{record_hash}"
        return blake2b(place.encode(), digest_size=16).hexdigest()


def _readable(record: bytes) -> str:
    """The record as text; bytes that are no UTF-8 are escaped."""
    return record.decode("utf-8", "backslashreplace")
