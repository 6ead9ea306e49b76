"""What answers for one target: the family that was chosen, its confidence calibrated, and another to fall back on."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, Self, runtime_checkable

import msgspec

from ml.classify import families
from ml.classify.calibration import logs, softmax
from ml.classify.learner import Inputs, Learner, Probabilities, Reason
from ml.classify.unknown import Unknown
from warehouse.errors import ContractBroken

FORMAT = 1
UNKNOWN = "unknown"


@dataclass(frozen=True)
class Calibrated:
    """A fitted learner and the temperature that its log-probabilities are divided by."""

    learner: Learner
    temperature: float

    @property
    def family(self) -> str:
        """The learner's family."""
        return self.learner.family

    def probabilities(self, inputs: Inputs) -> Probabilities:
        """One row per ticket, one column per class, each row summing to 1."""
        return softmax(logs(self.learner.predict_proba(inputs)), self.temperature)


@runtime_checkable
class Brief(Protocol):
    """A learner whose reasons, or some of them, come with the prediction."""

    def contributions(self, inputs: Inputs, classes: Sequence[int]) -> list[list[Reason]]:
        """As `Learner.explain`, without what takes more predictions."""
        ...


class _Member(msgspec.Struct, frozen=True):
    family: str
    temperature: float


class _State(msgspec.Struct, frozen=True):
    format: int
    target: str
    members: list[_Member]
    under: dict[str, str]


class Champion:
    """The calibrated learners of one target, best first. Safe to call from several threads."""

    def __init__(
        self, target: str, members: Sequence[Calibrated], under: dict[str, str], unknown: Unknown | None = None
    ) -> None:
        """`members` know the same classes; `under` names, for labels that lie within others, the one above.

        `unknown` says of a ticket whether it fits any of the classes.
        """
        self.target = target
        self.members = tuple(members)
        self.under = under
        self.unknown = unknown

    @property
    def classes(self) -> list[str]:
        """The labels, in the order of the columns of probabilities."""
        return self.members[0].learner.classes

    def explain(
        self, member: Calibrated, inputs: Inputs, classes: Sequence[int], *, full: bool = True
    ) -> list[list[Reason]]:
        """What moved the member towards (above 0) or away from each ticket's class, in calibrated logits.

        Without `full` only what comes almost for free: nothing where a reason costs a prediction.
        """
        if full:
            told = member.learner.explain(inputs, classes)
        elif isinstance(member.learner, Brief):
            told = member.learner.contributions(inputs, classes)
        else:
            return [[] for _ in classes]
        return [
            [msgspec.structs.replace(reason, weight=reason.weight / member.temperature) for reason in one]
            for one in told
        ]

    def save(self, folder: Path) -> None:
        """Write `champion.json` and one directory a member."""
        members = [_Member(member.family, member.temperature) for member in self.members]
        (folder / "champion.json").write_bytes(msgspec.json.encode(_State(FORMAT, self.target, members, self.under)))
        for place, member in enumerate(self.members):
            inside = folder / str(place)
            inside.mkdir()
            member.learner.save(inside)
        if self.unknown is not None:
            (folder / UNKNOWN).mkdir()
            self.unknown.save(folder / UNKNOWN)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote. Raises `ContractBroken` for another format."""
        state = msgspec.json.decode((folder / "champion.json").read_bytes(), type=_State)
        if state.format != FORMAT:
            found = f"{folder.name} has format {state.format}, expected {FORMAT}"
            raise ContractBroken(f"{found}. Run `ticketlake build` to train it again.")
        members = [
            Calibrated(families.loading(member.family).load(folder / str(place)), member.temperature)
            for place, member in enumerate(state.members)
        ]
        unknown = Unknown.load(folder / UNKNOWN) if (folder / UNKNOWN).is_dir() else None
        return cls(state.target, members, state.under, unknown)
