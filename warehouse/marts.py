"""Gold as people get it: Delta tables, JSON files, and one DuckDB file that is never written twice (guarantee 7)."""

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import polars as pl

from warehouse.contracts import gold
from warehouse.delta import Commit, Lake
from warehouse.errors import NotMaterialized
from warehouse.table import TIMESTAMP, Table

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

T = TypeVar("T")
KEPT_VERSIONS = 3
LINK = "metrics.duckdb"
CATALOGUE = "_catalogue"
# Given on opening: a second connection to the same file finds the settings locked already.
_READ_ONLY: Any = {
    "TimeZone": "UTC",
    "enable_external_access": "false",
    "autoinstall_known_extensions": "false",
    "lock_configuration": "true",
}


def dbt_database(root: Path) -> Path:
    """dbt's own database, which anyone may delete: gold comes out the same."""
    return root / "dbt" / "warehouse.duckdb"


def publish_gold(lake: Lake, database: Path, *, progress: Mapping[str, int] | None = None) -> list[Commit]:
    """Bring every mart and metric from dbt's database into the lake, committing only what changed.

    `progress` names the inputs of the dbt run and is committed with each table. Raises `NotMaterialized` where dbt has
    not built a table, before anything is written.
    """
    with _dbt(database) as connection, lake.lock(*gold.TABLES):
        frames = [(table, _built(connection, table)) for table in gold.TABLES]
        return [_publish(lake, table, rows, progress or {}) for table, rows in frames]


def _publish(lake: Lake, table: Table, rows: pl.DataFrame, progress: Mapping[str, int]) -> Commit:
    """Facts and dimensions change row by row, for those who follow their changes; a metric changes as a whole."""
    if table.name.startswith("metric_"):
        return lake.replace(table, rows, progress=progress)
    if lake.exists(table):
        known = lake.read(table, columns=table.primary_key)
        lake.delete(table, known.join(rows, on=table.primary_key, how="anti"))
    return lake.merge(table, rows, progress=progress)


@contextmanager
def _dbt(database: Path) -> Iterator["DuckDBPyConnection"]:
    import duckdb

    if not database.exists():
        raise NotMaterialized("dbt's database", hint=f"expected {database}: run `ticketlake build`")
    with duckdb.connect(str(database), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        yield connection


def _built(connection: "DuckDBPyConnection", table: Table) -> pl.DataFrame:
    import duckdb

    columns = ", ".join(f'"{name}"' for name in table.schema)
    try:
        rows: pl.DataFrame = connection.sql(f"select {columns} from gold.{table.name}").pl()
    except duckdb.CatalogException:
        raise NotMaterialized(table.path, hint="dbt has not built it: run `ticketlake build`") from None
    return rows.cast(table.schema)


def publish_export(lake: Lake) -> list[Path]:
    """Write the metrics and the small dimensions as JSON under `gold/export`, each with its description.

    Same rows, same bytes; a file that would not change is not touched. Raises `NotMaterialized`.
    """
    folder = lake.root / "gold" / "export"
    folder.mkdir(parents=True, exist_ok=True)
    exported = {folder / f"{name}.json": mart for name, mart in gold.MARTS.items() if mart.exported}
    for file, mart in exported.items():
        content = _json(mart, _rows(lake, mart.table))
        if not file.exists() or file.read_text(encoding="utf-8") != content:
            written = file.with_suffix(".tmp")
            written.write_text(content, encoding="utf-8")
            written.replace(file)
    for stale in set(folder.iterdir()) - set(exported):
        stale.unlink()
    return list(exported)


def _json(mart: gold.Mart, rows: pl.DataFrame) -> str:
    about = {
        "name": mart.table.name,
        "description": mart.description,
        "grain": mart.table.grain,
        "definition": mart.definition,
        "unit": mart.unit,
        "owner": mart.table.owner,
        "columns": [{"name": c.name, "description": c.description} for c in mart.table.columns],
    }
    dates = [pl.col(name).dt.to_string("%F") for name, dtype in rows.schema.items() if dtype == pl.Date]
    times = [pl.col(name).dt.to_string("%FT%T%.6fZ") for name, dtype in rows.schema.items() if dtype == TIMESTAMP]
    lines = ",\n".join(rows.with_columns(*dates, *times).write_ndjson().splitlines())
    return f'{json.dumps(about, ensure_ascii=False, indent=1)[:-2]},\n "rows": [\n{lines}\n]}}\n'


def publish_metrics(lake: Lake) -> Path:
    """Write every gold table into a new `metrics/<version>.duckdb` and point `metrics.duckdb` at it.

    The version is a hash of what the file holds; where that file is there already, only the link is looked after.
    Readers of older files are not disturbed. Raises `NotMaterialized`.
    """
    folder = lake.root / "metrics"
    folder.mkdir(parents=True, exist_ok=True)
    with lake.lock(*gold.TABLES):
        file = folder / f"{_version(lake)}.duckdb"
        if not file.exists():
            _write(lake, file)
        _point(lake.root / LINK, file)
        _remove_old(folder, file)
    return file


def _version(lake: Lake) -> str:
    """A hash of every table's identity, data version and description."""
    content = [
        (name, lake.open(mart.table).metadata().id, lake.data_version(mart.table), repr(mart), mart.table.columns)
        for name, mart in gold.MARTS.items()
    ]
    return hashlib.blake2b(repr(content).encode(), digest_size=8).hexdigest()


def _write(lake: Lake, file: Path) -> None:
    """The file appears under its name when it is complete, read-only and without a write-ahead log."""
    import duckdb

    unfinished = file.with_suffix(".tmp")
    unfinished.unlink(missing_ok=True)
    with duckdb.connect(str(unfinished)) as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute("begin")
        for mart in gold.MARTS.values():
            _create(connection, mart.table.name, _rows(lake, mart.table))
            connection.execute(f"comment on table {mart.table.name} is {_quoted(mart.description)}")
            for column in mart.table.columns:
                comment = _quoted(column.description)
                connection.execute(f'comment on column {mart.table.name}."{column.name}" is {comment}')
        _create(connection, CATALOGUE, _catalogue(lake))
        connection.execute("commit")
        connection.execute("checkpoint")
    unfinished.chmod(0o444)
    unfinished.replace(file)


def _create(connection: "DuckDBPyConnection", name: str, rows: pl.DataFrame) -> None:
    connection.register("rows_to_publish", rows.to_arrow())
    connection.execute(f'create table "{name}" as from rows_to_publish')
    connection.unregister("rows_to_publish")


def _catalogue(lake: Lake) -> pl.DataFrame:
    """What the file holds: one row per table."""
    return pl.DataFrame(
        [
            {
                "name": name,
                "description": mart.description,
                "grain": mart.table.grain,
                "definition": mart.definition,
                "unit": mart.unit,
                "owner": mart.table.owner,
                "rows": lake.row_count(mart.table),
                "version": lake.data_version(mart.table),
            }
            for name, mart in gold.MARTS.items()
        ],
        schema_overrides={"definition": pl.String, "unit": pl.String},
    )


def _point(link: Path, file: Path) -> None:
    """Swap the link. A log that a careless client left beside it belongs to the older file and would be replayed."""
    if link.is_symlink() and link.resolve() == file.resolve():
        return
    new = link.with_suffix(".link")
    new.unlink(missing_ok=True)
    new.symlink_to(os.path.relpath(file, link.parent))
    link.with_name(f"{link.name}.wal").unlink(missing_ok=True)
    new.replace(link)


def _remove_old(folder: Path, current: Path) -> None:
    """Keep the newest files; whoever has an older one open keeps it until they close it."""
    current.touch()
    newest = sorted(folder.glob("*.duckdb"), key=lambda file: file.stat().st_mtime_ns, reverse=True)
    for file in newest[KEPT_VERSIONS:]:
        file.unlink()
    kept = {file.name for file in newest[:KEPT_VERSIONS]}
    for leftover in folder.iterdir():
        if leftover.name not in kept:
            leftover.unlink()


def open_metrics(root: Path) -> "DuckDBPyConnection":
    """A connection to the newest metrics: reads only, sees no other file, lets no setting be changed.

    Each thread takes its own `.cursor()`. Raises `NotMaterialized`.
    """
    import duckdb

    return _newest(root, lambda file: duckdb.connect(str(file), read_only=True, config=_READ_ONLY))


def attach_metrics(connection: "DuckDBPyConnection", root: Path) -> None:
    """Show the newest metrics in a connection as the catalog `metrics`, read-only. Raises `NotMaterialized`."""
    _newest(root, lambda file: connection.execute(f"attach {_quoted(str(file))} as metrics (read_only)"))


def _newest(root: Path, opened: Callable[[Path], T]) -> T:
    import duckdb

    link = root / LINK
    while link.exists():
        file = link.resolve()
        try:
            return opened(file)
        except duckdb.IOException:
            if file.exists():  # else: published anew, several times, since the link was read
                raise
    raise NotMaterialized("gold/metrics")


def _rows(lake: Lake, table: Table) -> pl.DataFrame:
    """The table in the order of its key: the same rows are the same bytes."""
    return lake.read(table).select(table.schema.names()).sort(table.primary_key)


def _quoted(text: str) -> Any:
    escaped = text.replace("'", "''")
    return f"'{escaped}'"
