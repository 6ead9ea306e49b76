"""`ticketlake sql`: ask the published metrics in SQL, while builds run."""

import csv
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

import click

from warehouse.settings import settings

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

SHOWN_ROWS = 200
WIDE = 4096


@click.command()
@click.argument("query")
@click.option("--json", "as_json", is_flag=True, help="One JSON array of objects.")
@click.option("--csv", "as_csv", is_flag=True, help="Comma-separated values with a header.")
def sql(query: str, as_json: bool, as_csv: bool) -> None:
    """Ask the newest published metrics in SQL (DuckDB's dialect), or any table as `layer.table`. Reads only.

    \b
    Examples:
      ticketlake sql "select name, grain, rows from _catalogue"
      ticketlake sql "from metric_backlog_by_day order by day desc limit 7" --csv
      ticketlake sql "select reason, field, count(*) from silver.quarantine group by all"
    """
    if as_json and as_csv:
        raise click.UsageError("choose --json or --csv, not both")
    names, rows = _ask(query)
    if as_json:
        _write_json(names, rows)
    elif as_csv:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(names)
        writer.writerows(rows)
    else:
        _print_table(names, rows)


def _ask(query: str) -> tuple[list[str], list[tuple[Any, ...]]]:
    import duckdb

    with _connection(query) as connection:
        try:
            result = connection.execute(query)
            return [column[0] for column in result.description or ()], result.fetchall()
        except duckdb.Error as error:
            unknown = isinstance(error, duckdb.CatalogException)
            hint = f" Tables: {', '.join(_tables(connection))}." if unknown else ""
            raise click.ClickException(_first_line(error) + hint) from None


def _connection(query: str) -> "AbstractContextManager[DuckDBPyConnection]":
    """The published metrics, or, for a query that names tables as `layer.table`, those tables as they are now."""
    from warehouse.delta import Lake
    from warehouse.marts import open_metrics
    from warehouse.quality import tables_named, views

    root = settings().lake_root
    named = tables_named(query)
    return views(Lake(root), named) if named else open_metrics(root)


def _tables(connection: "DuckDBPyConnection") -> list[str]:
    return [name for (name,) in connection.execute("select table_name from duckdb_tables() order by all").fetchall()]


def _first_line(error: Exception) -> str:
    line = str(error).strip().splitlines()[0]
    return line if line.endswith((".", "!", "?")) else f"{line}."


def _write_json(names: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
    import msgspec

    encoded = [msgspec.json.encode(dict(zip(names, row, strict=True))).decode() for row in rows]
    click.echo("[" + ",\n".join(encoded) + "]")


def _print_table(names: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(header_style="bold")
    numeric = [all(isinstance(row[i], int | float) for row in rows if row[i] is not None) for i in range(len(names))]
    for name, right in zip(names, numeric, strict=True):
        table.add_column(Text(name), justify="right" if right and rows else "left", overflow="fold")
    for row in rows[:SHOWN_ROWS]:
        table.add_row(*(Text(_shown(value)) for value in row))
    console = Console()
    if not console.is_terminal:
        console.width = WIDE
    console.print(table)
    rest = f", the first {SHOWN_ROWS} shown (--csv gives all)" if len(rows) > SHOWN_ROWS else ""
    console.print(f"{len(rows)} row{'' if len(rows) == 1 else 's'}{rest}", style="dim")


def _shown(value: Any) -> str:
    match value:
        case None:
            return ""
        case float():
            return f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.1f}"
        case _:
            return str(value)
