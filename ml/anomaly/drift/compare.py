"""Two tables of anyone's: which columns of the one are not as in the other."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from ml.anomaly.drift.judging import ALPHA, Judged, judge
from ml.anomaly.drift.samples import LEAST_DAYS, DaySamples, RowSamples, Samples, days_alike
from ml.anomaly.drift.tables import Pair, pairs

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
    resampled, in blocks of a week, where it spans at least `LEAST_DAYS` of them; else single rows.
    """
    reference, current = (
        side.sample(MOST_ROWS, seed=seed) if side.height > MOST_ROWS else side for side in (reference, current)
    )
    if time is not None:
        reference = reference.drop_nulls(time).sort(time)
    apart = [name for name in (time,) if name is not None]
    compared, refused = pairs(reference.drop(apart), current.drop(apart, strict=False))
    samples, resampled = _samples(reference, current.height, time, seed)
    if not compared:
        return Comparison([], [], refused, resampled, (reference.height, current.height))
    values = np.array([pair.value() for pair in compared])
    drawn = np.stack([pair.resampled(samples, seed + 1) for pair in compared])
    found = judge(values, drawn, samples.units, alpha=alpha)
    return Comparison(compared, found, refused, resampled, (reference.height, current.height))


def _samples(reference: pl.DataFrame, rows: int, time: str | None, seed: int) -> tuple[Samples, str]:
    if time is not None and reference.height:
        since_first = reference[time].cast(pl.Datetime("us")).dt.date() - reference[time].cast(pl.Date).min()
        day_of = since_first.dt.total_days().to_numpy()
        days = int(day_of.max()) + 1
        if days >= LEAST_DAYS:
            length = days_alike(rows, reference.height, days)
            return DaySamples.drawn(day_of, days, length, seed=seed), f"blocks of 7 of {days} days by {time}"
    return RowSamples(max(reference.height, 1), max(rows, 1), seed), "rows"

