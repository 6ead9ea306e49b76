"""What filters leave of everything that is searched: documents, what was tried on them, and ways through them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ml.retrieve.filters import Filters
from ml.retrieve.index import Index
from ml.retrieve.redacted import redacted
from ml.retrieve.remedies import Remedies

MOST_NAMED = 5
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Scope:
    """An index of tickets, those of its documents that may be found, (n,), and remedies as these alone tell of them.

    `allowed` is None where all may be found.
    """

    filters: Filters | None
    index: Index
    remedies: Remedies | None
    allowed: Bools | None

    @classmethod
    def of(cls, filters: Filters | None, index: Index, remedies: Remedies | None) -> Self:
        """What is left; without filters all, at no cost."""
        allowed = filters.mask(index.documents) if filters is not None else None
        if filters is None or allowed is None:
            return cls(filters, index, remedies, None)
        allowed &= index.alive
        return cls(filters, index, remedies.within(allowed, filters.before) if remedies else None, allowed)

    @property
    def nothing(self) -> bool:
        """Whether no ticket may be found."""
        return self.allowed is not None and not self.allowed.any()

    @property
    def as_of(self) -> datetime | None:
        """The last moment that counts; None: now."""
        before = self.filters.before if self.filters is not None else None
        return None if before is None else before - timedelta(microseconds=1)

    @property
    def tickets(self) -> pl.Series | None:
        """Ids of those that may be found; None: all."""
        return None if self.allowed is None else self.index.documents["ticket_id"].filter(pl.Series(self.allowed))

    @property
    def empty(self) -> dict[str, str]:
        """By filter why it leaves nothing, or less than was asked for."""
        if self.filters is None:
            return {}
        found = {
            f"filters.{name}": f"no ticket has {' or '.join(map(repr, redacted(pl.Series(values[:MOST_NAMED]))))}"
            for name, values in self.filters.unknown(self.index.documents).items()
        }
        return {"filters": "no ticket has all that is asked for"} if self.nothing and not found else found

    def mask(self, other: Index) -> Bools | None:
        """Which documents of another index may be found: filters hold for what these have."""
        return self.filters.mask(other.documents) if self.filters is not None else None

    def hopeless(self, other: Index) -> bool:
        """Whether a filter that this index has no field for asks for what no ticket has."""
        if self.filters is None:
            return False
        return not self.filters.nowhere(self.index.documents) <= set(other.documents.columns)
