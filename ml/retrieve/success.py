"""How likely a solution helps, after few attempts or many: rates shrunk towards what is usual.

Empirical Bayes: rates are drawn from a beta distribution, the prior, which all attempts together tell (Robbins, "An
empirical Bayes approach to statistics", 1956). Its mean is the pooled rate, its strength the number of attempts that
weigh as much as it does, found by maximum likelihood of the beta-binomial (Skellam, 1948). Where rates differ no more
than chance lets them, the strength is endless and every rate becomes the mean.
"""

import msgspec
import numpy as np
from numpy.typing import ArrayLike, NDArray

WEAKEST, STRONGEST = 0.5, 1e6
"""Attempts that a prior weighs: bounds within which the likelihood is searched."""
STEPS = 64
NOTABLE = 3.84
"""Twice the gain in log-likelihood above which rates differ by more than chance (chi-square, one degree, 95 %)."""
MOST_MOVED, MOST_SURE = 20.0, 4.0
"""Attempts that a rate elsewhere weighs at most in a segment: for the rate there, and for how sure one is of it."""
DOUBT = 0.05
Floats = NDArray[np.float64]


class Prior(msgspec.Struct, frozen=True):
    """A beta distribution of rates: its mean, and the number of attempts that it weighs."""

    mean: float
    strength: float


FLAT = Prior(0.5, 2.0)
"""Where nothing was tried yet: every rate is as likely (Laplace)."""


def prior(successes: ArrayLike, attempts: ArrayLike, within: Prior = FLAT) -> Prior:
    """What is usual among these solutions; of a segment, its mean is shrunk towards that of `within`, the whole."""
    from scipy.special import betaln

    won, tried = _checked(successes, attempts)
    won, tried = won[tried > 0], tried[tried > 0]
    if not len(tried):
        return within
    base = min(within.strength, 20.0)
    mean = float((won.sum() + within.mean * base) / (tried.sum() + base))
    strengths = np.geomspace(WEAKEST, STRONGEST, STEPS)
    a, b = strengths[:, None] * mean, strengths[:, None] * (1 - mean)
    pairs, often = np.unique(np.column_stack([won, tried]), axis=0, return_counts=True)
    likelihood = (betaln(pairs[:, 0] + a, pairs[:, 1] - pairs[:, 0] + b) - betaln(a, b)) @ often
    if 2 * (likelihood.max() - likelihood[-1]) < NOTABLE:
        return Prior(mean, STRONGEST)
    return Prior(mean, float(strengths[int(likelihood.argmax())]))


def shrunk(successes: ArrayLike, attempts: ArrayLike, prior: Prior) -> Floats:
    """The expected rate of success of each, between 0 and 1; the prior's mean for what was never tried."""
    return shrunk_within(successes, attempts, prior.mean, prior.strength)


def shrunk_within(successes: ArrayLike, attempts: ArrayLike, usual: ArrayLike, strength: float) -> Floats:
    """`shrunk` in a segment: each rate towards its own usual one, that of the same solution everywhere."""
    won, tried = _checked(successes, attempts)
    rates: Floats = (won + np.asarray(usual, dtype=np.float64) * strength) / (tried + strength)
    return rates


def least_within(successes: ArrayLike, attempts: ArrayLike, usual: ArrayLike, strength: float) -> Floats:
    """The rate in a segment that each has at least, with probability 95 %: one to choose by.

    The lower end of a credible interval around `shrunk_within`, as wide as the attempts in the segment leave it, as if
    one more had failed (Laplace). What is usual elsewhere moves a rate, but makes nobody sure of it: its weight is
    bounded, so that 1 of 1 never comes before 118 of 121.
    """
    from scipy.special import betaincinv

    _, tried = _checked(successes, attempts)
    rates = shrunk_within(successes, attempts, usual, min(strength, MOST_MOVED))
    sure = tried + min(strength, MOST_SURE)
    bounds: Floats = betaincinv(rates * sure + np.finfo(np.float64).eps, (1 - rates) * sure + 1, DOUBT)
    return bounds


def _checked(successes: ArrayLike, attempts: ArrayLike) -> tuple[Floats, Floats]:
    won, tried = np.asarray(successes, dtype=np.float64), np.asarray(attempts, dtype=np.float64)
    if won.shape != tried.shape or (won < 0).any() or (won > tried).any():
        raise ValueError("expected as many successes as attempts, none below zero, none above its attempts")
    return won, tried
