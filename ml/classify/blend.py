"""Several learners of the same classes that answer together: the mean of their calibrated log-probabilities.

A logarithmic opinion pool (Genest and Zidek, 1986), of equal weights: with so few texts to choose by, fitted ones
follow chance.
"""

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from ml.classify.calibration import logs, softmax
from ml.classify.learner import Inputs, Probabilities


class Member(Protocol):
    """What gives probabilities."""

    classes: list[str]

    def predict_proba(self, inputs: Inputs) -> Probabilities:
        """One row per ticket, one column per class."""
        ...


class Blend:
    """Answers only: its members are fitted, explained and stored by themselves."""

    family = "blend"

    def __init__(self, members: Sequence[tuple[Member, float]]) -> None:
        """Each learner with its temperature; all know the same classes."""
        self.members = tuple(members)
        self.classes = self.members[0][0].classes

    def predict_proba(self, inputs: Inputs) -> Probabilities:
        """One row per ticket, one column per class, each row summing to 1."""
        total = np.zeros((len(inputs), len(self.classes)))
        for learner, temperature in self.members:
            given = logs(learner.predict_proba(inputs)) / temperature
            total += given - given.max(axis=1, keepdims=True)
        return softmax(total / len(self.members))
