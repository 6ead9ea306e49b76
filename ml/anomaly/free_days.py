"""Public holidays as occasions: of each region in its own series, elsewhere those that most tickets are opened on."""

from datetime import UTC, date, datetime, time, timedelta

import polars as pl

from ml.anomaly import series
from ml.anomaly.occasions import COLUMNS
from ml.features.calendar import free_days

MOST = 0.5
"""Share of the tickets, by region, from which a holiday counts for series of all regions."""
AHEAD = timedelta(weeks=2)


def holidays(tickets: pl.DataFrame, until: datetime) -> pl.DataFrame:
    """Rows as `occasions` takes them, from the first ticket (`created_at`, `region`) to `AHEAD` of `until`.

    Tickets from `until` on are not looked at, so that a week is judged by what was known when it began.
    """
    known = tickets.filter(pl.col("created_at") < until)
    shares = known["region"].value_counts(normalize=True, name="share").drop_nulls("region")
    if shares.is_empty():
        return pl.DataFrame(schema=COLUMNS)
    first, last = known["created_at"].sort()[0], until + AHEAD
    free: dict[date, float] = {}
    rows: list[tuple[str | None, date]] = []
    for region, share in shares.sort("region").iter_rows():
        years = range(first.year, last.year + 1)
        days = sorted(day for year in years for day in free_days(region, year) or ())
        for day in (day for day in days if first.date() <= day < last.date()):
            rows.append((series.of("region", region), day))
            free[day] = free.get(day, 0.0) + share
    rows += [(None, day) for day, share in sorted(free.items()) if share > MOST]
    found = [(name, datetime.combine(day, time(), UTC), "holiday") for name, day in rows]
    return pl.DataFrame(found, schema=COLUMNS, orient="row")
