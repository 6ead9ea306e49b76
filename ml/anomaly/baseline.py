"""What is to be expected of each series, from what was known at a time: fitted once, asked often."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from ml.anomaly import calendar, dispersion, occasions, regression
from ml.anomaly.lasting import Memory
from ml.anomaly.occasions import Effects
from ml.anomaly.panel import Frequency
from ml.anomaly.regression import Prior

Floats = NDArray[np.float64]
KINDS = ("none", "pooled", "own")


@dataclass(frozen=True)
class Common:
    """What the pool says of any series: fitted on a sample, the same for each chunk."""

    prior: Prior
    dispersion: dispersion.Moderation
    absent: Floats
    """The chance that a series does without each group of `calendar.optional`."""
    effects: Effects
    curve: Floats
    """Log probability that quiet odds of any series reach each of `tabulate.ODDS`."""


@dataclass(frozen=True)
class Baseline:
    """Of S series with T terms: fitted on the steps before `fitted`, which are counted from `begin`."""

    names: tuple[str, ...]
    frequency: Frequency
    begin: datetime
    fitted: int
    seasons: bool
    coefficients: Floats
    covariance: Floats
    phi: Floats
    kind: NDArray[np.int8]
    """A place in `KINDS` for each series."""
    common: Common
    memory: Memory
    """After the last step before `fitted`."""

    def expected(self, first: int, last: int, group: occasions.Groups | None = None) -> tuple[Floats, Floats]:
        """Means of the steps from `first` to before `last` (series, time), and the variance of their logarithm."""
        rows = calendar.terms(
            self.begin, self.frequency, np.arange(first, last), origin=self.fitted, seasons=self.seasons
        )
        log = self.coefficients @ rows.T
        variance = np.einsum("tp,spq,tq->st", rows, self.covariance, rows, optimize=True)
        if group is not None:
            log, variance = log + self.common.effects.log[group], variance + self.common.effects.variance[group]
        return np.exp(np.clip(log, -regression.WIDEST, regression.WIDEST)), np.maximum(variance, 0.0)

    def newcomers(self, names: tuple[str, ...]) -> "Baseline":
        """For series that were not there when this was fitted: what the pool says, and how little that is."""
        size, prior = len(names), self.common.prior
        phi = np.full(size, max(1.0, self.common.dispersion.common))
        return Baseline(
            names, self.frequency, self.begin, self.fitted, self.seasons, np.tile(prior.mean, (size, 1)),
            np.tile(np.linalg.inv(prior.precision), (size, 1, 1)), phi,
            np.minimum(np.full(size, self.kind.max(initial=0)), 1).astype(np.int8), self.common, Memory.fresh(size),
        )  # fmt: skip

    def take(self, places: NDArray[np.int64]) -> "Baseline":
        """Of some of the series."""
        return Baseline(
            tuple(self.names[place] for place in places), self.frequency, self.begin, self.fitted, self.seasons,
            self.coefficients[places], self.covariance[places], self.phi[places], self.kind[places], self.common,
            self.memory.take(places),
        )  # fmt: skip
