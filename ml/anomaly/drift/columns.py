"""How far a column of one table is from that of another: Evidently's distances, from counts.

The same two distances that Evidently's report shows, so that the report is the picture of what is judged here; from
counts, because a thousand samples of the reference are compared at a time.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from ml.anomaly.drift.samples import Array, Samples

WASSERSTEIN = "wasserstein"
JENSEN_SHANNON = "jensenshannon"
FEW = 5
"""Numbers of so few different values are labels, as they are to Evidently."""
FINE = 512
"""Different values beyond which samples are counted by quantiles of the reference."""
LEAST_SPREAD = 0.001
MISSING = "(missing)"


@dataclass(frozen=True)
class Numbers:
    """A column of numbers, without those that are missing (NaN).

    Wasserstein distance in standard deviations of the reference: by how much of them values have moved, on average.
    One wild value is no drift: `within` says where all that lies farther out is taken to be.
    """

    name: str
    reference: Array
    within: tuple[float, float]
    method: str = WASSERSTEIN

    @classmethod
    def of(cls, name: str, values: Array) -> "Numbers":
        """Of the values of a reference; its inner 99 % may be left by as much as they span, on either side."""
        given = values[~np.isnan(values)]
        low, high = np.quantile(given, (0.005, 0.995)) if given.size else (0.0, 0.0)
        within = (float(2 * low - high), float(2 * high - low))
        return cls(name, np.clip(values, *within), within)

    def distance(self, current: Array) -> float:
        """From the reference to these values; 0 where either has none."""
        given, compared = (side[~np.isnan(side)] for side in (self.reference, np.clip(current, *self.within)))
        if not given.size or not compared.size:
            return 0.0
        grid, codes = np.unique(np.concatenate([given, compared]), return_inverse=True)
        sides = (codes[: given.size], codes[given.size :])
        first, second = (np.bincount(side, minlength=grid.size)[None].astype(float) for side in sides)
        return float(_wasserstein(grid, first, second)[0])

    def resampled(self, samples: Samples, seed: int) -> Array:
        """The distance between the two samples of each pair."""
        given = self.reference[~np.isnan(self.reference)]
        if not given.size:
            return np.zeros(samples.draws)
        grid = np.unique(given)
        if grid.size > FINE:
            grid = np.unique(np.quantile(given, np.linspace(0, 1, FINE)))
        # The last cell is that of missing values, which are drawn with their rows and then left out.
        nearest = np.searchsorted((grid[1:] + grid[:-1]) / 2, self.reference)
        codes = np.where(np.isnan(self.reference), grid.size, nearest)
        first, second = samples.counts(codes, grid.size + 1)
        return _wasserstein(grid, first[:, :-1], second[:, :-1])


@dataclass(frozen=True)
class Labels:
    """A column of labels; a missing one is a label, too. Jensen-Shannon distance of the two mixes (natural logarithm).

    Labels that the reference never showed come in samples as often as those it showed once let expect (Good 1953),
    so that a rare label that is seen for the first time is no drift, and one that keeps coming is.
    """

    name: str
    reference: pl.Series
    """Strings."""
    method: str = JENSEN_SHANNON

    def distance(self, current: pl.Series) -> float:
        """From the reference to these labels; 0 where either has none."""
        if not len(self.reference) or not len(current):
            return 0.0
        both = pl.concat([self.reference, current]).rank("dense").cast(pl.Int64).to_numpy() - 1
        cells, rows = int(both.max()) + 1, len(self.reference)
        first, second = (np.bincount(side, minlength=cells)[None] for side in (both[:rows], both[rows:]))
        return float(_jensen_shannon(first, second)[0])

    def resampled(self, samples: Samples, seed: int) -> Array:
        """The distance between the two samples of each pair."""
        if not len(self.reference):
            return np.zeros(samples.draws)
        codes = self.reference.rank("dense").cast(pl.Int64).to_numpy() - 1
        cells = int(codes.max()) + 1
        first, second = samples.counts(codes, cells + 1)
        once = int((np.bincount(codes) == 1).sum())
        if once or cells == 1:
            second = _with_unseen(second, max(once, 1), len(codes), seed)
        return _jensen_shannon(first, second)


Column = Numbers | Labels


def _with_unseen(counts: Array, once: int, rows: int, seed: int) -> Array:
    """Counts, (n, k), of which some rows are of the last cell instead: as many as chance may bring of labels that a
    reference of so many rows, of which `once` hold a label of their own, did not show."""
    rng = np.random.default_rng(seed)
    totals = counts.sum(axis=1).astype(np.int64)
    unseen = rng.binomial(totals, rng.beta(once, rows - once + 1, len(counts)))
    found = counts * (1 - unseen / np.maximum(totals, 1))[:, None]
    found[:, -1] = unseen
    return np.asarray(found)


def _wasserstein(grid: Array, reference: Array, current: Array) -> Array:
    """Of counts at the values of `grid`, (n, k) each, in standard deviations of the reference."""
    first, second = (_shares(side) for side in (reference, current))
    gaps = np.abs(np.cumsum(first, axis=1) - np.cumsum(second, axis=1))[:, :-1]
    centred = grid - grid.mean()
    spread = np.sqrt(np.maximum(first @ centred**2 - (first @ centred) ** 2, 0))
    there = (reference.sum(axis=1) > 0) & (current.sum(axis=1) > 0)
    return np.where(there, gaps @ np.diff(grid) / np.maximum(spread, LEAST_SPREAD), 0.0)


def _jensen_shannon(reference: Array, current: Array) -> Array:
    """Of counts, (n, k) each."""
    first, second = (_shares(side) for side in (reference, current))
    middle = (first + second) / 2
    told = sum(_times_log(side, middle).sum(axis=1) for side in (first, second))
    return np.asarray(np.sqrt(np.maximum(told, 0) / 2))


def _times_log(share: Array, middle: Array) -> Array:
    return np.where(share > 0, share * np.log(np.where(share > 0, share, 1) / np.where(middle > 0, middle, 1)), 0.0)


def _shares(counts: Array) -> Array:
    return np.asarray(counts / np.maximum(counts.sum(axis=1, keepdims=True), 1e-9))
