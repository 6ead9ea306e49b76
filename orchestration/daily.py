"""Tables with rows for each day, made of the tickets up to it: what changed, and rows in place of those before."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

import polars as pl

from ml.anomaly.windows import touched
from warehouse.delta import Lake
from warehouse.table import Table


def versions(lake: Lake, tables: Sequence[Table]) -> dict[str, int]:
    """The data versions of those tables that there are."""
    return {table.path: version for table in tables if (version := lake.data_version(table)) is not None}


def altered(lake: Lake, table: Table, since: int | None, until: int | None, columns: Sequence[str]) -> pl.DataFrame:
    """Rows as they are and as they were (`columns`), of which these columns differ since that version of the table."""
    if until is None:
        return pl.DataFrame(schema={name: table.schema[name] for name in columns})
    changes = lake.changes(table, since, until, columns=columns, before=True)
    come = pl.col("_change_type").is_in(["insert", "update_postimage"])
    net = changes.group_by(columns).agg(_net=pl.when(come).then(1).otherwise(-1).sum())
    return net.filter(pl.col("_net") != 0).select(columns)


def concerned(lake: Lake, table: Table, happened: pl.Series, newest: date | None) -> list[date]:
    """The days whose rows are to be made anew: those that what happened on these days concerns, and all since the last.

    Empty where nothing happened.
    """
    days = touched(happened, newest) if newest is not None else []
    last = lake.scan(table).select(pl.col("day").max()).collect().item()
    if not days or last is None or newest is None:
        return days
    return sorted({*days, *(last + timedelta(days=after) for after in range(1, (newest - last).days + 1))})


def bring(lake: Lake, table: Table, rows: pl.DataFrame, days: Sequence[date], progress: Mapping[str, int]) -> None:
    """Make the table hold these rows for these days, and no others for them."""
    known = lake.scan(table).filter(pl.col("day").is_in(list(days))).select(table.primary_key).collect()
    lake.exchange(table, known, rows, progress=progress)
