"""Several measures of one thing as one: z-scores of the stages, weighted, and evidence that has a scale of its own.

A combination of normalised scores; it beats fusing ranks and needs few examples (Bruch, Gai and Ingber,
"An analysis of fusion functions for hybrid retrieval", 2023). Weights are fitted as a conditional logit: the
probability that a document answers is the softmax of its sum (Cao et al., "Learning to rank: from pairwise approach
to listwise approach", 2007), with the distance from given weights as its penalty, and none below zero.
"""

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

PENALTY = 0.02
"""Of a squared difference from the weights one begins with, beside the mean loss of a query."""
Scores = NDArray[np.float32]
Floats = NDArray[np.float64]


class Fusion(msgspec.Struct, frozen=True):
    """A weight for each signal."""

    weights: dict[str, float]
    plain: frozenset[str] = frozenset()
    """Signals taken as they are: between 0 and 1, or nats. Most are 0, and a z-score would blow up the rest."""

    def combine(self, signals: Mapping[str, Scores], allowed: NDArray[np.bool_]) -> Scores:
        """The weighted sum for each document, (n,); what is typical is told from those that may be found."""
        total = np.zeros(len(allowed), dtype=np.float32)
        for name, weight in self.weights.items():
            if weight:
                signal = signals[name]
                total += np.float32(weight) * (signal if name in self.plain else standardised(signal, allowed))
        return total


def standardised(scores: Scores, allowed: NDArray[np.bool_]) -> Scores:
    """Scores in standard deviations above the mean of those that may be found; 0 where all are alike."""
    some = scores[allowed]
    if not len(some):
        return np.zeros_like(scores)
    deviation = some.std()
    if deviation <= np.finfo(np.float32).eps * max(1.0, float(np.abs(some).max())):
        return np.zeros_like(scores)
    found: Scores = (scores - some.mean()) / deviation
    return found


def fit(signals: Sequence[Floats], answers: Sequence[int], start: Floats) -> Floats:
    """Weights, (k,), none below zero. Of each query `signals` are (documents, k), and `answers` the place of the right.

    `start` are the weights that no example speaks against.
    """
    from scipy.optimize import minimize

    def loss(weights: Floats) -> tuple[float, Floats]:
        total, slope = 0.0, np.zeros_like(weights)
        for one, answer in zip(signals, answers, strict=True):
            scores = one @ weights
            top = scores.max()
            shares = np.exp(scores - top)
            mass = shares.sum()
            total += top + np.log(mass) - scores[answer]
            slope += (shares / mass) @ one - one[answer]
        away = weights - start
        count = max(1, len(answers))
        return total / count + PENALTY * float(away @ away), slope / count + 2 * PENALTY * away

    bounds = [(0.0, None)] * len(start)
    found = minimize(loss, np.asarray(start, dtype=np.float64), jac=True, bounds=bounds, method="L-BFGS-B")
    weights: Floats = found.x
    return weights
