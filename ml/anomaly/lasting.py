"""Whether counts are raised now, and have been for a while: what a single count cannot show.

`odds` are those of an outbreak in progress: a hidden state, absent or one of five sizes, that begins and ends at
random (Le Strat and Carrat, "Monitoring epidemiologic surveillance data using hidden Markov models", Statistics in
Medicine 1999), filtered forward. Other than the sum over a window it does not ring on after the last raised count.
`cusum` is the likelihood ratio's, for small rises that stay (Höhle and Paul, "Count data regression charts for the
monitoring of surveillance time series", 2008).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml.anomaly.counts import log_ratio

Floats = NDArray[np.float64]
SIZES = (0.5, 1.0, 2.0, 4.0, 8.0)
"""By how many standard deviations an outbreak raises a step's mean."""
LENGTH = 3.0
"""Steps that an outbreak lasts on average."""
BEGINS = 0.1
"""The chance of one at each step. Its value moves all odds alike; what they are worth is read from the quiet ones."""
RISE = 0.5
"""Standard deviations of the lasting rise that `cusum` listens for."""
MOST_AT_ONCE = 4.0
"""Standard deviations by which a step raises the sum at most: a burst is no slow rise, and must not ring on as one."""
STEEPEST = 60.0
LEAST_MEAN = 0.004
"""Of a step: below, one count is as strange as it gets."""


@dataclass(frozen=True)
class Memory:
    """What is remembered from one step to the next: the chance of each size (series, sizes), and the sum (series,)."""

    sizes: Floats
    sum: Floats

    @classmethod
    def fresh(cls, series: int) -> "Memory":
        """Nothing has happened yet."""
        return cls(np.zeros((series, len(SIZES))), np.zeros(series))

    def take(self, places: NDArray[np.int64]) -> "Memory":
        """Of some series."""
        return Memory(self.sizes[places], self.sum[places])


def ratios(counts: Floats, mean: Floats, phi: Floats) -> tuple[Floats, Floats]:
    """Likelihood ratios of each size, with a last axis more than `counts`, and the log ratio of the lasting rise."""
    deviation = np.sqrt(phi * mean)
    added = deviation[..., None] * np.array(SIZES)
    logs = log_ratio(counts[..., None], mean[..., None], added, phi[..., None])
    capped = np.minimum(counts, mean + MOST_AT_ONCE * np.maximum(deviation, 1.0))
    return np.exp(np.clip(logs, -STEEPEST, STEEPEST)), log_ratio(capped, mean, RISE * deviation, phi)


def heard(odds: Floats, counts: Floats, mean: Floats) -> Floats:
    """Odds that may alarm: a count that is not above its mean never does, whatever came before it."""
    return np.where(counts > mean, odds, -np.inf)


def follow(shifts: Floats, rises: Floats, memory: Memory) -> tuple[Floats, Floats, Memory]:
    """Log odds and sums (series, time) from `ratios` (series, time, sizes) and (series, time), and what is left."""
    sizes, total = memory.sizes, memory.sum
    odds, sums = np.empty(rises.shape), np.empty(rises.shape)
    for step in range(rises.shape[1]):
        quiet = 1 - sizes.sum(axis=1) * (1 - 1 / LENGTH)
        now = sizes * (1 - 1 / LENGTH) + (BEGINS / len(SIZES)) * quiet[:, None]
        now = now * shifts[:, step]
        none, some = (1 - BEGINS) * quiet, now.sum(axis=1)
        odds[:, step] = np.log(some) - np.log(none)
        sizes = now / (some + none)[:, None]
        total = np.maximum(0.0, total + rises[:, step])
        sums[:, step] = total
    return odds, sums, Memory(sizes, total)
