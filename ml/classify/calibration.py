"""Confidence that means what it says: one temperature for all scores.

Guo, Pleiss, Sun, Weinberger, "On calibration of modern neural networks" (2017); Platt (1999) for the prior.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]


def temperature(scores: Floats, truth: Labels) -> float:
    """What `scores` (n, classes) are divided by so that their softmax has the least log loss; 1 where n is 0.

    A `truth` of -1 is a class that the model does not know, and is left out.
    """
    from scipy.optimize import minimize_scalar

    known = truth >= 0
    if not known.any():
        return 1.0
    best = minimize_scalar(lambda t: _loss(scores[known] / np.exp(t), truth[known]), bounds=(-7, 5), method="bounded")
    return float(np.exp(best.x))


def softmax(scores: Floats, divisor: float = 1.0) -> Floats:
    """Probabilities, each row summing to 1."""
    from scipy.special import softmax as of

    given: Floats = of(np.asarray(scores, dtype=np.float64) / divisor, axis=1)
    return given


def _loss(scores: Floats, truth: Labels) -> float:
    """Log loss, with one of n + 2 rows said to be anything: n right answers are no proof of certainty."""
    from scipy.special import log_softmax

    given = log_softmax(scores, axis=1)
    doubt = 1 / (len(truth) + 2)
    return float(-((1 - doubt) * given[np.arange(len(truth)), truth] + doubt * given.mean(axis=1)).mean())
