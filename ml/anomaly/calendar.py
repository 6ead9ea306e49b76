"""What the clock says of a step: level, trend, season of the year, day of the week, hour of the day."""

from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from ml.anomaly.panel import STEP, Frequency

Floats = NDArray[np.float64]
YEAR = 365.25
YEAR_WAVES = 2
DAY_WAVES = 3
SEASON_NEEDS = 300
"""Days of history below which nothing is said of the season."""
BREAKS: dict[Frequency, tuple[int, ...]] = {"weekly": (13, 39), "daily": (42, 182), "hourly": (24 * 28,)}
"""Steps before the fit at which the level may have changed for good."""
LEVEL, TREND, BREAK, SEASON, WEEKDAY, HOUR = 3.0, 0.3, 0.3, 0.5, 1.0, 1.0
"""Standard deviations, on the log scale, that terms may have before any series was seen; a trend's is by year."""


def terms(begin: datetime, frequency: Frequency, steps: NDArray[np.int64], *, origin: int, seasons: bool) -> Floats:
    """One row a step, counted from `begin`: 1, years since the step `origin`, breaks, waves and contrasts of mean 0."""
    days = (steps * (STEP[frequency].total_seconds() / 86400)).astype(np.float64)
    columns = [np.ones(len(steps)), (days - origin * STEP[frequency].total_seconds() / 86400) / YEAR]
    columns += [np.where(steps < origin - back, -1.0, 0.0) for back in BREAKS[frequency]]
    at = days + begin.timetuple().tm_yday
    if seasons:
        columns += _waves(at / YEAR, YEAR_WAVES)
    if frequency != "weekly":
        clock = days + begin.weekday() + begin.hour / 24
        weekday = np.floor(clock + 1e-9).astype(np.int64) % 7
        columns += [(weekday == day) * 1.0 - (weekday == 6) for day in range(6)]
        if frequency == "hourly":
            office = np.where(weekday < 5, 1.0, -1.0)
            waves = _waves(clock, DAY_WAVES)
            columns += [*waves, *(wave * office for wave in waves)]
    return np.stack(columns, axis=1)


def spreads(frequency: Frequency, *, seasons: bool) -> Floats:
    """The standard deviations of the coefficients of `terms`."""
    found = [LEVEL, TREND, *[BREAK for _ in BREAKS[frequency]], *([SEASON] * (2 * YEAR_WAVES) if seasons else [])]
    found += [] if frequency == "weekly" else [WEEKDAY] * 6
    found += [HOUR] * (4 * DAY_WAVES) if frequency == "hourly" else []
    return np.array(found)


def optional(frequency: Frequency, *, seasons: bool) -> tuple[tuple[int, ...], ...]:
    """Places in `terms` that a series may do without, together: the trend, each break, each wave of the year."""
    single = 2 + len(BREAKS[frequency])
    waves = tuple((single + 2 * wave, single + 2 * wave + 1) for wave in range(YEAR_WAVES)) if seasons else ()
    return (*((place,) for place in range(1, single)), *waves)


def _waves(turns: Floats, count: int) -> list[Floats]:
    angle = 2 * np.pi * turns
    return [wave(number * angle) for number in range(1, count + 1) for wave in (np.cos, np.sin)]
