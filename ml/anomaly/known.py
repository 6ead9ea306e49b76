"""Whether tickets that say something in new words tell of an issue that is known: they lie as its own tickets do."""

from datetime import datetime
from typing import NamedTuple, Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ml.text.vectors import unit

LEAST_MEMBERS = 5
MOST_MEMBERS = 50
"""Tickets of an issue that stand for it: its first."""
OWN = 0.5
"""Share of an issue's own tickets that may lie farther from its centre than those asked for on average do."""
Vectors = NDArray[np.float32]


class Likeness(NamedTuple):
    """The issue that is most alike, the cosine of the two centres, and whether the tickets could be its own."""

    issue_id: str | None
    cosine: float | None
    fits: bool


class Issues(NamedTuple):
    """Tickets that stand for known issues: issue_id, since; their vectors, (n, d), of unit length."""

    members: pl.DataFrame
    vectors: Vectors

    @classmethod
    def none(cls, dimension: int) -> Self:
        """No issue is known."""
        return cls(
            pl.DataFrame(schema={"issue_id": pl.String, "since": pl.Datetime("us", "UTC")}),
            np.zeros((0, dimension), dtype=np.float32),
        )

    def nearest(self, vectors: Vectors, before: datetime) -> Likeness:
        """Compare tickets, (n, d), with the issues that had enough tickets before that moment.

        What all tickets have in common is taken away first.
        """
        there = self.members.with_row_index("row").filter(pl.col("since") < before)
        there = there.filter(pl.len().over("issue_id") >= LEAST_MEMBERS).sort("issue_id", "row")
        if there.is_empty() or not len(vectors):
            return Likeness(None, None, False)
        own = self.vectors[there["row"].to_numpy()]
        common = own.mean(axis=0)
        own, mine = unit(own - common), unit(vectors - common)
        sizes = there.group_by("issue_id", maintain_order=True).len()
        starts = np.r_[0, np.cumsum(sizes["len"].cast(pl.Int64).to_numpy())[:-1]]
        centres = unit(np.add.reduceat(own, starts, axis=0))
        cosines = centres @ unit(mine.mean(axis=0, keepdims=True))[0]
        best = int(np.argmax(cosines))
        members = own[starts[best] : starts[best] + sizes["len"][best]]
        fits = float((mine @ centres[best]).mean()) >= float(np.quantile(members @ centres[best], OWN))
        return Likeness(sizes["issue_id"][best], float(cosines[best]), fits)
