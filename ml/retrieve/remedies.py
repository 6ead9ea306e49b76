"""What was tried on past problems and what came of it, as arrays beside an index."""

from collections.abc import Mapping
from datetime import datetime
from typing import Self

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from ml.retrieve.success import Prior, prior, shrunk

SMOOTH = 10.0
"""Attempts that what is usual everywhere counts for within a product, a module or a category."""
RECENT_DAYS = 30.0
LEAST = 1e-4
KINDS = ("product", "product_module", "category", "subcategory")
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


class Tried(msgspec.Struct, frozen=True):
    """Attempts on m documents: which of them (0 to m - 1), which solution, whether it helped."""

    rows: Ints
    solutions: Ints
    succeeded: NDArray[np.bool_]


class Remedies:
    """s solutions, and their attempts on the documents of one index."""

    def __init__(self, solutions: pl.DataFrame, attempts: pl.DataFrame, documents: pl.DataFrame) -> None:
        """`solutions` and `attempts` as in search/*; attempts on what is no document (`ticket_id`) are left out.

        `documents` has `ticket_id`, `created_at` and `KINDS`.
        """
        self.solutions = solutions
        self.ids = solutions["solution_id"].to_list()
        self.places = {name: place for place, name in enumerate(self.ids)}
        known = (
            attempts.join(documents.select("ticket_id").with_row_index("document"), on="ticket_id")
            .join(solutions.select("solution_id").with_row_index("solution"), on="solution_id")
            .sort("document", "at")
        )
        self._solution = known["solution"].cast(pl.Int64).to_numpy()
        self._succeeded = known["succeeded"].to_numpy()
        document = known["document"].cast(pl.Int64).to_numpy()
        self._starts = np.searchsorted(document, np.arange(documents.height + 1))
        size = len(self.ids)
        self.attempts = np.bincount(self._solution, minlength=size)
        self.successes = np.bincount(self._solution[self._succeeded], minlength=size)
        self.prior: Prior = prior(self.successes, self.attempts)
        self.rates: Floats = shrunk(self.successes, self.attempts, self.prior)
        self.usual = _shares(self.attempts.astype(float), np.full(size, 1 / max(1, size)))
        self.tried = np.diff(self._starts) > 0
        days = known["at"].dt.epoch("s").to_numpy() / 86_400
        weight = np.exp((days - days.max()) / RECENT_DAYS) if len(days) else days
        self.recent = _shares(np.bincount(self._solution, weights=weight, minlength=size).astype(float), self.usual)
        self._within = {kind: self._of(kind, documents, document) for kind in KINDS}

    @classmethod
    def as_of(cls, solutions: pl.DataFrame, attempts: pl.DataFrame, documents: pl.DataFrame, at: datetime) -> Self:
        """As it was known at that moment."""
        return cls(solutions, attempts.filter(pl.col("at") <= at), documents)

    def on(self, documents: Ints) -> Tried:
        """What was tried on these documents."""
        counts = self._starts[documents + 1] - self._starts[documents]
        rows = np.repeat(np.arange(len(documents)), counts)
        offsets = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        flat = np.repeat(self._starts[documents], counts) + offsets
        return Tried(rows, self._solution[flat], self._succeeded[flat])

    def text_of(self, solution_id: str) -> str | None:
        """What a solution says; None for one that is not known."""
        place = self.places.get(solution_id)
        return None if place is None else str(self.solutions["text"][place])

    def solved_by(self, documents: Ints) -> list[str | None]:
        """What helped last on each document."""
        tried = self.on(documents)
        found: list[str | None] = [None] * len(documents)
        for row, solution in zip(tried.rows[tried.succeeded], tried.solutions[tried.succeeded], strict=True):
            found[row] = self.ids[solution]
        return found

    def share(self, kind: str, values: Mapping[str, float]) -> Floats:
        """How often each solution is tried where these values, weighed by probability, hold, (s,).

        What the probabilities leave over has the usual share.
        """
        known = self._within[kind]
        total = self.usual * max(0.0, 1.0 - sum(values.values()))
        for value, probability in values.items():
            total = total + probability * known.get(value, self.usual)
        return total

    def _of(self, kind: str, documents: pl.DataFrame, document: Ints) -> dict[str, Floats]:
        values = documents[kind].cast(pl.String).gather(document).to_list()
        counts: dict[str, Floats] = {}
        for value, solution in zip(values, self._solution.tolist(), strict=True):
            if value is not None:
                counts.setdefault(value, np.zeros(len(self.ids)))[solution] += 1
        return {value: _shares(one, self.usual, SMOOTH) for value, one in counts.items()}


def _shares(counts: Floats, usual: Floats, weight: float = 1.0) -> Floats:
    """Shares, shrunk towards the usual ones."""
    found: Floats = (counts + weight * usual) / (counts.sum() + weight)
    return found
