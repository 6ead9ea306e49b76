"""What answers for one target: the family that was chosen, its confidence calibrated, and another to fall back on."""

from collections.abc import Sequence
from pathlib import Path
from typing import Self

import msgspec

from ml.classify import calibrated
from ml.classify.calibrated import Calibrated
from ml.classify.unknown import Unknown
from warehouse.errors import ContractBroken

FORMAT = 2
UNKNOWN = "unknown"


class _State(msgspec.Struct, frozen=True):
    format: int
    target: str
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

    def save(self, folder: Path) -> None:
        """Write `champion.json`, the members, and what knows the unknown."""
        (folder / "champion.json").write_bytes(msgspec.json.encode(_State(FORMAT, self.target, self.under)))
        calibrated.save(self.members, folder)
        if self.unknown is not None:
            (folder / UNKNOWN).mkdir()
            self.unknown.save(folder / UNKNOWN)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote. Raises `ContractBroken` for another format."""
        state = msgspec.json.decode((folder / "champion.json").read_bytes(), type=_State)
        if state.format != FORMAT:
            found = f"{folder.name} has format {state.format}, expected {FORMAT}"
            raise ContractBroken(f"{found}. Run `ticketlake build --learn` to train it again.")
        unknown = Unknown.load(folder / UNKNOWN) if (folder / UNKNOWN).is_dir() else None
        return cls(state.target, calibrated.load(folder), state.under, unknown)
