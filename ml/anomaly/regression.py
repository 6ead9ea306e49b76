"""Log-linear regression of thousands of series of counts at once, on one design.

Quasi-Poisson with a normal prior of the coefficients: Newton's steps of all series are one matrix product and one
batched solve (McCullagh and Nelder, "Generalized Linear Models", 1989, 2.5 and 9; Gelman et al., "Bayesian Data
Analysis", 2013, 16.2, for the prior).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
FIRST_STEPS = 10
AGAIN_STEPS = 2
LONGEST_STEP = 2.0
"""Of a coefficient, on the log scale, in one step of Newton's."""
CLOSE = 1e-3
WIDEST = 25.0
"""Of a log mean, either way."""


@dataclass(frozen=True)
class Prior:
    """Of the coefficients of any series: `mean` (terms,) and `precision` (terms, terms)."""

    mean: Floats
    precision: Floats


@dataclass(frozen=True)
class Fit:
    """`coefficients` (series, terms); `information` of the counts alone, without the prior, (series, terms, terms)."""

    coefficients: Floats
    information: Floats
    gradient: Floats
    """Of the log likelihood of the counts alone, (series, terms)."""

    def covariance(self, prior: Prior) -> Floats:
        """Of the coefficients, (series, terms, terms)."""
        found: Floats = np.linalg.inv(self.information + prior.precision).astype(np.float64)
        return found


@dataclass(frozen=True)
class Design:
    """`terms` (time, terms) and the products of each two of them, which all series share."""

    terms: Floats
    products: Floats
    upper: tuple[NDArray[np.intp], NDArray[np.intp]]

    @classmethod
    def of(cls, terms: Floats) -> "Design":
        """The products are formed once."""
        rows, columns = np.triu_indices(terms.shape[1])
        return cls(terms, terms[:, rows] * terms[:, columns], (rows, columns))

    def information(self, weights: Floats) -> Floats:
        """Sums of outer products of the terms, weighted: (series, terms, terms) of (series, time)."""
        size = self.terms.shape[1]
        sums = weights @ self.products
        found = np.empty((len(weights), size, size))
        found[:, self.upper[0], self.upper[1]] = sums
        found[:, self.upper[1], self.upper[0]] = sums
        return found


def means(design: Design, coefficients: Floats, offset: Floats | None) -> Floats:
    """Expected counts (series, time); `offset` is added to their logarithm."""
    log = coefficients @ design.terms.T
    found: Floats = np.exp(np.clip(log if offset is None else log + offset, -WIDEST, WIDEST))
    return found


def fit(
    design: Design,
    counts: Floats,
    weights: Floats,
    phi: Floats,
    prior: Prior,
    *,
    offset: Floats | None = None,
    begin: Floats | None = None,
) -> Fit:
    """Coefficients of `counts` (series, time) under `weights` of the same shape and `phi` (series,).

    `begin` (series, terms) are coefficients near the result, where they are known.
    """
    steps = FIRST_STEPS if begin is None else AGAIN_STEPS
    found = _level(counts, weights, prior) if begin is None else begin
    scaled = weights / phi[:, None]
    for _ in range(steps):
        mean = means(design, found, offset)
        information = design.information(scaled * mean)
        gradient = (scaled * (counts - mean)) @ design.terms
        pull = (prior.mean - found) @ prior.precision
        step = np.linalg.solve(information + prior.precision, (gradient + pull)[:, :, None])[:, :, 0]
        longest = np.abs(step).max(axis=1)
        found = found + step * np.minimum(1.0, LONGEST_STEP / np.maximum(longest, LONGEST_STEP))[:, None]
        if longest.max(initial=0.0) < CLOSE:
            break
    mean = means(design, found, offset)
    return Fit(found, design.information(scaled * mean), (scaled * (counts - mean)) @ design.terms)


def _level(counts: Floats, weights: Floats, prior: Prior) -> Floats:
    """Coefficients to begin with: those of the prior, with the series' own level in the first."""
    found = np.tile(prior.mean, (len(counts), 1))
    total, size = (weights * counts).sum(axis=1), weights.sum(axis=1)
    known = size > 0
    found[known, 0] = np.log((total[known] + 0.5) / (size[known] + 0.5))
    return found
