"""Answers as tables of errors."""

from collections.abc import Sequence

import numpy as np
import polars as pl

from ml.errors.answered import PROPERTIES, Answered
from warehouse.contracts.errors import CONFIDENCE, CONFUSIONS, HARDEST, IMPORTANCE, SLICES
from warehouse.table import Table

FEWEST = 30
"""Tickets of a slice."""
SHOWN = 20
"""Of the hardest."""
CHANCE = 0.05
"""The share of slices called worse that may be so by chance."""


def table_rows(answers: Sequence[Answered]) -> dict[Table, pl.DataFrame]:
    """The rows of every table of errors."""
    made = {
        CONFUSIONS: [_of(one, confusions(one.rows)) for one in answers],
        CONFIDENCE: [_of(one, confidence(one.rows)) for one in answers],
        HARDEST: [_of(one, hardest(one.rows)) for one in answers],
        SLICES: [_of(one, slices(one.rows)) for one in answers],
        IMPORTANCE: [_of(one, one.importance) for one in answers],
    }
    return {
        table: pl.concat([pl.DataFrame(schema=table.schema), *(f.select(table.schema.names()) for f in frames)])
        for table, frames in made.items()
    }


def confusions(rows: pl.DataFrame) -> pl.DataFrame:
    """`label`, `predicted`, `tickets`."""
    counted = rows.group_by("label", "predicted").agg(pl.len().cast(pl.Int64).alias("tickets"))
    return counted.sort("label", "predicted")


def confidence(rows: pl.DataFrame) -> pl.DataFrame:
    """`tenth`, `tickets`, mean `confidence` and share `right`: a reliability curve (Guo et al., 2017)."""
    tenth = (pl.col("confidence") * 10).floor().clip(0, 9).cast(pl.Int64).alias("tenth")
    return (
        rows.group_by(tenth)
        .agg(pl.len().cast(pl.Int64).alias("tickets"), pl.col("confidence").mean(), _right().mean().alias("right"))
        .sort("tenth")
    )


def hardest(rows: pl.DataFrame) -> pl.DataFrame:
    """The wrong answers that were given with most confidence: `rank`, `ticket_id`, `label`, `predicted`, `confidence`.

    None where all answers have one confidence.
    """
    if rows["confidence"].n_unique() < 2:
        rows = rows.clear()
    wrong = rows.filter(~_right()).sort("confidence", "ticket_id", descending=[True, False]).head(SHOWN)
    return wrong.select(
        pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias("rank"), "ticket_id", "label", "predicted", "confidence"
    )


def slices(rows: pl.DataFrame) -> pl.DataFrame:
    """How often tickets that share a property are answered rightly, beside all others.

    Two-sided, Fisher's exact test (1922) of right and wrong inside and outside the slice, over all slices of the target
    adjusted for the rate of false discoveries (Benjamini and Hochberg, 1995).
    """
    from scipy.stats import false_discovery_control, fisher_exact

    counted = [
        rows.group_by(pl.lit(name).alias("property"), pl.col(name).alias("value")).agg(
            pl.len().cast(pl.Int64).alias("tickets"), _right().sum().cast(pl.Int64).alias("hits")
        )
        for name in PROPERTIES
    ]
    every, hits = rows.height, int(rows.select(_right().sum()).item())
    large = (pl.col("tickets") >= FEWEST) & (pl.col("tickets") < every)
    found = pl.concat(counted).filter(large).sort("property", "value")
    inside = found.select("hits", "tickets").rows()
    p_values = [fisher_exact([[h, n - h], [hits - h, every - n - (hits - h)]]).pvalue for h, n in inside]
    adjusted = false_discovery_control(p_values) if p_values else np.array([])
    elsewhere = (hits - pl.col("hits")) / (every - pl.col("tickets"))
    return found.select(
        "property",
        "value",
        "tickets",
        (pl.col("hits") / pl.col("tickets")).alias("right"),
        elsewhere.alias("right_elsewhere"),
        pl.Series("p_value", p_values, dtype=pl.Float64),
        pl.Series("q_value", adjusted, dtype=pl.Float64),
    ).with_columns(((pl.col("q_value") <= CHANCE) & (pl.col("right") < pl.col("right_elsewhere"))).alias("worse"))


def _right() -> pl.Expr:
    return pl.col("label") == pl.col("predicted")


def _of(one: Answered, rows: pl.DataFrame) -> pl.DataFrame:
    return rows.with_columns(pl.lit(one.target).alias("target"), pl.lit(one.model).alias("model"))
