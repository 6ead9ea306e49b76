"""Probabilities corrected for how many were looked at together."""

from collections.abc import Sequence

import polars as pl


def adjusted(rows: pl.DataFrame, p: str, by: Sequence[str], among: pl.Expr | None = None) -> pl.Series:
    """Holm's step-down correction (1979) within each group of rows, row by row; holds whatever depends on whatever.

    `among`: how many were looked at in the group, where rows stand for only some of them.
    """
    place = pl.int_range(pl.len()).over(by)
    ordered = rows.with_row_index("_row").sort(p, "_row")
    size = pl.len().over(by) if among is None else among
    steps = ordered.with_columns(_step=(pl.col(p) * (size - place).clip(1)).clip(upper_bound=1.0))
    found = steps.with_columns(_adjusted=pl.col("_step").cum_max().over(by))
    return found.sort("_row")["_adjusted"].rename(p)
