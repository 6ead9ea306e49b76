"""Whether an ordinal measure moved from the weeks before to this one, each customer being one observation.

The effect is that of Mann and Whitney (Somers' D of measure by period): the chance that a customer of this week is
worse off than one of the weeks before, less the chance of the contrary. A customer's tickets of one week are one
observation, their mean distribution, so that who writes ten times counts once (within-cluster resampling in closed
form: Datta and Satten, "Rank-sum tests for clustered data", JASA 2005; Rosner and Grove, Statistics in Medicine 1999).
It is compared within strata, and these are weighted as by van Elteren (1960). The variance sums what each customer
moves over all weeks and strata (cluster-robust), with degrees of freedom after Satterthwaite. Where the window has few
customers and the approximation finds something, the probability is that of a permutation test: each customer's weeks
are moved round by a number of weeks drawn at random, which keeps together what one customer said.
"""

from hashlib import blake2b
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ml.anomaly.windows import WEEKS

FEWEST = 8
"""Customers that a window must have; and twice as many observations in the weeks before."""
FEW = 20
"""Up to so many customers in the window a small probability is found by permutation."""
LOOK = 0.05
"""Probabilities of the approximation that are worth a permutation test."""
DRAWS = (1_999, 18_000)
"""Permutations, and how many more where hardly any was as extreme."""
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


class Shift(NamedTuple):
    """Chance of worse less chance of better, its 95 % interval, the two-sided probability, and who was heard."""

    value: float
    low: float
    high: float
    p: float
    customers: int


class _Units(NamedTuple):
    """Customers' weeks: u observations over k levels, the first being the worst."""

    shares: Floats
    week: Ints
    customer: Ints
    stratum: Ints
    strata: int


def compare(level: Ints, week: Ints, customer: Ints, stratum: Ints, name: str) -> Shift | None:
    """The shift of n tickets' levels (0 the worst) in week 0 against weeks 1 to `WEEKS`; None where too few were heard.

    `name` seeds the permutations.
    """
    units = _units(level, week, customer, stratum)
    now = units.week == 0
    heard = len(np.unique(units.customer[now]))
    if heard < FEWEST or (~now).sum() < 2 * FEWEST:
        return None
    value, error, freedom = _estimate(units)
    if not error:
        return Shift(value, value, value, 1.0, heard)
    from scipy.stats import t

    p = float(2 * t.sf(abs(value) / error, freedom))
    if heard <= FEW and p < LOOK:
        p = _permuted(units, np.random.default_rng(_seed(name)))
    # On the scale of Fisher's z, where the interval stays within -1 and 1 (Edwardes, Biometrics 1995).
    inside = min(abs(value), 1 - 1e-9)
    width = float(t.ppf(0.975, freedom)) * error / (1 - inside**2)
    middle = np.sign(value) * np.arctanh(inside)
    return Shift(value, float(np.tanh(middle - width)), float(np.tanh(middle + width)), p, heard)


def _units(level: Ints, week: Ints, customer: Ints, stratum: Ints) -> _Units:
    """Observations of those strata that have some in both periods."""
    strata = int(stratum.max()) + 1 if len(stratum) else 1
    both = np.bincount(stratum[week == 0], minlength=strata).astype(bool)
    both &= np.bincount(stratum[week > 0], minlength=strata).astype(bool)
    kept = both[stratum]
    level, week, stratum = level[kept], week[kept], stratum[kept]
    # Numbered anew, so that permutations do not depend on who else is known.
    customer = np.unique(customer[kept], return_inverse=True)[1]
    levels = int(level.max()) + 1 if len(level) else 1
    key, place = np.unique((customer * (WEEKS + 1) + week) * strata + stratum, return_inverse=True)
    shares = np.bincount(place * levels + level, minlength=len(key) * levels).reshape(len(key), levels).astype(float)
    shares /= shares.sum(axis=1, keepdims=True)
    places = np.cumsum(both) - 1
    rest, which = key // strata, places[key % strata]
    return _Units(shares, rest % (WEEKS + 1), rest // (WEEKS + 1), which, max(int(both.sum()), 1))


def _sums(units: _Units, chosen: NDArray[np.bool_]) -> Floats:
    """Observations (strata,) and their shares by level, side by side."""
    found = np.zeros((units.strata, units.shares.shape[1] + 1))
    np.add.at(found, units.stratum[chosen], np.column_stack([np.ones(chosen.sum()), units.shares[chosen]]))
    return found


def _worse(levels: int) -> Floats:
    """+1 where the row's level is worse than the column's, -1 where it is better."""
    place = np.arange(levels)
    signs: Floats = np.sign(place[None, :] - place[:, None]).astype(float)
    return signs


def _estimate(units: _Units) -> tuple[float, float, float]:
    """The effect, its standard error, and the degrees of freedom of that."""
    now = units.week == 0
    within, before = _sums(units, now), _sums(units, ~now)
    n, m = within[:, 0], before[:, 0]
    p, r = within[:, 1:] / n[:, None], before[:, 1:] / m[:, None]
    weight = n * m / (n + m)
    weight /= weight.sum()
    signs = _worse(p.shape[1])
    of = np.einsum("sk,kl,sl->s", p, signs, r)
    value = float(weight @ of)
    s = units.stratum
    told = np.where(
        now,
        (np.einsum("uk,uk->u", units.shares, (r @ signs.T)[s]) - of[s]) * (weight / n)[s],
        (np.einsum("uk,uk->u", (p @ signs)[s], units.shares) - of[s]) * (weight / m)[s],
    )
    spare = [max(count - units.strata, 1.0) / count for count in (n.sum(), m.sum())]
    told /= np.sqrt(np.where(now, spare[0], spare[1]))
    moved = np.bincount(units.customer, told)
    variance = float(moved @ moved)
    parts = [float(told[chosen] @ told[chosen]) for chosen in (now, ~now)]
    free = sum(part**2 / max(count - units.strata, 1.0) for part, count in zip(parts, (n.sum(), m.sum()), strict=True))
    freedom = sum(parts) ** 2 / free if free else 1.0
    return value, float(np.sqrt(variance)), max(freedom, 1.0)


def _permuted(units: _Units, rng: np.random.Generator) -> float:
    """Two-sided, with the observed order counted as one of them (Phipson and Smyth 2010)."""
    seen = abs(_statistic(units, np.zeros((1, int(units.customer.max()) + 1), np.int64))[0])
    extreme = drawn = 0
    for draws in DRAWS:
        for first in range(0, draws, 1_000):
            shape = (min(1_000, draws - first), int(units.customer.max()) + 1)
            found = _statistic(units, rng.integers(0, WEEKS + 1, shape))
            extreme += int((np.abs(found) >= seen - 1e-12).sum())
            drawn += len(found)
        if extreme > 10:
            break
    return (extreme + 1) / (drawn + 1)


def _statistic(units: _Units, moved: Ints) -> Floats:
    """The effect by the weight of what it is made of, for each draw (rows) of weeks by which customers are moved."""
    levels = units.shares.shape[1]
    wide = np.zeros((len(units.shares), units.strata, levels + 1))
    wide[np.arange(len(wide)), units.stratum] = np.column_stack([np.ones(len(wide)), units.shares])
    flat = wide.reshape(len(wide), -1)
    now = ((units.week[None, :] + moved[:, units.customer]) % (WEEKS + 1) == 0).astype(float)
    within = (now @ flat).reshape(len(moved), units.strata, levels + 1)
    before = flat.sum(axis=0).reshape(units.strata, levels + 1) - within
    n, m = within[..., 0], before[..., 0]
    pairs = np.einsum("dsk,kl,dsl->ds", within[..., 1:], _worse(levels), before[..., 1:])
    size = (n * m / np.maximum(n + m, 1)).sum(axis=1)
    found: Floats = (pairs / np.maximum(n + m, 1)).sum(axis=1) / np.sqrt(np.maximum(size, 1e-12))
    return found


def _seed(name: str) -> int:
    return int.from_bytes(blake2b(name.encode(), digest_size=8).digest())
