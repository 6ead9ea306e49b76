"""Which of several records of one thing is the thing: the newest, in bronze order, and why the others are not."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import polars as pl

from warehouse.delta import Lake
from warehouse.table import TIMESTAMP, Table

ID, BORN, MOMENT, CONTENT, HASH, SEQUENCE = "_id", "_born", "_moment", "_content", "_hash", "sequence"
KNOWN_SCHEMA: dict[str, Any] = {ID: pl.String, BORN: TIMESTAMP, MOMENT: TIMESTAMP, CONTENT: pl.UInt64, HASH: pl.String}
ALWAYS = datetime(1970, 1, 1, tzinfo=UTC)
"""The moment of what never changes once it was said."""


def fold(candidates: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """Judge candidates against what is known and against each other.

    `candidates`, in bronze order, and `known`, one row per id, have ID, BORN (when the thing began), MOMENT (when the
    record last changed), CONTENT (a hash of the typed values) and HASH (of the bytes). Returns the candidates with
    `outcome`:

    - `new`: the first record of its id; `updated`: newer than all before it;
    - `unchanged`: the same as the one that stood when it came;
    - `stale`: older than that one; `conflict`: as old, with other content;
    - `moved`: it says that the thing began at another time than the first record said.

    """
    contested = candidates[ID].is_duplicated() | candidates[ID].is_in(known[ID].implode())
    rivals = candidates.filter(contested)
    stays = _begins_alike(rivals, known)
    judged = pl.select(pl.repeat("moved", rivals.height, dtype=pl.String)).to_series()
    outcomes = judged.scatter(stays.arg_true(), _contest(rivals.filter(stays), known))
    first = pl.select(pl.repeat("new", candidates.height, dtype=pl.String)).to_series()
    return candidates.with_columns(first.scatter(contested.arg_true(), outcomes).alias("outcome"))


def _begins_alike(candidates: pl.DataFrame, known: pl.DataFrame) -> pl.Series:
    """Whether each begins when the first of its id did, which always stands."""
    before = known.select(ID, pl.col(BORN).alias("_first"))
    joined = candidates.join(before, on=ID, how="left", maintain_order="left")
    first = pl.coalesce("_first", pl.col(BORN).first().over(ID))
    return joined.select(pl.col(BORN).eq_missing(first)).to_series()


def _contest(candidates: pl.DataFrame, known: pl.DataFrame) -> pl.Series:
    """Outcomes; the accepted records are the running maxima of MOMENT per id, so no row-by-row loop is needed."""
    rivals = known.select(ID, *(pl.col(c).alias(f"{c}_known") for c in (MOMENT, CONTENT, HASH)))
    joined = candidates.join(rivals, on=ID, how="left", maintain_order="left")
    earlier = pl.col(MOMENT).cum_max().shift(1).over(ID)
    judged = joined.with_columns(pl.max_horizontal(earlier, f"{MOMENT}_known").alias("_standing")).with_columns(
        (pl.col("_standing").is_null() | (pl.col(MOMENT) > pl.col("_standing"))).alias("_accepted")
    )

    def same(column: str) -> pl.Expr:
        stood = pl.when("_accepted").then(pl.col(column)).shift(1).forward_fill().over(ID)
        accepted_before = pl.col("_accepted").cum_sum().shift(1, fill_value=0).over(ID) > 0
        rival = pl.when(accepted_before).then(stood).otherwise(f"{column}_known")
        return (pl.col(column) == rival).fill_null(value=False)

    same_time = pl.col(MOMENT) == pl.col("_standing")
    outcome = (
        pl.when(pl.col("_standing").is_null())
        .then(pl.lit("new"))
        .when("_accepted")
        .then(pl.lit("updated"))
        .when(same_time & (same(HASH) | same(CONTENT)))
        .then(pl.lit("unchanged"))
        .when(same_time)
        .then(pl.lit("conflict"))
        .otherwise(pl.lit("stale"))
    )
    return judged.select(outcome.alias("outcome")).to_series()


def standing(known: pl.DataFrame, judged: pl.DataFrame) -> pl.DataFrame:
    """What is known after the judged candidates: the last accepted record of each id, else the one before."""
    accepted = judged.filter(pl.col("outcome").is_in(["new", "updated"])).select(list(KNOWN_SCHEMA))
    newest = accepted.unique(ID, keep="last", maintain_order=True)
    return pl.concat([known.join(newest, on=ID, how="anti"), newest])


class Ledger:
    """What a silver table knows of each id while typed records are judged against it, in bronze order.

    `moment`: columns of which the first that is there says how new a record is; none: what was said once never changes.
    `apart`: columns that are ours, and so no part of what a record says. `born`: the column that never changes, if any.
    Rows without the hash of a record were made from something else: the first record replaces them.
    """

    def __init__(
        self, lake: Lake, table: Table, moment: Sequence[str], apart: Sequence[str] = (), born: str | None = None
    ) -> None:
        self._lake = lake
        self._table = table
        self._key = table.primary_key[0]
        self._moment = pl.coalesce(moment) if moment else pl.lit(ALWAYS, TIMESTAMP)
        self._born = pl.col(born) if born else pl.lit(None, TIMESTAMP)
        self._said = [name for name in table.schema if name not in {"load_id", "record_hash", *apart}]
        self._hash = pl.col("record_hash") if "record_hash" in table.schema else pl.lit(None, pl.String)
        stored = self._read()
        self.stored = stored.select(ID)
        """Ids that the table had before."""
        self.known = stored.filter(pl.col(HASH).is_not_null()) if "record_hash" in table.schema else stored

    def _read(self) -> pl.DataFrame:
        """Content is hashed only where it has to be compared."""
        if not self._lake.exists(self._table):
            return pl.DataFrame(schema=KNOWN_SCHEMA)
        return self._lake.scan(self._table).select(*self._facts(pl.lit(None, pl.UInt64))).collect()

    def _facts(self, content: pl.Expr) -> list[pl.Expr]:
        named = {ID: pl.col(self._key), BORN: self._born, MOMENT: self._moment, CONTENT: content, HASH: self._hash}
        return [fact.alias(name) for name, fact in named.items()]

    def judge(self, rows: pl.DataFrame, repeated: pl.DataFrame | None = None) -> pl.DataFrame:
        """SEQUENCE, ID and `outcome` of typed `rows` and of `repeated`: records (SEQUENCE, HASH) that stand already."""
        candidates = rows.select(SEQUENCE, *self._facts(pl.struct(self._said).hash(seed=0)))
        if repeated is not None and repeated.height:
            again = repeated.join(self.known, on=HASH).select(candidates.columns)
            candidates = pl.concat([candidates, again]).sort(SEQUENCE)
        self._recall(candidates)
        judged = fold(candidates, self.known)
        self.known = standing(self.known, judged)
        return judged.select(SEQUENCE, ID, "outcome")

    def _recall(self, candidates: pl.DataFrame) -> None:
        """Hash the content of rows in the table that a record as old as they are has to be compared with."""
        unhashed = self.known.filter(pl.col(CONTENT).is_null())
        others = candidates.select(ID, MOMENT, pl.col(HASH).alias("_other"))
        rivals = unhashed.join(others, on=[ID, MOMENT]).filter(pl.col(HASH).eq(pl.col("_other")).not_().fill_null(True))
        if rivals.is_empty():
            return
        stored = self._lake.matching(self._table, rivals.select(pl.col(ID).alias(self._key)).unique())
        found = stored.select(pl.col(self._key).alias(ID), pl.struct(self._said).hash(seed=0).alias("_found"))
        joined = self.known.join(found, on=ID, how="left", maintain_order="left")
        self.known = joined.with_columns(pl.coalesce(CONTENT, "_found").alias(CONTENT)).drop("_found")
