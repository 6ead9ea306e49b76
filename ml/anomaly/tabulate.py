"""Write null.npz, the table of what `lasting` says of quiet series: `python -m ml.anomaly.tabulate` (a minute).

Simulated: counts of a constant mean, seen by a detector that has that mean with an error, as one fitted to a finite
history has.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ml.anomaly.lasting import LEAST_MEAN, Memory, follow, heard, ratios

Floats = NDArray[np.float64]
FILE = Path(__file__).with_name("null.npz")
LOG_MEANS = np.linspace(np.log(LEAST_MEAN), 6.0, 24)
LOG_PHIS = np.log([1.0, 1.2, 1.5, 2.0, 3.0, 5.0, 8.0, 15.0])
ERRORS = np.array([0.0, 0.02, 0.06, 0.15, 0.4, 1.0, 3.0])
"""Variance of the mean's error, in units of the counts' own variance."""
ODDS = np.linspace(-3.0, 9.0, 49)
SUMS = np.linspace(0.0, 24.0, 49)
SERIES = 1500
WARM = 48
"""Steps before one that is counted."""
COUNTED = 16
SEED = 20131


def cell(mean: float, phi: float, error: float, random: np.random.Generator) -> tuple[Floats, Floats]:
    """Shares of quiet steps at or above each of `ODDS`, and of `SUMS`; what ties with one counts half."""
    variance = error * phi / mean
    truth = mean * (random.gamma(1 / variance, variance, (SERIES, 1)) if error else np.ones((SERIES, 1)))
    steps = (SERIES, WARM + COUNTED)
    rate = random.gamma(truth / (phi - 1), phi - 1, steps) if phi > 1 else np.broadcast_to(truth, steps)
    counts = random.poisson(rate)
    seen, back = np.unique(counts, return_inverse=True)
    wide = np.full(len(seen), phi * (1 + error))
    shifts, rises = ratios(seen.astype(np.float64), np.full(len(seen), mean), wide)
    back = back.reshape(steps)
    odds, sums, _ = follow(shifts[back], rises[back], Memory.fresh(SERIES))
    odds = heard(odds, counts.astype(np.float64), np.full(1, mean))
    return _survival(odds[:, WARM:], ODDS), _survival(sums[:, WARM:], SUMS)


def _survival(values: Floats, at: Floats) -> Floats:
    ordered = np.sort(values.ravel())
    size = len(ordered)
    below, upto = np.searchsorted(ordered, at - 1e-9), np.searchsorted(ordered, at + 1e-9)
    found: Floats = ((size - below) + (size - upto)) / 2 / size
    return found


def main() -> None:
    """Simulate every cell."""
    random = np.random.default_rng(SEED)
    shape = (len(LOG_MEANS), len(LOG_PHIS), len(ERRORS))
    odds, sums = np.empty((*shape, len(ODDS))), np.empty((*shape, len(SUMS)))
    for place in np.ndindex(shape):
        mean, phi, error = np.exp(LOG_MEANS[place[0]]), np.exp(LOG_PHIS[place[1]]), ERRORS[place[2]]
        odds[place], sums[place] = cell(float(mean), float(phi), float(error), random)
    np.savez_compressed(FILE, odds=odds.astype(np.float32), sums=sums.astype(np.float32))


if __name__ == "__main__":
    main()
