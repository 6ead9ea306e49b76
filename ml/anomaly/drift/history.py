"""A part of the desk day by day: each window of days against what models learned from."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Protocol

import numpy as np
import polars as pl

from ml.anomaly.drift.judging import judge
from ml.anomaly.drift.samples import LEAST_DAYS, Array, DaySamples, days_alike
from warehouse.contracts.anomalies import DRIFT

WINDOW = 14
"""Days that are compared: each day of the week twice."""
LEAST = 100
"""Tickets that a window must have."""
SEED = 7


class Measure(Protocol):
    """Something whose distance from the reference is taken."""

    @property
    def name(self) -> str:
        """What people call it."""
        ...

    @property
    def method(self) -> str:
        """Its distance."""
        ...

    def observed(self, window: slice) -> float:
        """Of these days, counted from the first of the reference."""
        ...

    def resampled(self, samples: DaySamples) -> Array:
        """Between the two samples of each pair."""
        ...


@dataclass(frozen=True)
class Asked:
    """Which windows are compared: up to the newest ticket's day, those that hold a day that is due (None: all)."""

    newest: date
    due: Collection[date] | None = None


@dataclass(frozen=True)
class Past:
    """Days of the reference, from `first` on, and the first day that may be compared with them."""

    first: date
    days: int
    compared_from: date

    @classmethod
    def between(cls, first: date, end: date, compared_from: date | None = None) -> "Past":
        """The days before `end`; what follows is compared, or what follows a later day."""
        return cls(first, (end - first).days, compared_from or end)

    def day_of(self, times: pl.Series) -> Array:
        """Days from the first one to these moments."""
        return (times.dt.date() - self.first).dt.total_days().to_numpy()

    def windows(self, asked: Asked) -> list[date]:
        """Last days of the windows that are compared."""
        first = self.compared_from + timedelta(days=WINDOW - 1)
        every = [first + timedelta(days=n) for n in range((asked.newest - first).days + 1)]
        if asked.due is None:
            return every
        due = set(asked.due)
        return [day for day in every if any(day - timedelta(days=n) in due for n in range(WINDOW))]

    def window(self, last: date) -> slice:
        """The days of the window that ends with this one."""
        end = (last - self.first).days + 1
        return slice(end - WINDOW, end)


def judged(
    part: str, past: Past, windows: Sequence[date], measures: Mapping[str, Sequence[Measure]], day_of: Array
) -> pl.DataFrame:
    """Rows of `anomalies/drift`; `measures` by model, all judged together; `day_of` is the day of each ticket.

    Windows with fewer than `LEAST` tickets, or than a day used to have, are not judged; nor is anything against a
    reference of fewer than `LEAST_DAYS` days.
    """
    every = [(model, measure) for model, some in measures.items() for measure in some]
    before = int(((day_of >= 0) & (day_of < past.days)).sum())
    rows: list[tuple[object, ...]] = []
    resampled: dict[int, tuple[Array, float]] = {}
    for last in windows if every and past.days >= LEAST_DAYS and before >= LEAST else ():
        window = past.window(last)
        tickets = int(((day_of >= window.start) & (day_of < window.stop)).sum())
        length = days_alike(tickets, before, past.days)
        if tickets < LEAST or length == 0:
            continue
        if length not in resampled:
            samples = DaySamples.drawn(day_of, past.days, length, seed=SEED)
            resampled[length] = np.stack([measure.resampled(samples) for _, measure in every]), samples.units
        values = np.array([measure.observed(window) for _, measure in every])
        for (model, measure), found in zip(every, judge(values, *resampled[length]), strict=True):
            said = (measure.method, found.value, found.threshold, found.p, found.drifted)
            rows.append((model, part, measure.name, last, tickets, *said))
    return pl.DataFrame(rows, schema=DRIFT.schema, orient="row")
