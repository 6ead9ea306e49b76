"""The window that is looked at, the weeks that it is compared with, and the days that a change may concern."""

from datetime import UTC, date, datetime, time, timedelta

import polars as pl

DAYS = 7
"""Days of a window, its last one included."""
WEEKS = 8
"""Windows before it that it is compared with."""
REACH = DAYS * (WEEKS + 1)
"""Days whose tickets a row is made of."""


def touched(days: pl.Series, newest: date) -> list[date]:
    """The last days of all windows that compare what happened on these days, up to the newest."""
    found = {day + timedelta(days=after) for day in days.drop_nulls().unique() for after in range(REACH)}
    return sorted(day for day in found if day <= newest)


def bounds(last: date) -> tuple[datetime, datetime]:
    """The first moment of the window that ends with this day, and the moment after it."""
    end = datetime.combine(last, time(), UTC) + timedelta(days=1)
    return end - timedelta(days=DAYS), end
