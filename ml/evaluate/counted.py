"""Anyone's series of counts as comma-separated values, plain or gzip, by their frequency."""

import io
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import polars as pl

from ml.anomaly.panel import STEP, Frequency, Panel, panel, recognised
from ml.evaluate.lines import lines_of
from warehouse.errors import SourceUnreadable

TELLING = 8
"""Different times from which a series shows its own frequency; one with fewer is taken to be like most others."""


def panels(path: Path) -> dict[Frequency, Panel]:
    """From `series,time,count`. Raises `SourceUnreadable` with what is wrong.

    Times are dates or ISO times, UTC where they name no zone. Rows of the same series and time are added up, and a
    time without a row is 0 from the series' first one on.
    """
    rows = _read(path, {"series": pl.String, "time": pl.String, "count": pl.Float64})
    rows = rows.with_columns(moments(rows["time"], path))
    bad = rows.filter(pl.col("count").is_null() | ~pl.col("count").is_finite() | (pl.col("count") < 0))
    if bad.height:
        raise SourceUnreadable(f"{path}: a count of {bad['count'][0]} in {bad['series'][0]!r}; expected 0 or more.")
    kinds = _frequencies(rows)
    of = rows.with_columns(pl.col("series").replace_strict(kinds, return_dtype=pl.String).alias("frequency"))
    there = sorted(set(kinds.values()), key=lambda frequency: -STEP[frequency])
    return {frequency: panel(of.filter(frequency=frequency), frequency=frequency) for frequency in there}


def spans(path: Path) -> pl.DataFrame:
    """`series`, `start`, `end` of outbreaks, both inside; times as in `panels`."""
    rows = _read(path, {"series": pl.String, "start": pl.String, "end": pl.String})
    return rows.with_columns(moments(rows["start"], path), moments(rows["end"], path))


def begins(path: Path) -> dict[str, datetime]:
    """`series,eval_start`: from when on each series is judged."""
    rows = _read(path, {"series": pl.String, "eval_start": pl.String})
    return dict(zip(rows["series"], moments(rows["eval_start"], path), strict=True))


def moments(texts: pl.Series, path: Path) -> pl.Series:
    """Times of a column without a zone, in UTC."""
    plain = texts.str.strip_chars().str.replace(" ", "T", literal=True)
    found = plain.str.to_datetime("%Y-%m-%d", strict=False, time_unit="us")
    for form in ("%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S%.f"):
        found = found.fill_null(plain.str.strip_suffix("Z").str.to_datetime(form, strict=False, time_unit="us"))
    zoned = plain.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f%#z", strict=False, time_unit="us", time_zone="UTC")
    found = found.fill_null(zoned.dt.replace_time_zone(None)).alias(texts.name)
    if found.null_count():
        line = found.is_null().arg_max() or 0
        raise SourceUnreadable(
            f"{path}: {texts.name} {texts[line]!r} in row {line + 1}; expected a date or an ISO time."
        )
    return found


def _read(path: Path, columns: Mapping[str, type[pl.DataType]]) -> pl.DataFrame:
    text = b"\n".join(line for _, line in lines_of(path, "comma-separated values"))
    try:
        rows = pl.read_csv(io.BytesIO(text), infer_schema=False)
    except pl.exceptions.PolarsError as error:
        raise SourceUnreadable(f"{path}: {error}; expected comma-separated values with a header.") from None
    missing = [name for name in columns if name not in rows.columns]
    if missing or rows.is_empty():
        found = f"no column {missing[0]!r}" if missing else "no rows"
        raise SourceUnreadable(f"{path}: {found}; expected the columns {', '.join(columns)}.")
    return rows.select(pl.col(name).cast(kind, strict=False) for name, kind in columns.items())


def _frequencies(rows: pl.DataFrame) -> dict[str, Frequency]:
    times = rows.group_by("series").agg(pl.col("time").unique())
    pairs = zip(times["series"], times["time"], strict=True)
    own = {name: recognised(of) for name, of in pairs if len(of) >= TELLING}
    most = Counter(own.values()).most_common(1)[0][0] if own else recognised(rows["time"])
    return {name: own.get(name, most) for name in times["series"]}
