"""Fitted learners with calibrated confidence, and how several are kept in one directory."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

import msgspec

from ml.classify import families
from ml.classify.calibration import NONE, Calibration, logs
from ml.classify.learner import Answering, Inputs, Probabilities, Reason

FILE = "members.json"


@runtime_checkable
class Brief(Protocol):
    """A learner whose reasons, or some of them, come with the prediction."""

    def contributions(self, inputs: Inputs, classes: Sequence[int]) -> list[list[Reason]]:
        """As `Learner.explain`, without what takes more predictions."""
        ...


@dataclass(frozen=True)
class Calibrated:
    """A fitted learner and what makes its log-probabilities mean what they say."""

    learner: Answering
    calibration: Calibration = NONE

    @property
    def family(self) -> str:
        """The learner's family."""
        return self.learner.family

    def probabilities(self, inputs: Inputs) -> Probabilities:
        """One row per ticket, one column per class, each row summing to 1."""
        return self.calibration.probabilities(logs(self.learner.predict_proba(inputs)))

    def explain(self, inputs: Inputs, classes: Sequence[int], *, full: bool) -> list[list[Reason]]:
        """What moved each ticket towards (above 0) or away from its class, in calibrated logits.

        Without `full` only what comes almost for free: nothing where a reason costs a prediction.
        """
        if full:
            told = self.learner.explain(inputs, classes)
        elif isinstance(self.learner, Brief):
            told = self.learner.contributions(inputs, classes)
        else:
            return [[] for _ in classes]
        scale = 1 / self.calibration.temperature
        return [[msgspec.structs.replace(reason, weight=reason.weight * scale) for reason in one] for one in told]


class _Member(msgspec.Struct, frozen=True):
    family: str
    calibration: Calibration


def save(members: Sequence[Calibrated], folder: Path) -> None:
    """Write `members.json` and one directory a member."""
    described = [_Member(member.family, member.calibration) for member in members]
    (folder / FILE).write_bytes(msgspec.json.encode(described))
    for place, member in enumerate(members):
        inside = folder / str(place)
        inside.mkdir()
        member.learner.save(inside)


def load(folder: Path) -> list[Calibrated]:
    """Read what `save` wrote. Raises `ContractBroken` for a member of another format."""
    described = msgspec.json.decode((folder / FILE).read_bytes(), type=list[_Member])
    return [
        Calibrated(families.loading(member.family).load(folder / str(place)), member.calibration)
        for place, member in enumerate(described)
    ]
