"""Counts with variance `phi` x mean: negative binomial with one success probability, Poisson where `phi` is 1.

Sums of such counts with the same `phi` are such counts again, whatever their means (NB1; Cameron and Trivedi,
"Regression Analysis of Count Data", 2013, 3.3).
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
LEAST_EXCESS = 1e-4
"""Of `phi` over 1; below, the distribution is Poisson to within what can be told."""
LEAST_MEAN = 1e-6
SMALLEST = 1e-300


def tails(counts: Floats, mean: Floats, phi: Floats) -> tuple[Floats, Floats]:
    """The probability of as many or more, and of more. Arrays that broadcast; each result lies in (0, 1]."""
    from scipy.special import betainc, gammainc

    x, m, excess = np.broadcast_arrays(counts, np.maximum(mean, LEAST_MEAN), np.maximum(phi - 1, 0.0))
    spread = excess > LEAST_EXCESS
    size, share = m / np.where(spread, excess, 1.0), excess / (1 + excess)
    some, next_ = np.maximum(x, 1.0), x + 1.0
    at_least = np.where(spread, betainc(some, size, share), gammainc(some, m))
    more = np.where(spread, betainc(next_, size, share), gammainc(next_, m))
    at_least = np.where(x < 1, 1.0, at_least)
    return np.maximum(at_least, SMALLEST), np.maximum(more, SMALLEST)


def middle(counts: Floats, mean: Floats, phi: Floats) -> Floats:
    """The mid-p value: the probability of more, and half that of as many.

    Its mean is 1/2 whatever the distribution, where the usual p-value of a rare count is too careful: rates at a
    level are near it on average over levels (Lancaster, "Significance tests in discrete distributions", JASA 1961).
    """
    at_least, more = tails(counts, mean, phi)
    found: Floats = (at_least + more) / 2
    return found


def quantile(alpha: float, mean: Floats, phi: Floats) -> Floats:
    """The smallest count that `alpha` or less of such counts exceed; not below the mean rounded up."""
    from scipy.special import ndtri

    m, f = np.broadcast_arrays(np.maximum(mean, LEAST_MEAN), np.maximum(phi, 1.0))
    high = np.ceil(m + (2 + abs(ndtri(alpha))) * np.sqrt(f * m) + 2 * f * (1 - np.log(alpha)))
    low = np.full_like(high, -1.0)
    while (high - low > 1).any():
        between = np.floor((low + high) / 2)
        enough = tails(between, m, f)[1] <= alpha
        high, low = np.where(enough, between, high), np.where(enough, low, between)
    found: Floats = np.maximum(high, np.ceil(m))
    return found


def log_ratio(counts: Floats, mean: Floats, added: Floats, phi: Floats) -> Floats:
    """Log likelihood of as many as usual and a Poisson number of `added` cases, over that of as many as usual.

    What an outbreak adds does not spread as widely as the counts themselves do: the sum is taken as negative binomial
    with its mean and its variance, `phi` x `mean` + `added`.
    """
    from scipy.special import gammaln

    m, raised = np.maximum(mean, LEAST_MEAN), np.maximum(mean, LEAST_MEAN) + added
    excess = np.maximum(phi - 1, LEAST_EXCESS)
    less = excess * m / raised
    few, many = m / excess, raised / less
    rising = gammaln(counts + many) - gammaln(many) - gammaln(counts + few) + gammaln(few)
    shares = np.log(less / (1 + less)) - np.log(excess / (1 + excess))
    spread = rising - many * np.log1p(less) + few * np.log1p(excess) + counts * shares
    found: Floats = np.where(phi - 1 > LEAST_EXCESS, spread, counts * np.log(raised / m) - added)
    return found
