"""What series have in common: the shape that one with little history is taken to have, and how far it may differ.

Empirical Bayes: coefficients are normal around the pool's mean, whose moments are found by EM on each series'
likelihood, itself taken as normal (Laird and Ware, "Random-effects models for longitudinal data", Biometrics 1982).
A cautious covariance counts as `CAUTION` series more, so that a pool of one is told apart from none.
"""

import numpy as np

from ml.anomaly.regression import Fit, Floats, Prior

CAUTION = 5.0
ROUNDS = 30
MOST = 1000
"""Series that the moments are learned from; more are spread evenly over those there are."""


def cautious(spreads: Floats, level: float = 0.0) -> Prior:
    """What is believed before any series was seen: standard deviations of the coefficients around 0 and `level`."""
    mean = np.zeros(len(spreads))
    mean[0] = level
    return Prior(mean, np.diag(1 / spreads**2))


def learn(fit: Fit, before: Prior) -> Prior:
    """The prior that the series of a pool suggest."""
    every = np.unique(np.linspace(0, len(fit.coefficients) - 1, MOST).astype(np.int64))
    information, found = fit.information[every], fit.coefficients[every]
    leaning = np.einsum("spq,sq->sp", information, found) + fit.gradient[every]
    guess = np.linalg.inv(before.precision)
    mean, covariance = before.mean, guess
    for _ in range(ROUNDS):
        precision = np.linalg.inv(covariance)
        spread = np.linalg.inv(information + precision)
        own = np.einsum("spq,sq->sp", spread, leaning + precision @ mean)
        mean = (own.sum(axis=0) + CAUTION * before.mean) / (len(own) + CAUTION)
        apart = own - mean
        covariance = (spread.sum(axis=0) + apart.T @ apart + CAUTION * guess) / (len(own) + CAUTION)
    return Prior(mean, np.linalg.inv(covariance))
