"""Public holidays of a region's largest market, as days."""

from datetime import date
from functools import lru_cache

import polars as pl

COUNTRIES = {"NA": "US", "EU": "DE", "UK": "GB", "APAC": "JP", "LATAM": "BR", "MEA": "AE"}
"""The country whose holidays stand for a region; a region that is none of these is taken as a country's code."""
FEW = 32


def on_holiday(created_at: pl.Series, region: pl.Series) -> pl.Series:
    """Whether each moment (UTC) lies on a public holiday of its region; null where no calendar is known."""
    days = created_at.dt.date()
    if len(days) <= FEW:
        found = [_holiday(day, place) for day, place in zip(days, region, strict=True)]
        return pl.Series("holiday", found, dtype=pl.Boolean)
    asked = pl.DataFrame({"day": days, "region": region})
    pairs = asked.unique().with_columns(
        holiday=pl.struct("day", "region").map_elements(
            lambda pair: _holiday(pair["day"], pair["region"]), return_dtype=pl.Boolean
        )
    )
    return asked.join(pairs, on=["day", "region"], how="left", maintain_order="left", nulls_equal=True)["holiday"]


def free_days(region: str, year: int) -> frozenset[date] | None:
    """Public holidays of a region in a year; None where no calendar is known."""
    return _days(COUNTRIES.get(region.upper(), region), year)


def _holiday(day: date | None, region: str | None) -> bool | None:
    if day is None or region is None:
        return None
    known = free_days(region, day.year)
    return None if known is None else day in known


@lru_cache(maxsize=512)
def _days(country: str, year: int) -> frozenset[date] | None:
    import holidays

    if country not in holidays.list_supported_countries():
        return None
    return frozenset(holidays.country_holidays(country, years=year))
