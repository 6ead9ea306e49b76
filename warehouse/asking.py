"""One connection for any question: the published metrics, and the tables of the lake as `layer.table`."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from warehouse.delta import Lake
from warehouse.errors import NotMaterialized
from warehouse.marts import attach_metrics
from warehouse.quality import known_tables, tables_named, views

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


@contextmanager
def open_lake(root: Path, query: str) -> Iterator["DuckDBPyConnection"]:
    """A connection with the newest metrics and the tables that `query` names, as they are now, side by side.

    Reads no other file, writes none, lets no setting be changed. Raises `NotMaterialized` for a query that names no
    table of a layer while no metrics are published.
    """
    lake, named = Lake(root), tables_named(query)
    with views(lake, named) as connection:
        try:
            attach_metrics(connection, root)
            connection.execute("set search_path = 'memory.main,metrics.main'")
        except NotMaterialized:
            if not any(f"{layer}." in query for layer in _layers()):
                raise
        files = [
            unquote(uri.removeprefix("file://")) for t in named if lake.exists(t) for uri in lake.open(t).file_uris()
        ]
        connection.execute("set allowed_paths = $files", {"files": files})
        connection.execute("set enable_external_access = false")
        connection.execute("set lock_configuration = true")
        yield connection


def existing(connection: "DuckDBPyConnection", root: Path) -> list[str]:
    """Every table that can be asked for: the metrics, then those of the layers."""
    metrics = connection.execute("select table_name from duckdb_tables() where database_name = 'metrics' order by all")
    lake = Lake(root)
    return [name for (name,) in metrics.fetchall()] + [
        f"{table.layer}.{table.name}" for table in known_tables().values() if lake.exists(table)
    ]


def _layers() -> set[str]:
    return {table.layer for table in known_tables().values()}
