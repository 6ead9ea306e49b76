"""Terms that a series may do without: a trend, a wave of the year.

Each group of terms is absent with some chance that the pool tells; how likely that is in one series follows from the
density of its coefficients at 0, after and before the counts were seen (Dickey, "The weighted likelihood ratio, linear
hypotheses on normal location parameters", 1971), and the two answers are averaged (Hoeting et al., "Bayesian model
averaging", 1999). What is not there is then not extrapolated either.
"""

import numpy as np
from numpy.typing import NDArray

from ml.anomaly.regression import Prior

Floats = NDArray[np.float64]
Group = tuple[int, ...]
ROUNDS = 20
MOST = 0.999
"""Of a variance that can be taken away, so that it stays positive."""
DOUBT = 5.0
"""Series that speak for an even chance, before any were seen."""


def learn(coefficients: Floats, covariance: Floats, prior: Prior, groups: tuple[Group, ...]) -> Floats:
    """The chance that each group is absent (groups,), from posteriors (series, terms) of a pool."""
    found = np.full(len(groups), 0.5)
    for place, group in enumerate(groups):
        evidence = _evidence(coefficients, covariance, prior, group)
        for _ in range(ROUNDS):
            found[place] = (_chance(evidence, found[place]).sum() + DOUBT / 2) / (len(evidence) + DOUBT)
    return found


def average(
    coefficients: Floats, covariance: Floats, prior: Prior, groups: tuple[Group, ...], chances: Floats
) -> tuple[Floats, Floats]:
    """Means and covariances of the coefficients, with each group there or not."""
    for group, chance in zip(groups, chances, strict=True):
        absent = _chance(_evidence(coefficients, covariance, prior, group), float(chance))[:, None]
        at = np.array(group)
        gain = covariance[:, :, at] @ np.linalg.inv(covariance[:, at[:, None], at])
        moved = np.einsum("spg,sg->sp", gain, coefficients[:, at])
        explained = gain @ covariance[:, at, :]
        between = (absent * (1 - absent))[:, :, None] * moved[:, :, None] * moved[:, None, :]
        coefficients = coefficients - absent * moved
        covariance = covariance - (absent * MOST)[:, :, None] * explained + between
    return coefficients, covariance


def _evidence(coefficients: Floats, covariance: Floats, prior: Prior, group: Group) -> Floats:
    """Log of the density at 0 after the counts were seen over that before, (series,)."""
    at = np.array(group)
    before = np.linalg.inv(prior.precision)[at[:, None], at]
    after = covariance[:, at[:, None], at]
    center, mean = coefficients[:, at], prior.mean[at]
    far = np.einsum("sg,sgh,sh->s", center, np.linalg.inv(after), center)
    found: Floats = (
        np.linalg.slogdet(before)[1] - np.linalg.slogdet(after)[1] - far + mean @ np.linalg.inv(before) @ mean
    ) / 2
    return found


def _chance(evidence: Floats, chance: float) -> Floats:
    from scipy.special import expit, logit

    found: Floats = expit(np.clip(evidence, -500, 500) + logit(np.clip(chance, 1e-3, 1 - 1e-3)))
    return found
