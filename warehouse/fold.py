"""Which of several records of one thing is the thing: the newest, in bronze order, and why the others are not."""

from typing import Any

import polars as pl

ID, MOMENT, CONTENT, HASH = "_id", "_moment", "_content", "_hash"
KNOWN_SCHEMA: dict[str, Any] = {ID: pl.String, MOMENT: pl.Datetime("us", "UTC"), CONTENT: pl.UInt64, HASH: pl.String}


def fold(candidates: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """Judge candidates against what is known and against each other.

    `candidates`, in bronze order, and `known`, one row per id, have ID, MOMENT (when the record last changed), CONTENT
    (a hash of the typed values) and HASH (of the bytes). Returns the candidates with `outcome`:

    - `new`: the first record of its id; `updated`: newer than all before it;
    - `unchanged`: the same as the one that stood when it came;
    - `stale`: older than that one; `conflict`: as old, with other content.

    The accepted records are exactly the running maxima of MOMENT per id, so no row-by-row loop is needed.
    """
    joined = candidates.join(known.rename({c: f"{c}_known" for c in (MOMENT, CONTENT, HASH)}), on=ID, how="left")
    earlier = pl.col(MOMENT).cum_max().shift(1).over(ID)
    standing = pl.max_horizontal(earlier, f"{MOMENT}_known")
    judged = joined.with_columns(standing.alias("_standing")).with_columns(
        (pl.col("_standing").is_null() | (pl.col(MOMENT) > pl.col("_standing"))).alias("_accepted")
    )

    def rival(column: str) -> pl.Expr:
        accepted = pl.when("_accepted").then(pl.col(column))
        return pl.coalesce(accepted.shift(1).forward_fill().over(ID), f"{column}_known")

    same_time = pl.col(MOMENT) == pl.col("_standing")
    same = (pl.col(HASH) == rival(HASH)) | (same_time & (pl.col(CONTENT) == rival(CONTENT)))
    outcome = (
        pl.when(pl.col("_standing").is_null())
        .then(pl.lit("new"))
        .when("_accepted")
        .then(pl.lit("updated"))
        .when(same)
        .then(pl.lit("unchanged"))
        .when(same_time)
        .then(pl.lit("conflict"))
        .otherwise(pl.lit("stale"))
    )
    return judged.with_columns(outcome.alias("outcome")).select(*candidates.columns, "outcome")


def standing(known: pl.DataFrame, judged: pl.DataFrame) -> pl.DataFrame:
    """What is known after the judged candidates: the last accepted record of each id, else the one before."""
    accepted = judged.filter(pl.col("outcome").is_in(["new", "updated"])).select(list(KNOWN_SCHEMA))
    newest = accepted.unique(ID, keep="last", maintain_order=True)
    return pl.concat([known.join(newest, on=ID, how="anti"), newest])
