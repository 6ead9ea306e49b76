"""Splits that keep the future out of the past."""

from dataclasses import dataclass
from datetime import datetime

import polars as pl

PARTS = ("train", "validation", "test")


@dataclass(frozen=True)
class TimeSplit:
    """Training ends before `validation_from`, validation before `test_from`; the test part is the most recent."""

    first: datetime
    validation_from: datetime
    test_from: datetime
    last: datetime

    def part(self, time: str = "created_at") -> pl.Expr:
        """For each row the part, one of `PARTS`, that its time falls into."""
        at = pl.col(time)
        later = pl.when(at < self.test_from).then(pl.lit("validation")).otherwise(pl.lit("test"))
        return pl.when(at < self.validation_from).then(pl.lit("train")).otherwise(later)


def time_split(times: pl.Series, *, train: float = 0.70, validation: float = 0.15) -> TimeSplit | None:
    """Split by time into about these shares; rows of the same instant stay together.

    None where that leaves a part empty: too few rows, or all of one instant.
    """
    ordered = times.sort()
    if ordered.is_empty():
        return None
    first, last = ordered[0], ordered[-1]
    at = ordered[int(len(ordered) * train)]
    test = ordered[min(int(len(ordered) * (train + validation)), len(ordered) - 1)]
    return TimeSplit(first, at, test, last) if first < at < test else None
