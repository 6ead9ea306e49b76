"""Solutions and their attempts as files beside an index."""

from pathlib import Path
from typing import NamedTuple, Self

import polars as pl

from warehouse.errors import ArtifactDamaged

SOLUTIONS, ATTEMPTS, MEMBERS = "solutions.arrow", "attempts.arrow", "members.arrow"


class Knowledge(NamedTuple):
    """Rows of search/solutions and search/attempts, and the issue of each ticket (graph/issue_members)."""

    solutions: pl.DataFrame
    attempts: pl.DataFrame
    members: pl.DataFrame

    def save(self, folder: Path) -> None:
        """Write Arrow."""
        self.solutions.write_ipc(folder / SOLUTIONS)
        self.attempts.write_ipc(folder / ATTEMPTS)
        self.members.write_ipc(folder / MEMBERS)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Open what `save` wrote. Raises `ArtifactDamaged`."""
        try:
            return cls(*(pl.read_ipc(folder / name) for name in (SOLUTIONS, ATTEMPTS, MEMBERS)))
        except (OSError, pl.exceptions.PolarsError) as error:
            message = f"{folder} holds no solutions: {error}."
            raise ArtifactDamaged(f"{message} Delete that directory and run `ticketlake build`.") from None
