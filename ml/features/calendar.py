"""Public holidays of a region's largest market, as days."""

from datetime import date
from functools import lru_cache

import polars as pl

COUNTRIES = {"NA": "US", "EU": "DE", "UK": "GB", "APAC": "JP", "LATAM": "BR", "MEA": "AE"}
"""The country whose holidays stand for a region; a region that is none of these is taken as a country's code."""


def on_holiday(created_at: pl.Series, region: pl.Series) -> pl.Series:
    """Whether each moment (UTC) lies on a public holiday of its region; null where no calendar is known."""
    asked = pl.DataFrame({"day": created_at.dt.date(), "region": region})
    pairs = asked.select("region", year=pl.col("day").dt.year()).drop_nulls().unique()
    days = [pl.DataFrame(schema={"day": pl.Date, "region": pl.String, "holiday": pl.Boolean})]
    known = []
    for place, year in pairs.iter_rows():
        found = _days(COUNTRIES.get(place.upper(), place), year)
        if found is not None:
            known.append(place)
            days.append(
                pl.DataFrame({"day": found}, schema={"day": pl.Date}).with_columns(
                    region=pl.lit(place), holiday=pl.lit(True)
                )
            )
    calendar = pl.concat(days)
    joined = asked.join(calendar, on=["day", "region"], how="left", maintain_order="left")
    covered = pl.col("region").is_in(known) & pl.col("day").is_not_null()
    return joined.select(pl.when(covered).then(pl.col("holiday").fill_null(False)).alias("holiday"))["holiday"]


@lru_cache(maxsize=512)
def _days(country: str, year: int) -> list[date] | None:
    import holidays

    if country not in holidays.list_supported_countries():
        return None
    return sorted(holidays.country_holidays(country, years=year))
