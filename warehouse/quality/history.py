"""The table that keeps what every check found, run after run."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any
from zlib import crc32

import polars as pl

from warehouse.contracts.quality import CHECK_RESULTS
from warehouse.delta import Commit, Lake
from warehouse.quality.declaration import ROW_COUNT, contracts, declared
from warehouse.table import Table

VALID_FOR = timedelta(days=1)


def record(lake: Lake, results: pl.DataFrame, *, progress: Mapping[str, int] | None = None) -> Commit:
    """Add results to the history, whichever engine found them; those of the same run and check are replaced.

    With `progress=inputs(lake, tables)`, `is_current` knows afterwards that these tables were checked.
    """
    return lake.merge(CHECK_RESULTS, results, progress=progress)


def inputs(lake: Lake, tables: Iterable[Table]) -> dict[str, int]:
    """What a verification depends on: data versions of the tables and of those they refer to, and the contracts."""
    versions: dict[str, int] = {}
    for contract in contracts(tables):
        versions[f"contract/{contract.table.path}"] = crc32(contract.text.encode())
        for table in (contract.table, *contract.references):
            version = lake.data_version(table)
            if version is not None:
                versions[table.path] = version
    return versions


def is_current(lake: Lake, tables: Iterable[Table]) -> bool:
    """Whether checking again could only find what is recorded, but for freshness, which changes with the clock."""
    return all(lake.progress(CHECK_RESULTS, source) == version for source, version in inputs(lake, tables).items())


def latest(lake: Lake, tables: Iterable[Table], *, now: datetime) -> pl.DataFrame | None:
    """What the newest verification of these tables found, if checking again could only find the same; else None.

    Freshness moves with the clock, so what is older than a day does not count.
    """
    tables = list(tables)
    if not lake.exists(CHECK_RESULTS) or not is_current(lake, tables):
        return None
    paths = [table.path for table in tables]
    newest = pl.col("run_id").sort_by("checked_at").last().over("table")
    soda = lake.scan(CHECK_RESULTS).filter(pl.col("engine") == "soda", pl.col("table").is_in(paths))
    found = soda.filter(pl.col("run_id") == newest, pl.col("checked_at") > now - VALID_FOR).collect()
    declared_checks = {(check.table, check.name) for check in declared(tables)}
    return found if set(found.select("table", "check").iter_rows()) == declared_checks else None


def failing(lake: Lake) -> list[dict[str, Any]]:
    """What the newest run over each table found wrong, what blocks first: table, check, severity, detail, query."""
    if not lake.exists(CHECK_RESULTS):
        return []
    told = ("table", "check", "engine", "severity", "detail", "failing_rows_sql")
    newest = pl.col("run_id").sort_by("checked_at").last().over("engine", "table")
    found = lake.scan(CHECK_RESULTS).filter(pl.col("run_id") == newest).filter(~pl.col("passed"))
    return found.sort("severity", "table", "check").select(told).collect().to_dicts()


def rows_before(lake: Lake, *, run_id: str) -> dict[str, int]:
    """Rows of each table when a run other than this one counted them last."""
    if not lake.exists(CHECK_RESULTS):
        return {}
    counts = (
        lake.scan(CHECK_RESULTS)
        .filter(pl.col("check") == ROW_COUNT, pl.col("engine") == "soda", pl.col("run_id") != run_id)
        .filter(pl.col("value").is_not_null())
        .group_by("table")
        .agg(pl.col("value").sort_by("checked_at").last())
        .collect()
    )
    return {table: int(value) for table, value in counts.iter_rows()}
