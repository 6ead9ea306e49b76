"""Databases as dbt leaves them, filled by the contracts, without the time that dbt takes."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import numpy as np
import polars as pl
import pytest

from warehouse import marts
from warehouse.contracts import gold
from warehouse.delta import Lake
from warehouse.table import Table

Build = Callable[..., Path]


def drawn(table: Table, rows: int, seed: int) -> pl.DataFrame:
    """Rows of every type that the table has; the key counts up."""
    rng = np.random.default_rng(seed)
    columns = {}
    for name, dtype in table.schema.items():
        numbers = range(rows) if name in table.primary_key else [int(i) for i in rng.integers(0, 500, rows)]
        if dtype == pl.String:
            columns[name] = [f"value's {i:04}" for i in numbers]
        elif dtype == pl.Boolean:
            columns[name] = [i % 2 == 0 for i in numbers]
        elif dtype == pl.Date:
            columns[name] = [date(2026, 1, 1) + timedelta(days=i) for i in numbers]
        elif dtype == pl.Float64:
            columns[name] = [i / 7 for i in numbers]
        elif dtype == pl.Int64:
            columns[name] = list(numbers)
        else:
            columns[name] = [datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=i) for i in numbers]
    return pl.DataFrame(columns, schema=table.schema)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "lake")


@pytest.fixture
def build(lake: Lake) -> Build:
    """`build(rows=…, seed=…)`: what a dbt run with other tickets leaves behind."""

    def run(rows: int = 20, seed: int = 1, without: str | None = None) -> Path:
        database = marts.dbt_database(lake.root)
        database.parent.mkdir(parents=True, exist_ok=True)
        database.unlink(missing_ok=True)
        with duckdb.connect(str(database)) as connection:
            connection.execute("create schema gold")
            for table in gold.TABLES:
                if table.name != without:
                    connection.register("drawn", drawn(table, rows, seed).to_arrow())
                    connection.execute(f"create table gold.{table.name} as from drawn")
                    connection.unregister("drawn")
        return database

    return run


@pytest.fixture
def publish(lake: Lake, build: Build) -> Callable[..., Path]:
    """`publish(rows=…, seed=…)`: everything from dbt's database to the file that people open."""

    def run(rows: int = 20, seed: int = 1) -> Path:
        marts.publish_gold(lake, build(rows, seed))
        return marts.publish_metrics(lake)

    return run
