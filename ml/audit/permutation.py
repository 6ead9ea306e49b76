"""Is it more than chance? Labels permuted against fixed predictions.

Permutation tests for classifiers: Ojala and Garriga, "Permutation Tests for Studying Classifier Performance" (JMLR
2010), here with the fitted model held fixed, so that one fit is enough: if labels have nothing to do with what the
model saw, those of a test part may be exchanged whatever the model is. The statistic is the mean probability that was
given to the true label: it also sees a risk that never wins the vote.
"""

import numpy as np
from numpy.typing import NDArray

from ml.audit.labels import Labels

Probabilities = NDArray[np.float64]
PERMUTATIONS = 999
RESAMPLES = 1_000
_BLOCK = 111


def p_value(truth: Labels, probabilities: Probabilities, strata: Labels, *, seed: int) -> float:
    """The share of permutations, the given order among them, that fit the predictions at least as well.

    Labels are exchanged within rows of one stratum only: the fold that they were tested in, the label that they lie
    within. At least 1 / (PERMUTATIONS + 1).
    """
    rng = np.random.default_rng(seed)
    seen, drawn = 0.0, np.zeros(PERMUTATIONS)
    for stratum in np.unique(strata):
        inside = np.flatnonzero(strata == stratum)
        given, labels = probabilities[inside].astype(np.float32), truth[inside]
        rows = np.arange(len(inside))
        seen += float(given[rows, labels].sum(dtype=np.float64))
        for block in range(0, PERMUTATIONS, _BLOCK):
            height = min(_BLOCK, PERMUTATIONS - block)
            shuffled = rng.permuted(np.tile(labels, (height, 1)), axis=1)
            drawn[block : block + height] += given[rows, shuffled].sum(axis=1, dtype=np.float64)
    as_good = 1 + int((drawn >= seen - 1e-6).sum())
    return as_good / (PERMUTATIONS + 1)


def z_score(truth: Labels, probabilities: Probabilities, strata: Labels) -> float:
    """How many standard deviations the same statistic lies above its mean over all permutations, without drawing any.

    Mean and variance of a linear permutation statistic: Hoeffding, "A combinatorial central limit theorem" (1951).
    """
    total = variance = 0.0
    for stratum in np.unique(strata):
        inside = strata == stratum
        count, given, labels = int(inside.sum()), probabilities[inside], truth[inside]
        shares = np.bincount(labels, minlength=given.shape[1]) / count
        centred = given - given.mean(axis=0)
        centred = centred - (centred @ shares)[:, None]
        total += float(centred[np.arange(count), labels].sum())
        if count > 1:
            variance += float((centred**2 @ shares).sum()) * count / (count - 1)
    return total / variance**0.5 if variance > 0 else 0.0


def gain_bounds(gains: NDArray[np.float64], groups: Labels, *, seed: int) -> tuple[float, float]:
    """95 % bounds of the mean gain a row, whole groups drawn anew (Davison and Hinkley, "Bootstrap Methods", 1997).

    `gains` is one number a row: right minus right of the baseline.
    """
    _, place = np.unique(groups, return_inverse=True)
    sums, sizes = np.bincount(place, weights=gains), np.bincount(place)
    rng = np.random.default_rng(seed)
    means = np.empty(RESAMPLES)
    for draw in range(RESAMPLES):
        taken = rng.integers(0, len(sums), len(sums))
        means[draw] = sums[taken].sum() / sizes[taken].sum()
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)
