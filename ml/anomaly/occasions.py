"""Holidays and releases, given as data: what they do to counts is learned from all series together."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ml.anomaly.panel import Panel

Floats = NDArray[np.float64]
Groups = NDArray[np.int8]
COLUMNS: Mapping[str, pl.DataType | type[pl.DataType]] = {
    "series": pl.String,
    "time": pl.Datetime("us", "UTC"),
    "kind": pl.String,
}
"""`kind` is holiday or release; `series` is null for all of them."""
HOLIDAY = 1
WEEKS = 4
"""Of a release, each with an effect of its own, after the number of `HOLIDAY`."""
DOUBT = 5.0
"""Expected counts that speak for no effect, before any were seen."""
GROUPS = 1 + HOLIDAY + WEEKS


@dataclass(frozen=True)
class Effects:
    """Of each group (groups,): the log of how much counts change, and how that differs from case to case."""

    log: Floats
    variance: Floats

    @classmethod
    def none(cls) -> "Effects":
        """Nothing is known: a holiday or a release changes nothing, or much."""
        return cls(np.zeros(GROUPS), np.append(0.0, np.full(GROUPS - 1, 0.25)))


def groups(rows: pl.DataFrame | None, panel: Panel, first: int, last: int) -> Groups | None:
    """Which group each step from `first` to before `last` belongs to (series, time); 0 is none, None no row."""
    if rows is None or rows.is_empty():
        return None
    found = np.zeros((len(panel.names), last - first), dtype=np.int8)
    place = {name: number for number, name in enumerate(panel.names)}
    for series, time, kind in rows.sort("kind").select("series", "time", "kind").iter_rows():
        which = slice(None) if series is None else place.get(series)
        if which is not None:
            for begin, end, group in _spans(time, kind):
                low, high = panel.step(begin) - first, panel.step(end - timedelta(microseconds=1)) - first + 1
                found[which, max(low, 0) : max(high, 0)] = group
    return found


def _spans(time: datetime, kind: str) -> list[tuple[datetime, datetime, int]]:
    if kind == "holiday":
        return [(time, time + timedelta(days=1), HOLIDAY)]
    if kind == "release":
        weeks = [time + timedelta(weeks=week) for week in range(WEEKS + 1)]
        return [(weeks[week], weeks[week + 1], 1 + HOLIDAY + week) for week in range(WEEKS)]
    raise ValueError(f"an occasion of kind {kind!r}; expected holiday or release.")


def learn(counts: Floats, mean: Floats, phi: Floats, known: NDArray[np.bool_], group: Groups) -> Effects:
    """From counts and what was expected of them without occasions, (series, time); `phi` (series,).

    Ratios of sums, drawn to 1; between series they vary by as much as chance does not explain (DerSimonian and Laird,
    "Meta-analysis in clinical trials", 1986).
    """
    found = Effects.none()
    for number in range(1, GROUPS):
        inside = (group == number) & known
        seen, meant = (counts * inside).sum(axis=1), (mean * inside).sum(axis=1)
        if not inside.any():
            continue
        ratio = (seen.sum() + DOUBT) / (meant.sum() + DOUBT)
        expected = ratio * meant
        beyond = ((seen - expected) ** 2 - phi * expected).sum() / max((expected**2).sum(), 1e-9)
        found.log[number] = np.log(ratio)
        found.variance[number] = np.clip(beyond, 0.0, 4.0) + 1 / (meant.sum() + DOUBT)
    return found
