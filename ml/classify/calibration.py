"""Confidence that means what it says: one temperature for all scores, and a doubt that no score takes away.

Guo, Pleiss, Sun, Weinberger, "On calibration of modern neural networks" (2017); Zhang, Kailkhura, Han, "Mix-n-Match"
(2020) for the doubt, a share of the uniform distribution: where labels are wrong at random, the surest answers are
right less often than any temperature that suits the others says. Platt (1999) for the prior.
"""

import msgspec
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]
BOUNDS = (-7.0, 5.0)
"""Of a temperature's logarithm."""
_LEAST = 1e-12


class Calibration(msgspec.Struct, frozen=True):
    """What becomes of scores: they are divided by `temperature`, and `doubt` is the share that any class may have."""

    temperature: float = 1.0
    doubt: float = 0.0

    def probabilities(self, scores: Floats) -> Floats:
        """Rows of `scores` (n, classes), each summing to 1; the order within a row stays."""
        found: Floats = (1 - self.doubt) * softmax(scores, self.temperature) + self.doubt / scores.shape[1]
        return found


NONE = Calibration()


def calibrate(scores: Floats, truth: Labels) -> Calibration:
    """The calibration of `scores` (n, classes) with the least log loss; none where n is 0.

    A `truth` of -1 is a class that the model does not know, and is left out.
    """
    from scipy.optimize import minimize
    from scipy.special import expit

    if not (truth >= 0).any():
        return NONE

    def of(point: Floats) -> Calibration:
        return Calibration(float(np.exp(np.clip(point[0], *BOUNDS))), float(expit(point[1])))

    begin = np.array([np.log(temperature(scores, truth)), -4.0])
    best = minimize(
        lambda point: loss(logs(of(point).probabilities(scores)), truth),
        begin,
        method="Nelder-Mead",
        options={"initial_simplex": begin + np.array([[0.0, 0.0], [-0.3, 0.0], [0.0, 2.0]])},
    )
    return of(best.x)


def temperature(scores: Floats, truth: Labels, bounds: tuple[float, float] = BOUNDS) -> float:
    """What `scores` (n, classes) are divided by so that their softmax has the least log loss; 1 where n is 0.

    Its logarithm lies within the `bounds`. A `truth` of -1 is a class that the model does not know, and is left out.
    """
    from scipy.optimize import minimize_scalar

    if not (truth >= 0).any():
        return 1.0
    best = minimize_scalar(lambda t: loss(scores / np.exp(t), truth), bounds=bounds, method="bounded")
    return float(np.exp(best.x))


def softmax(scores: Floats, divisor: float = 1.0) -> Floats:
    """Probabilities, each row summing to 1."""
    from scipy.special import softmax as of

    given: Floats = of(np.asarray(scores, dtype=np.float64) / divisor, axis=1)
    return given


def logs(probabilities: Floats) -> Floats:
    """Their logarithms, as scores: none is infinite."""
    found: Floats = np.log(np.clip(probabilities, _LEAST, 1.0))
    return found


def loss(scores: Floats, truth: Labels) -> float:
    """Log loss, with one of n + 2 rows said to be anything: n right answers are no proof of certainty."""
    from scipy.special import log_softmax

    known = np.flatnonzero(truth >= 0)
    given = log_softmax(scores[known], axis=1)
    doubt = 1 / (len(known) + 2)
    return float(-((1 - doubt) * given[np.arange(len(known)), truth[known]] + doubt * given.mean(axis=1)).mean())
