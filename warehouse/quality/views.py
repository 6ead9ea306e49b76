"""The lake's tables under their published names, `silver.tickets`, in one DuckDB connection."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import unquote

import polars as pl

from warehouse.delta import Lake
from warehouse.table import Table

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


@contextmanager
def views(lake: Lake, tables: Iterable[Table]) -> Iterator["DuckDBPyConnection"]:
    """A connection in memory, in UTC, with a view of each table as it is now; one that is not there is empty."""
    import duckdb

    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        for table in tables:
            connection.execute(f'create schema if not exists "{table.layer}"')
            connection.execute(f'create view "{table.layer}"."{table.name}" as {_rows(lake, table, connection)}')
        yield connection


def _rows(lake: Lake, table: Table, connection: "DuckDBPyConnection") -> str:
    """A query over the files of the current version, or over none."""
    files = lake.open(table).file_uris() if lake.exists(table) else []
    if files:
        return f"select * from read_parquet([{', '.join(map(_literal, files))}], union_by_name = true)"
    connection.register(f"empty_{table.layer}_{table.name}", pl.DataFrame(schema=table.schema).to_arrow())
    return f'select * from "empty_{table.layer}_{table.name}"'


def _literal(uri: str) -> str:
    """The file as DuckDB must be told it: no percent signs, quotes doubled, nothing in it taken for a pattern."""
    path = "".join(f"[{c}]" if c in "*?[" else c for c in unquote(uri.removeprefix("file://")))
    return "'" + path.replace("'", "''") + "'"
