"""Which of many distances are larger than chance: thresholds from samples, for all columns together."""

from dataclasses import dataclass

import numpy as np

from ml.anomaly.drift.samples import Array

ALPHA = 0.01
USUAL = 0.99
LEAST_UNITS = 3.0


@dataclass(frozen=True)
class Judged:
    """What was found of one column. Distances above `threshold` have `p` of at most alpha.

    `p` is the share of samples in which any column is as far from its usual distance, `alone` in which this one is.
    """

    value: float
    threshold: float
    p: float
    alone: float
    drifted: bool


def judge(values: Array, resampled: Array, units: float, *, alpha: float = ALPHA) -> list[Judged]:
    """Judge distances, (columns,), by those between samples of the reference, (columns, draws).

    Single-step max-T (Westfall & Young 1993): a column drifts where it is farther than, in a share alpha of samples,
    the farthest of all columns is; distances are compared from their own median, in units of their own highest
    hundredth. Columns that move together are in each sample together, and cost no more than one. How much `units`
    independent parts vary is itself known only so well: distances are widened as Student's t is beside the normal.
    """
    resampled = resampled * _widened(units)
    middle = np.median(resampled, axis=1)
    spread = np.quantile(resampled, USUAL, axis=1) - middle
    widest = resampled.max(axis=1) - middle
    spread = np.where(spread > 0, spread, np.where(widest > 0, widest, 1e-9))
    farthest = ((resampled - middle[:, None]) / spread[:, None]).max(axis=0)
    limit = np.quantile(farthest, 1 - alpha, method="higher")
    thresholds = middle + max(limit, 0) * spread
    draws = resampled.shape[1]
    found = []
    for place, value in enumerate(values):
        # A distance that differs from a sample's in the last digits is the same.
        least = value * (1 - 1e-6)
        own = (resampled[place] >= least).sum()
        any_as_far = (farthest >= (least - middle[place]) / spread[place]).sum()
        p, alone = (any_as_far + 1) / (draws + 1), (own + 1) / (draws + 1)
        drifted = bool(value > thresholds[place] * (1 + 1e-6) and p <= alpha)
        found.append(Judged(float(value), float(thresholds[place]), float(p), float(alone), drifted))
    return found


def _widened(units: float) -> float:
    """How much farther the 99 % interval of a mean of so many parts reaches than were its variance known."""
    from scipy.special import ndtri, stdtrit

    tail = 1 - (1 - USUAL) / 2
    return float(stdtrit(max(units, LEAST_UNITS) - 1, tail) / ndtri(tail))
