"""Several learners of the same classes that answer together: the mean of their calibrated log-probabilities.

A logarithmic opinion pool (Genest and Zidek, 1986), of equal weights: with so few texts to choose by, fitted ones
follow chance.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Self

import msgspec
import numpy as np

from ml.classify import calibrated, stored
from ml.classify.calibrated import Calibrated
from ml.classify.calibration import logs, softmax
from ml.classify.learner import Inputs, Probabilities, Reason

MEMBERS = 3
"""At most."""


class Blend:
    """Fitted learners, each with its calibration; all know the same classes."""

    family = "blend"

    def __init__(self, members: Sequence[Calibrated]) -> None:
        """At least one."""
        self.members = tuple(members)
        self.classes = self.members[0].learner.classes
        self.parameters = {"members": [member.family for member in self.members]}

    def predict_proba(self, inputs: Inputs) -> Probabilities:
        """One row per ticket, one column per class, each row summing to 1."""
        scores = [logs(member.probabilities(inputs)) for member in self.members]
        return softmax(np.mean(scores, axis=0))

    def explain(self, inputs: Inputs, classes: Sequence[int]) -> list[list[Reason]]:
        """The mean of what the members say moved each ticket, strongest first."""
        return self._mean(lambda member: member.explain(inputs, classes, full=True))

    def contributions(self, inputs: Inputs, classes: Sequence[int]) -> list[list[Reason]]:
        """As `explain`, of the reasons that come with the members' predictions."""
        return self._mean(lambda member: member.explain(inputs, classes, full=False))

    def _mean(self, of: Callable[[Calibrated], list[list[Reason]]]) -> list[list[Reason]]:
        found = []
        for told in zip(*map(of, self.members), strict=True):
            together: dict[tuple[str, str | None], Reason] = {}
            for reason in (reason for member in told for reason in member):
                before = together.get((reason.term, reason.value))
                weight = reason.weight / len(self.members) + (before.weight if before else 0.0)
                together[reason.term, reason.value] = msgspec.structs.replace(reason, weight=weight)
            found.append(sorted(together.values(), key=lambda reason: -abs(reason.weight)))
        return found

    def save(self, folder: Path) -> None:
        """Write JSON and one directory a member."""
        stored.write(folder, self.classes, self.parameters)
        calibrated.save(self.members, folder)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote. Raises `ContractBroken` for another format."""
        stored.read(folder)
        return cls(calibrated.load(folder))
