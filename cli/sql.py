"""`ticketlake sql`: ask the published metrics in SQL, while builds run."""

import csv
import sys
from collections.abc import Iterable, Sequence
from itertools import count
from typing import Any

import click

from warehouse.settings import settings

SHOWN_ROWS = 200
WIDE = 4096


@click.command()
@click.argument("query")
@click.option("--json", "as_json", is_flag=True, help="One JSON array of objects.")
@click.option("--csv", "as_csv", is_flag=True, help="Comma-separated values with a header.")
def sql(query: str, as_json: bool, as_csv: bool) -> None:
    """Ask the newest published metrics, and any table as `layer.table`, in SQL (DuckDB's dialect). Reads only.

    \b
    Examples:
      ticketlake sql "select name, grain, rows from _catalogue"
      ticketlake sql "from metric_backlog_by_day order by day desc limit 7" --csv
      ticketlake sql "select reason, field, count(*) from silver.quarantine group by all"
      ticketlake sql "select subject from silver.tickets join fct_tickets using (ticket_id) where status = 'open'"
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

    from warehouse.asking import existing, open_lake

    root = settings().lake_root
    with open_lake(root, query) as connection:
        try:
            result = connection.execute(query)
            return _told_apart(column[0] for column in result.description or ()), result.fetchall()
        except duckdb.Error as error:
            unknown = isinstance(error, duckdb.CatalogException)
            hint = f" Tables: {', '.join(existing(connection, root))}." if unknown else ""
            raise click.ClickException(_first_line(error) + hint) from None


def _told_apart(names: Iterable[str]) -> list[str]:
    """Column names, of which the second `x` is `x_1`: an object has each name once."""
    found: list[str] = []
    for name in names:
        other = (f"{name}_{n}" for n in count(1))
        found.append(name if name not in found else next(one for one in other if one not in found))
    return found


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
