"""Samples of the reference: what two windows of one and the same past look like, side by side."""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
BLOCK = 7
"""Days that stay together: each block holds every day of the week once."""
LEAST_BLOCKS = 8
"""Of fewer blocks nobody can say how much blocks differ: then days are drawn one by one."""
LEAST_DAYS = 14
"""Of fewer days, rows are drawn one by one."""
DRAWS = 1_000


class Samples(Protocol):
    """Pairs of samples, one as long as the reference, one as what is compared with it."""

    @property
    def draws(self) -> int:
        """How many pairs."""
        ...

    @property
    def units(self) -> float:
        """Parts of the reference that do not hang together."""
        ...

    def counts(self, codes: Array, cells: int) -> tuple[Array, Array]:
        """How often each code comes in each sample: both (draws, cells). One code a row of the reference."""
        ...


@dataclass(frozen=True)
class DaySamples:
    """Blocks of consecutive days, drawn with replacement (moving-block bootstrap, Künsch 1989).

    Rows of a day stay together and so do days of a week: what hangs together within a week is in every sample as it
    was. `day_of` is the day of each row; `reference` and `current` say how often each day is in each sample.
    """

    day_of: Array
    reference: Array
    current: Array
    units: float

    @classmethod
    def drawn(cls, day_of: Array, days: int, length: int, *, seed: int, draws: int = DRAWS) -> "DaySamples":
        """Of a reference of so many days, against windows of `length` days."""
        block = BLOCK if days >= LEAST_BLOCKS * BLOCK else 1
        rng = np.random.default_rng(seed)
        reference, current = (_weights(days, size, block, draws, rng) for size in (days, length))
        return cls(day_of, reference, current, days / block)

    @property
    def draws(self) -> int:
        """As declared by `Samples`."""
        return len(self.current)

    def counts(self, codes: Array, cells: int) -> tuple[Array, Array]:
        """As declared by `Samples`."""
        days = self.reference.shape[1]
        table = np.bincount(self.day_of * cells + codes, minlength=days * cells).reshape(days, cells)
        return self.totals(table.astype(np.float32))

    def totals(self, sums: Array) -> tuple[Array, Array]:
        """What sums a day, (days, k), come to in each sample."""
        return self.reference @ sums, self.current @ sums


@dataclass(frozen=True)
class RowSamples:
    """Rows drawn one by one with replacement, for tables without days."""

    rows: int
    compared: int
    seed: int
    draws: int = DRAWS

    @property
    def units(self) -> float:
        """Each row by itself."""
        return float(self.rows)

    def counts(self, codes: Array, cells: int) -> tuple[Array, Array]:
        """As declared by `Samples`; the same rows for every column."""
        rng = np.random.default_rng(self.seed)
        found = [
            [
                np.bincount(codes[rng.integers(0, self.rows, size)], minlength=cells)
                for size in (self.rows, self.compared)
            ]
            for _ in range(self.draws)
        ]
        return tuple(np.stack(side).astype(np.float32) for side in zip(*found, strict=True))  # type: ignore[return-value]


def days_alike(compared: int, rows: int, days: int) -> int:
    """Whole days of a reference of so many rows that hold no more rows than were compared."""
    return compared * days // max(rows, 1)


def _weights(days: int, length: int, block: int, draws: int, rng: np.random.Generator) -> Array:
    """How often each day is in each sample of `length` days, (draws, days)."""
    starts = rng.integers(0, days - block + 1, (draws, -(-length // block)))
    drawn = (starts[:, :, None] + np.arange(block)).reshape(draws, -1)[:, :length]
    places = drawn + np.arange(draws)[:, None] * days
    return np.bincount(places.ravel(), minlength=draws * days).reshape(draws, days).astype(np.float32)
