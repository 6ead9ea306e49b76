"""Labels of a target as numbers, and rows as members of groups."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

Labels = NDArray[np.int64]
WITHIN = {"subcategory": "category"}
"""A target that lies within another is judged by what it adds to that one, which is taken as known."""
TARGETS = (
    "category",
    "subcategory",
    "priority",
    "severity",
    "customer_sentiment",
    "resolution_code",
    "escalated",
    "satisfaction_score",
    "resolution_time_hours",
)
BINNED = {"resolution_time_hours": ("fast", "middle", "slow")}
LEAST_OF_CLASS = 10


@dataclass(frozen=True)
class Labelled:
    """One label a row, numbered from 0, and the label that it lies within (0 throughout where there is none)."""

    y: Labels
    parents: Labels
    classes: int

    def rows(self, keep: Labels) -> "Labelled":
        """Some of the rows, in this order."""
        return Labelled(self.y[keep], self.parents[keep], self.classes)


def labelled(rows: pl.DataFrame, target: str) -> tuple[Labelled, Labels]:
    """Labels of all rows, and the rows that have one which at least `LEAST_OF_CLASS` share; others have -1."""
    values = rows[target]
    if target in BINNED:
        values = values.cast(pl.Float64).qcut(3, labels=list(BINNED[target]), allow_duplicates=True)
    text = values.cast(pl.String)
    counts = text.drop_nulls().value_counts(name="n").filter(pl.col("n") >= LEAST_OF_CLASS).sort(target)
    codes = pl.Series(range(counts.height), dtype=pl.Int64)
    y = text.replace_strict(counts[target], codes, default=-1, return_dtype=pl.Int64).fill_null(-1).to_numpy()
    parents = numbered(rows[WITHIN[target]].fill_null("")) if target in WITHIN else np.zeros(rows.height, np.int64)
    return Labelled(y, parents, counts.height), np.flatnonzero(y >= 0)


def numbered(values: pl.Series) -> Labels:
    """Equal values have equal numbers, from 0 in the order of the values."""
    found: Labels = values.rank("dense").to_numpy().astype(np.int64) - 1
    return found


def same_texts(rows: pl.DataFrame) -> Labels:
    """Rows whose subject and description are equal but for case and white space have the same number."""
    words = [pl.col(name).fill_null("") for name in ("subject", "description")]
    plain = rows.select(pl.concat_str(words, separator="\n")).to_series()
    return numbered(plain.str.to_lowercase().str.replace_all(r"\s+", " "))
