"""What was tried on past problems and what came of it, as arrays beside an index."""

from collections.abc import Mapping
from copy import copy
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, Self

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from ml.retrieve.success import Prior, prior, shrunk

SMOOTH = 10.0
"""Attempts that what is usual everywhere counts for within a product, a module or a category."""
RECENT_DAYS = 30.0
LEAST = 1e-4
DAY = 86_400_000_000
"""Microseconds."""
NEVER = np.iinfo(np.int64).min
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
KINDS = ("product", "product_module", "category", "subcategory")
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


class Tried(msgspec.Struct, frozen=True):
    """Attempts on m documents: which of them (0 to m - 1), which solution, whether it helped."""

    rows: Ints
    solutions: Ints
    succeeded: NDArray[np.bool_]


class _Held(NamedTuple):
    """Attempts in the order of documents and time: place of document and solution, and when it was known (µs)."""

    documents: Ints
    solutions: Ints
    succeeded: NDArray[np.bool_]
    at: Ints

    def some(self, kept: NDArray[np.bool_]) -> "_Held":
        """Those that are kept, (n,)."""
        return _Held(self.documents[kept], self.solutions[kept], self.succeeded[kept], self.at[kept])


class Remedies:
    """s solutions, and their attempts on the documents of one index."""

    def __init__(self, solutions: pl.DataFrame, attempts: pl.DataFrame, documents: pl.DataFrame) -> None:
        """`solutions` and `attempts` as in search/*; attempts on what is no document (`ticket_id`) are left out.

        `documents` has `ticket_id`, `created_at` and `KINDS`.
        """
        self.solutions = solutions
        self.texts: list[str] = solutions["text"].to_list()
        self.ids: list[str] = solutions["solution_id"].to_list()
        self.places: Mapping[str, int] = {name: place for place, name in enumerate(self.ids)}
        """Of the solutions that may be found."""
        known = (
            attempts.join(documents.select("ticket_id").with_row_index("document"), on="ticket_id")
            .join(solutions.select("solution_id").with_row_index("solution"), on="solution_id")
            .sort("document", "at")
        )
        self._values = {kind: _coded(documents[kind]) for kind in KINDS}
        self._held = _Held(
            known["document"].cast(pl.Int64).to_numpy(),
            known["solution"].cast(pl.Int64).to_numpy(),
            known["succeeded"].to_numpy(),
            known["at"].dt.epoch("us").to_numpy(),
        )
        self._count(documents.height)

    @classmethod
    def as_of(cls, solutions: pl.DataFrame, attempts: pl.DataFrame, documents: pl.DataFrame, at: datetime) -> Self:
        """As it was known at that moment."""
        return cls(solutions, attempts.filter(pl.col("at") <= at), documents)

    def within(self, allowed: NDArray[np.bool_], before: datetime | None = None) -> Self:
        """As if there were only the documents that are allowed, (n,), and what was known before that moment.

        What was tried on none of them may not be found. Places stay as they are.
        """
        kept = allowed[self._held.documents]
        if before is not None:
            kept &= self._held.at < round(before.timestamp() * 1_000_000)
        part = copy(self)
        part._held = self._held.some(kept)
        part._count(len(allowed))
        part.places = {self.ids[place]: place for place in np.flatnonzero(part.attempts).tolist()}
        return part

    def _count(self, documents: int) -> None:
        """What rests on the attempts that are held."""
        held, size = self._held, len(self.ids)
        self._starts = np.searchsorted(held.documents, np.arange(documents + 1))
        self.tried = np.diff(self._starts) > 0
        self.attempts = np.bincount(held.solutions, minlength=size)
        self.successes = np.bincount(held.solutions[held.succeeded], minlength=size)
        self.prior: Prior = prior(self.successes, self.attempts)
        self.rates: Floats = shrunk(self.successes, self.attempts, self.prior)
        self.usual = _shares(self.attempts.astype(float), np.full(size, 1 / max(1, size)))
        self._last = np.full(size, NEVER)
        np.maximum.at(self._last, held.solutions, held.at)
        days = held.at / DAY
        weight = np.exp((days - days.max(initial=0)) / RECENT_DAYS)
        self.recent = _shares(np.bincount(held.solutions, weights=weight, minlength=size).astype(float), self.usual)
        self._by_value: dict[tuple[str, str], Floats] = {}

    def last_at(self, place: int) -> datetime | None:
        """When a solution was last tried; None for never."""
        last = int(self._last[place])
        return None if last == NEVER else EPOCH + timedelta(microseconds=last)

    def on(self, documents: Ints) -> Tried:
        """What was tried on these documents."""
        counts = self._starts[documents + 1] - self._starts[documents]
        rows = np.repeat(np.arange(len(documents)), counts)
        offsets = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        flat = np.repeat(self._starts[documents], counts) + offsets
        return Tried(rows, self._held.solutions[flat], self._held.succeeded[flat])

    def text_of(self, solution_id: str) -> str | None:
        """What a solution says; None for one that is not known."""
        place = self.places.get(solution_id)
        return None if place is None else self.texts[place]

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
        total = self.usual * max(0.0, 1.0 - sum(values.values()))
        for value, probability in values.items():
            total = total + probability * self._where(kind, value)
        return total

    def _where(self, kind: str, value: str) -> Floats:
        """Shares where a value holds, counted once; the usual ones for a value that no document has."""
        names, codes = self._values[kind]
        if value not in names:
            return self.usual
        if (kind, value) not in self._by_value:
            mine = self._held.solutions[codes[self._held.documents] == names[value]]
            counts = np.bincount(mine, minlength=len(self.ids)).astype(float)
            self._by_value[kind, value] = _shares(counts, self.usual, SMOOTH)
        return self._by_value[kind, value]


def _coded(values: pl.Series) -> tuple[dict[str, int], Ints]:
    """Codes of the values, and that of each document; below 0 for none."""
    said = values.cast(pl.String)
    names = said.drop_nulls().unique().sort()
    codes = said.replace_strict(names, np.arange(len(names)), default=-1, return_dtype=pl.Int64)
    return {name: code for code, name in enumerate(names)}, codes.to_numpy()


def _shares(counts: Floats, usual: Floats, weight: float = 1.0) -> Floats:
    """Shares, shrunk towards the usual ones."""
    found: Floats = (counts + weight * usual) / (counts.sum() + weight)
    return found
