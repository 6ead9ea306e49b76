"""How rare what `lasting` says is, where nothing happens: from the table that `tabulate` simulated."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ml.anomaly import tabulate
from ml.anomaly.counts import SMALLEST

Floats = NDArray[np.float64]
RESOLVED = 0.002
"""Probabilities below are too rare to have been counted: beyond, their logarithm goes on in a straight line."""


def curves(mean: Floats, phi: Floats, error: Floats) -> Floats:
    """Log probability that quiet odds reach each of `tabulate.ODDS`: (points, odds) for arrays of points."""
    return _blend(_tables()[0], mean, phi, error)


def of_odds(odds: Floats, mean: Floats, phi: Floats, error: Floats) -> Floats:
    """The probability of such log odds or higher in a quiet series of this kind; arrays of one dimension."""
    return at(odds, curves(mean, phi, error), tabulate.ODDS)


def of_sums(sums: Floats, mean: Floats, phi: Floats, error: Floats) -> Floats:
    """The same for the cumulative sum."""
    return at(sums, _blend(_tables()[1], mean, phi, error), tabulate.SUMS)


def at(values: Floats, logs: Floats, grid: Floats) -> Floats:
    """Each value's probability on its own curve (points, grid), or on one curve (grid,); in (0, 1]."""
    lines = np.atleast_2d(logs)
    apart = grid[1] - grid[0]
    place = (np.maximum(values, grid[0]) - grid[0]) / apart
    left = np.minimum(place.astype(np.int64), len(grid) - 2)
    row = np.arange(len(values)) if len(lines) > 1 else np.zeros(len(values), dtype=np.int64)
    low, high = lines[row, left], lines[row, left + 1]
    found = np.exp(np.maximum(low + (place - left) * (high - low), -690.0))
    return np.where(values < grid[0], 1.0, np.clip(found, SMALLEST, 1.0))


@lru_cache(maxsize=1)
def _tables() -> tuple[Floats, Floats]:
    with np.load(tabulate.FILE, allow_pickle=False) as stored:
        odds, sums = stored["odds"].astype(np.float64), stored["sums"].astype(np.float64)
    return _straightened(odds, tabulate.ODDS), _straightened(sums, tabulate.SUMS)


def _straightened(survival: Floats, grid: Floats) -> Floats:
    """Logarithms, with a straight line where too little was counted."""
    flat = survival.reshape(-1, len(grid))
    logs = np.log(np.maximum(flat, 1e-12))
    for line, shares in zip(logs, flat, strict=True):
        last = max(int((shares >= RESOLVED).sum()) - 1, 0)
        first = min(int((shares >= 8 * RESOLVED).sum()), max(last - 2, 0))
        slope = (line[last] - line[first]) / max(grid[last] - grid[first], 1e-9) if last > first else -1.0
        line[last + 1 :] = line[last] + np.clip(slope, -1.5, -0.6) * (grid[last + 1 :] - grid[last])
    return np.minimum.accumulate(logs, axis=1).reshape(survival.shape)


def _blend(table: Floats, mean: Floats, phi: Floats, error: Floats) -> Floats:
    """Between the eight cells around each point."""
    m, dm = _place(np.log(np.maximum(mean, 1e-9)), tabulate.LOG_MEANS)
    f, df = _place(np.log(np.maximum(phi, 1.0)), tabulate.LOG_PHIS)
    e, de = _place(error, tabulate.ERRORS)
    found = np.zeros((len(mean), table.shape[-1]))
    for corner in range(8):
        up, wide, far = corner & 1, corner >> 1 & 1, corner >> 2 & 1
        share = np.where(up, dm, 1 - dm) * np.where(wide, df, 1 - df) * np.where(far, de, 1 - de)
        found += share[:, None] * table[m + up, f + wide, e + far]
    return found


def _place(values: Floats, grid: Floats) -> tuple[NDArray[np.int64], Floats]:
    inside = np.clip(values, grid[0], grid[-1])
    left = np.clip(np.searchsorted(grid, inside, "right") - 1, 0, len(grid) - 2).astype(np.int64)
    return left, (inside - grid[left]) / (grid[left + 1] - grid[left])
