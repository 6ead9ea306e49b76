"""Two tables of anyone's: which columns of the one are not as in the other."""

import math
from dataclasses import dataclass

import numpy as np
import polars as pl

from ml.anomaly.drift.judging import ALPHA, Judged, judge
from ml.anomaly.drift.samples import LEAST_DAYS, DaySamples, RowSamples, Samples, days_alike
from ml.anomaly.drift.tables import Pair, pairs

LEAST_ROWS = 20
"""Of the reference; from fewer nothing can be said of what chance does, and nothing is called drifted."""
MOST_ROWS = 50_000
"""Of each table; of more, so many are drawn."""


@dataclass(frozen=True)
class Comparison:
    """What was compared, what was found of each, why others were not compared, and how the reference was resampled."""

    compared: list[Pair]
    found: list[Judged]
    refused: dict[str, str]
    resampled: str
    rows: tuple[int, int]


def compare(
    reference: pl.DataFrame, current: pl.DataFrame, *, time: str | None = None, seed: int = 0, alpha: float = ALPHA
) -> Comparison:
    """Compare every column that both have. `time` names a column of moments in the reference: then whole days are
    resampled, in blocks of a week, where it spans at least `LEAST_DAYS` of them and what is compared holds at least
    the rows of one; else single rows.
    """
    reference, current = (
        side.sample(MOST_ROWS, seed=seed) if side.height > MOST_ROWS else side for side in (reference, current)
    )
    if time is not None:
        reference = reference.drop_nulls(time).sort(time)
    apart = [name for name in (time,) if name is not None]
    rows = (reference.height, current.height)
    compared, refused = pairs(reference.drop(apart), current.drop(apart, strict=False))
    values = np.array([pair.value() for pair in compared])
    if not compared or reference.height < LEAST_ROWS or current.is_empty():
        unknown = [Judged(value, math.inf, 1.0, 1.0, False) for value in values.tolist()]
        return Comparison(compared, unknown, refused, "nothing: too few rows", rows)
    samples, resampled = _samples(reference, current.height, time, seed)
    drawn = np.stack([pair.resampled(samples, seed + 1) for pair in compared])
    found = judge(values, drawn, samples.units, alpha=alpha)
    return Comparison(compared, found, refused, resampled, rows)


def _samples(reference: pl.DataFrame, rows: int, time: str | None, seed: int) -> tuple[Samples, str]:
    if time is not None:
        dates = reference[time].dt.date()
        day_of = (dates - dates.min()).dt.total_days().to_numpy()
        days = int(day_of.max()) + 1
        length = days_alike(rows, reference.height, days)
        if days >= LEAST_DAYS and length:
            return DaySamples.drawn(day_of, days, length, seed=seed), f"blocks of 7 of {days} days by {time}"
    return RowSamples(reference.height, rows, seed), "rows"
