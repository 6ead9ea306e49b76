"""Anyone's table: CSV, JSON (an array or lines) or Parquet, plain or gzip; the kind is recognised by its content."""

import gzip
import io
import zlib
from pathlib import Path

import msgspec
import polars as pl

from warehouse.errors import SourceUnreadable

MOST_DATES = 0.9
_EXPECTED = "expected a CSV with a header, a JSON array of objects, JSON lines or Parquet, plain or gzip"


def read(path: Path) -> pl.DataFrame:
    """The table, typed by its values. Raises `SourceUnreadable` where it is none, or has no row."""
    try:
        content = path.read_bytes()
        content = gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content
        rows = _parsed(content)
    except (
        pl.exceptions.PolarsError,
        msgspec.DecodeError,
        UnicodeDecodeError,
        TypeError,
        EOFError,
        zlib.error,
    ) as error:
        raise SourceUnreadable(f"{path}: {str(error).splitlines()[0]}; {_EXPECTED}.") from None
    except gzip.BadGzipFile as error:
        raise SourceUnreadable(f"{path}: {error}; {_EXPECTED}.") from None
    if rows.is_empty():
        raise SourceUnreadable(f"{path}: no rows; {_EXPECTED}.")
    return rows


def moments(rows: pl.DataFrame, name: str) -> pl.Series | None:
    """The column as moments; None where it holds none: where more than a tenth of what is said is no date."""
    column = rows[name]
    if column.dtype in (pl.Date, pl.Datetime):
        return column.cast(pl.Datetime("us"))
    if column.dtype != pl.String or column.null_count() == len(column):
        return None
    found = column.str.slice(0, 10).str.to_datetime("%Y-%m-%d", time_unit="us", strict=False)
    return found if found.count() >= MOST_DATES * column.count() else None


def _parsed(content: bytes) -> pl.DataFrame:
    start = content.lstrip()[:1]
    if content[:4] == b"PAR1":
        return pl.read_parquet(io.BytesIO(content))
    if start == b"[":
        return _objects(msgspec.json.decode(content))
    if start == b"{":
        return _objects([msgspec.json.decode(line) for line in content.splitlines() if line.strip()])
    if not start:
        return pl.DataFrame()
    return pl.read_csv(io.BytesIO(content), infer_schema_length=None)


def _objects(found: object) -> pl.DataFrame:
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise TypeError("not every record is an object")
    return pl.DataFrame(found, infer_schema_length=None, strict=False)
