"""What is compared day by day: columns of a table, vectors, and what predictions were worth."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from ml.anomaly.drift.history import Measure, Past
from ml.anomaly.drift.samples import Array, DaySamples
from ml.anomaly.drift.tables import Pair, pairs

BATCH = 8_192
"""Rows that are summed together."""
Distance = Callable[[Array, Array], Array]
"""From totals of samples of the reference, (n, k), to those of what is compared; (n,)."""


@dataclass(frozen=True)
class ColumnMeasure:
    """A column, as two tables of anyone's are compared, with the days of its rows: of the reference, and of others."""

    pair: Pair
    learned: Array
    others: Array
    seed: int
    name: str
    method: str

    def observed(self, window: slice) -> float:
        """As declared by `Measure`."""
        return self.within(window).value()

    def within(self, window: slice) -> Pair:
        """The column, with what these days hold of it."""
        return self.pair.only(np.flatnonzero((self.others >= window.start) & (self.others < window.stop)))

    def resampled(self, samples: DaySamples) -> Array:
        """As declared by `Measure`."""
        return self.pair.resampled(replace(samples, day_of=self.learned), self.seed)


@dataclass(frozen=True)
class SumMeasure:
    """What comes of sums a day, (days, k)."""

    name: str
    method: str
    sums: Array
    days: int
    distance: Distance

    def observed(self, window: slice) -> float:
        """As declared by `Measure`."""
        reference, current = (self.sums[part].sum(axis=0)[None] for part in (slice(0, self.days), window))
        return float(self.distance(reference, current)[0])

    def resampled(self, samples: DaySamples) -> Array:
        """As declared by `Measure`."""
        return self.distance(*samples.totals(self.sums[: self.days]))


def columns(rows: pl.DataFrame, past: Past, day_of: Array, *, seed: int) -> list[ColumnMeasure]:
    """Of a table whose rows are at these days: every column that can be compared."""
    reference, later = (day_of >= 0) & (day_of < past.days), day_of >= past.days
    found, _ = pairs(rows.filter(reference), rows.filter(later))
    days = day_of[reference], day_of[later]
    return [ColumnMeasure(pair, *days, seed + n, pair.name, pair.method) for n, pair in enumerate(found)]


def vectors(embedded: Array, past: Past, day_of: Array) -> list[Measure]:
    """Of vectors, (n, d): the distance of their means, which is the maximum mean discrepancy under a linear kernel
    (Gretton et al. 2012), and Evidently's distance for embeddings.

    A new topic, language or kind of text moves the mean of unit vectors; a classifier between two windows would find
    as much, but had to be fitted again for each of a thousand samples.
    """
    there = np.linalg.norm(embedded, axis=1) > 0
    sums = np.column_stack([by_day(embedded, day_of), by_day(there[:, None], day_of)])
    return [SumMeasure("mean", "euclidean", sums, past.days, _between_means)]


def quality(told: pl.DataFrame, past: Past, day_of: Array) -> list[Measure]:
    """Of labels (columns `label`, recorded, and `predicted`): how far accuracy and macro F1 fell."""
    both = pl.concat([told["label"], told["predicted"]]).rank("dense").cast(pl.Int64).to_numpy() - 1
    label, predicted = both[: told.height], both[told.height :]
    hits = np.column_stack([label == predicted, np.ones(told.height)]).astype(np.float64)
    eye = np.eye(int(both.max(initial=0)) + 1)
    said = np.column_stack([eye[label] * (label == predicted)[:, None], eye[label], eye[predicted]])
    return [
        SumMeasure("accuracy", "fall", by_day(hits, day_of), past.days, _fall_of_mean),
        SumMeasure("macro F1", "fall", by_day(said, day_of), past.days, _fall_of_f1),
    ]


def hours(told: pl.DataFrame, past: Past, day_of: Array) -> list[Measure]:
    """Of hours (`hours`, recorded, and `predicted`): how much larger the usual error is, in factors of two."""
    off = (told["hours"].clip(0.01) / told["predicted"].clip(0.01)).log(2).abs().to_numpy()
    # What has risen is what has fallen on the other side of nothing.
    sums = by_day(np.column_stack([-off, np.ones(told.height)]), day_of)
    return [SumMeasure("error", "rise of |log2|", sums, past.days, _fall_of_mean)]


def by_day(values: Array, day_of: Array) -> Array:
    """Sums of rows, (n, k), over each day from 0 on, (days, k)."""
    sums = np.zeros((int(day_of.max(initial=0)) + 1, values.shape[1]))
    for start in range(0, len(values), BATCH):
        days, part = day_of[start : start + BATCH], values[start : start + BATCH]
        np.add.at(sums, days[days >= 0], part[days >= 0].astype(np.float64))
    return sums


def _between_means(reference: Array, current: Array) -> Array:
    first, second = (side[:, :-1] / np.maximum(side[:, -1:], 1) for side in (reference, current))
    return np.where((reference[:, -1] > 0) & (current[:, -1] > 0), np.linalg.norm(first - second, axis=1), 0.0)


def _fall_of_mean(reference: Array, current: Array) -> Array:
    first, second = (side[:, 0] / np.maximum(side[:, 1], 1) for side in (reference, current))
    return np.where((reference[:, 1] > 0) & (current[:, 1] > 0), first - second, 0.0)


def _fall_of_f1(reference: Array, current: Array) -> Array:
    first, second = (_macro_f1(side) for side in (reference, current))
    return first - second


def _macro_f1(totals: Array) -> Array:
    hits, recorded, predicted = np.split(totals, 3, axis=1)
    there = recorded + predicted > 0
    scores = np.where(there, 2 * hits / np.maximum(recorded + predicted, 1), 0.0)
    return np.asarray(scores.sum(axis=1) / np.maximum(there.sum(axis=1), 1))
