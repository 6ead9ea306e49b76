"""Series of counts on one clock: from anyone's rows to arrays."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

Frequency = Literal["hourly", "daily", "weekly"]
Counts = NDArray[np.float64]
STEP: dict[Frequency, timedelta] = {
    "hourly": timedelta(hours=1),
    "daily": timedelta(days=1),
    "weekly": timedelta(weeks=1),
}


@dataclass(frozen=True)
class Panel:
    """`counts` (series, time) of one frequency from `begin` on, which is UTC: a day has 24 hours all year."""

    names: tuple[str, ...]
    frequency: Frequency
    begin: datetime
    counts: Counts
    starts: NDArray[np.int64]
    """The first step of each series (series,): before it there was nothing to count."""

    @property
    def steps(self) -> int:
        """How many times there are."""
        return int(self.counts.shape[1])

    def time(self, step: int) -> datetime:
        """When a step begins."""
        return self.begin + step * STEP[self.frequency]

    def step(self, time: datetime) -> int:
        """The step that holds a time."""
        return (time - self.begin) // STEP[self.frequency]

    def upto(self, step: int) -> "Panel":
        """What was known when this step began."""
        return Panel(self.names, self.frequency, self.begin, self.counts[:, :step], np.minimum(self.starts, step))

    def take(self, places: NDArray[np.int64]) -> "Panel":
        """Some of the series."""
        names = tuple(self.names[place] for place in places)
        return Panel(names, self.frequency, self.begin, self.counts[places], self.starts[places])


def panel(
    rows: pl.DataFrame,
    *,
    frequency: Frequency | None = None,
    begin: datetime | None = None,
    until: datetime | None = None,
) -> Panel:
    """From `series`, `time` (UTC) and `count`, in any order; several rows of one series and step are added up.

    A step without a row is 0 from the series' first row on. `begin` lets each series start no later than then,
    `until` is the last step. The frequency is recognised where it is not given.
    """
    rows = rows.select("series", _utc(rows["time"]), pl.col("count").cast(pl.Float64))
    frequency = frequency or recognised(rows["time"])
    first, last = rows["time"].min(), rows["time"].max()
    if not isinstance(first, datetime) or not isinstance(last, datetime):
        raise ValueError("expected at least one row with a time; found none.")
    origin = _floor(first, frequency)
    if begin is not None:
        origin += min(0, (_plain(begin) - origin) // STEP[frequency]) * STEP[frequency]
    last = max(last, _plain(until)) if until is not None else last
    size = (last - origin) // STEP[frequency] + 1
    steps = _steps(rows, origin, frequency)
    names = rows["series"].unique().sort()
    places = rows["series"].cast(pl.Enum(names)).to_physical().to_numpy().astype(np.int64)
    weights = rows["count"].to_numpy()
    counts = np.bincount(places * size + steps, weights=weights, minlength=len(names) * size).astype(np.float64)
    starts = np.full(len(names), size)
    np.minimum.at(starts, places, steps if begin is None else np.zeros_like(steps))
    return Panel(tuple(names), frequency, origin.replace(tzinfo=UTC), counts.reshape(len(names), size), starts)


def recognised(times: pl.Series) -> Frequency:
    """The widest of a week, a day and an hour that all gaps between times are multiples of; a day for a single time."""
    apart = times.unique().sort().diff().drop_nulls().dt.total_seconds()
    if apart.is_empty():
        return "daily"
    for frequency in ("weekly", "daily"):
        if (apart % int(STEP[frequency].total_seconds()) == 0).all():
            return frequency
    return "hourly"


def _utc(times: pl.Series) -> pl.Series:
    """Without a zone: dates, and times of whatever zone."""
    zoned = isinstance(times.dtype, pl.Datetime) and times.dtype.time_zone is not None
    times = times.dt.convert_time_zone("UTC").dt.replace_time_zone(None) if zoned else times
    return times.cast(pl.Datetime("us"))


def _plain(time: datetime) -> datetime:
    return time.astimezone(UTC).replace(tzinfo=None) if time.tzinfo else time


def _floor(time: datetime, frequency: Frequency) -> datetime:
    """The beginning of the hour or day; of the week, as the first row has it."""
    time = time.replace(minute=0, second=0, microsecond=0)
    return time if frequency == "hourly" else time.replace(hour=0)


def _steps(rows: pl.DataFrame, origin: datetime, frequency: Frequency) -> NDArray[np.int64]:
    seconds = (rows["time"] - origin).dt.total_seconds().to_numpy()
    found: NDArray[np.int64] = seconds.astype(np.int64) // int(STEP[frequency].total_seconds())
    return found
