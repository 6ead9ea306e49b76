"""Points in time as exports write them, read into UTC; which of them can be true."""

from datetime import UTC, datetime, timedelta

import polars as pl

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
LATEST = datetime(2100, 1, 1, tzinfo=UTC)
AHEAD_OF_US = timedelta(days=1)
"""How far a time may lie after the receipt of its record: clocks are set wrongly, nothing is known a day before."""
MILLISECONDS_FROM = 100_000_000_000


def parse_times(text: pl.Series, time_format: str | None = None) -> pl.Series:
    """Times in UTC from ISO 8601 (no offset: UTC), epoch seconds or milliseconds, or a given format; null if none."""
    text = text.str.strip_chars()
    found = text.str.to_datetime("%Y-%m-%dT%H:%M:%S%.fZ", time_unit="us", strict=False).dt.replace_time_zone("UTC")
    if found.null_count() == text.null_count():
        return found
    left = text.to_frame("text").select(pl.when(found.is_null()).then(pl.col("text")))["text"]
    number = left.cast(pl.Float64, strict=False)
    milliseconds = pl.when(number.abs() < MILLISECONDS_FROM).then(number * 1000).otherwise(number)
    sane = pl.when(milliseconds.abs() < LATEST.timestamp() * 2000).then(milliseconds)
    epoch = (sane * 1000).round().cast(pl.Int64, strict=False).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    words = left if time_format else left.to_frame("text").filter(number.is_null())["text"]
    read = {value: _time(value, time_format) for value in words.drop_nulls().unique()}
    spelt = (
        left.replace_strict(read, default=None, return_dtype=pl.Int64)
        .cast(pl.Datetime("us"))
        .dt.replace_time_zone("UTC")
    )
    return pl.select(pl.coalesce(found, spelt, epoch)).to_series()


def _time(text: str, time_format: str | None) -> int | None:
    try:
        moment = datetime.strptime(text, time_format) if time_format else datetime.fromisoformat(text)  # noqa: DTZ007
        aware = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
        return (aware - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    except (ValueError, OverflowError):
        return None
