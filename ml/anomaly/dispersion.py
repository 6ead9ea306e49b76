"""How much wider than Poisson a series' counts are, and which of them were anomalies.

Counts above the 99.5 % point lose weight as in Noufaily et al. (Statistics in Medicine 32, 2013), with three changes:
the residual is the normal quantile of the exact mid-p value instead of Anscombe's, which calls a count of 2 in a sparse
series an anomaly; sums over three steps are looked at as well, as outbreaks last; and what the weighting takes from
honest counts is given back by its expected value.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ml.anomaly.counts import SMALLEST, middle, tails

Floats = NDArray[np.float64]
CUT = 2.58
WINDOW = 3
NEAR = 1.0
"""Standard deviations above the mean below which no count is looked at more closely."""
WIDEST = 50.0
MOST_FREEDOM = 1000.0
_LOG_MEANS = np.linspace(-5.0, 6.0, 23)
_LOG_PHIS = np.linspace(0.0, np.log(WIDEST), 14)


def anomaly_weights(counts: Floats, mean: Floats, phi: Floats) -> Floats:
    """1, and less for counts far above what was expected, alone or with their neighbours.

    `counts` and `mean` (series, time), `phi` (series,).
    """
    highest = _residuals(counts, mean, phi)
    if counts.shape[1] >= WINDOW:
        summed = _residuals(_sums(counts), _sums(mean), phi)
        around = np.full(counts.shape, -np.inf)
        for shift in range(WINDOW):
            part = around[:, shift : shift + summed.shape[1]]
            np.maximum(part, summed, out=part)
        highest = np.where(counts > mean, np.maximum(highest, around), highest)
    found: Floats = (CUT / np.maximum(highest, CUT)) ** 2
    return found


def _sums(values: Floats) -> Floats:
    upto = np.cumsum(np.pad(values, ((0, 0), (1, 0))), axis=1)
    found: Floats = upto[:, WINDOW:] - upto[:, :-WINDOW]
    return found


def _residuals(counts: Floats, mean: Floats, phi: Floats) -> Floats:
    """Normal quantiles of high counts; -inf for all others."""
    from scipy.special import ndtri

    found = np.full(counts.shape, -np.inf)
    wide = np.broadcast_to(phi[:, None], counts.shape)
    high = counts > mean + NEAR * np.sqrt(wide * mean)
    found[high] = -ndtri(middle(counts[high], mean[high], wide[high]))
    return found


def lost(mean: Floats, phi: Floats) -> tuple[Floats, Floats]:
    """Shares of the mean and of the variance that honest counts keep under `anomaly_weights`; arrays of one shape."""
    kept = _kept()
    return _between(kept[0], mean, phi), _between(kept[1], mean, phi)


def estimate(counts: Floats, mean: Floats, weights: Floats, phi: Floats, terms: Floats) -> tuple[Floats, Floats]:
    """Pearson's dispersion of each series and its degrees of freedom, both (series,).

    Terms of the sum weigh by what they tell (their variance holds 1 / mean), `phi` is the last estimate; `terms`
    (series,) is how many coefficients the counts themselves settled.
    """
    safe = np.maximum(mean, 1e-6)
    peaked = ((6 * phi**2 - 6 * phi + 1) / phi)[:, None]
    tells = weights * safe / (2 * safe + peaked)
    size = np.maximum(weights.sum(axis=1), 1e-9)
    left = np.maximum(1 - terms / size, 0.05)
    total = np.maximum(tells.sum(axis=1), 1e-9)
    level = (tells * safe).sum(axis=1) / total
    raw = (tells * (counts - mean) ** 2 / safe).sum(axis=1) / total / left / lost(level, phi)[1]
    return raw, np.maximum(2 * total * left, 1e-3)


@dataclass(frozen=True)
class Moderation:
    """Dispersions of a pool: around `common`, worth `freedom` degrees of freedom of a series' own.

    Smyth, "Linear models and empirical Bayes methods" (2004), used for quasi-likelihood by Lund et al. (2012).
    """

    common: float = 1.5
    freedom: float = 4.0

    @classmethod
    def learn(cls, raw: Floats, freedom: Floats) -> "Moderation":
        """From estimates and their degrees of freedom (series,); as it stands where fewer than 5 tell anything."""
        from scipy.special import digamma, polygamma

        told = freedom > 4
        if told.sum() < 5:
            return cls()
        half = freedom[told] / 2
        logs = np.log(np.maximum(raw[told], 0.2)) - digamma(half) + np.log(half)
        share = 1 / polygamma(1, half)
        center = float((share * logs).sum() / share.sum())
        between = float((share * ((logs - center) ** 2 - polygamma(1, half))).sum() / share.sum())
        worth = 2 * _inverse_trigamma(between) if between > 1e-3 else MOST_FREEDOM
        return cls(float(np.exp(center + digamma(worth / 2) - np.log(worth / 2))), worth)

    def moderate(self, raw: Floats, freedom: Floats) -> Floats:
        """Estimates drawn towards the pool's; at least 1."""
        drawn = (self.freedom * self.common + freedom * raw) / (self.freedom + freedom)
        return np.clip(drawn, 1.0, WIDEST)


def _inverse_trigamma(value: float) -> float:
    from scipy.optimize import brentq
    from scipy.special import polygamma

    return float(brentq(lambda x: float(polygamma(1, x)) - value, 1e-3, 1e6))


@lru_cache(maxsize=1)
def _kept() -> tuple[Floats, Floats]:
    """For a grid of log mean x log `phi`: the weighted mean over the mean, the weighted variance over the variance."""
    from scipy.special import ndtri

    mean, phi = np.exp(_LOG_MEANS)[:, None, None], np.exp(_LOG_PHIS)[None, :, None]
    widest = float(np.exp(_LOG_MEANS[-1]) + 14 * np.sqrt(WIDEST * np.exp(_LOG_MEANS[-1])))
    edges = np.unique(np.append(np.arange(64.0), np.round(np.geomspace(64, widest, 400))))
    at_least = tails(edges, mean, phi)[0]
    share = at_least[..., :-1] - at_least[..., 1:]
    residual = -ndtri(np.clip((at_least[..., :-1] + at_least[..., 1:]) / 2, SMALLEST, 1 - 1e-16))
    weight = share * (CUT / np.maximum(residual, CUT)) ** 2
    value = (edges[:-1] + edges[1:] - 1) / 2
    squares = (value - mean) ** 2
    total = weight.sum(axis=-1)
    kept_mean = (weight * value).sum(axis=-1) / total / mean[..., 0]
    return kept_mean, (weight * squares).sum(axis=-1) / total / (share * squares).sum(axis=-1)


def _between(grid: Floats, mean: Floats, phi: Floats) -> Floats:
    """Bilinear interpolation at the logarithms, clipped to the grid."""
    row = np.clip((np.log(np.maximum(mean, 1e-9)) - _LOG_MEANS[0]) / (_LOG_MEANS[1] - _LOG_MEANS[0]), 0, 21.999)
    column = np.clip(np.log(np.maximum(phi, 1.0)) / (_LOG_PHIS[1] - _LOG_PHIS[0]), 0, 12.999)
    r, c = row.astype(np.int64), column.astype(np.int64)
    down, right = row - r, column - c
    found: Floats = (
        (1 - down) * (1 - right) * grid[r, c]
        + (1 - down) * right * grid[r, c + 1]
        + down * (1 - right) * grid[r + 1, c]
        + down * right * grid[r + 1, c + 1]
    )
    return found
