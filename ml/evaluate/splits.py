"""Splits that keep the future out of the past, and groups on one side."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import polars as pl
from numpy.typing import NDArray

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


def group_folds(groups: NDArray[np.int64], folds: int, *, seed: int) -> NDArray[np.int64] | None:
    """The fold, 0 to `folds` - 1, that each row is tested in; rows of a group (numbered from 0) share theirs.

    Largest groups first, each into the smallest fold; groups of one size in random order. With customers as groups no
    test ticket is by a customer of the training part, with templates none is worded like one. Fewer folds where there
    are fewer groups; None for fewer than two.
    """
    sizes = np.bincount(groups)
    used = np.flatnonzero(sizes)
    folds = min(folds, len(used))
    if folds < 2:
        return None
    used = np.random.default_rng(seed).permutation(used)
    used = used[np.argsort(-sizes[used], kind="stable")]
    filled = [0] * folds
    fold_of = np.zeros(len(sizes), np.int64)
    for group in used:
        smallest = filled.index(min(filled))
        fold_of[group] = smallest
        filled[smallest] += int(sizes[group])
    assigned: NDArray[np.int64] = fold_of[groups]
    return assigned
