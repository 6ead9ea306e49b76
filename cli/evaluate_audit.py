"""`ticketlake evaluate audit`: what can be learned from anyone's tickets, and what leaks."""

from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import click

from cli.evaluate import write_json

if TYPE_CHECKING:
    import polars as pl

EXAMPLES = """\b
Examples:
  ticketlake evaluate audit tickets.json.gz
  ticketlake evaluate audit export.csv --map columns.toml --json audit.json --report report/
"""


@click.command(epilog=EXAMPLES)
@click.argument("tickets", type=click.Path(path_type=Path))
@click.option("--map", "mapping", help="TOML file, or name of a shipped mapping, that names other people's columns.")
@click.option("--json", "out", type=click.Path(dir_okay=False, path_type=Path), help="Write the findings here.")
@click.option("--report", type=click.Path(file_okay=False, path_type=Path), help="Write a page with plots here.")
@click.option("--sample", type=click.IntRange(200), default=8_000, show_default=True, help="Tickets drawn at most.")
@click.option("--seed", type=int, default=7, show_default=True, help="The same seed gives the same findings.")
def audit(tickets: Path, *, mapping: str | None, out: Path | None, report: Path | None, sample: int, seed: int) -> None:
    """Say for each target of TICKETS whether a model can learn it from what is known when a ticket is opened.

    TICKETS is a JSON array, JSON lines or CSV, optionally gzipped. Verdicts: learnable, weak, nothing to learn, solved
    by template. No lake is needed.
    """
    from ml import audit as room

    rows, quarantined = _read(tickets, mapping)
    found = room.audit(rows, seed=seed, sample=sample)
    plain = {"tickets": rows.height, "quarantined": quarantined, **room.as_json(found)}
    _show(plain)
    write_json(out, plain)
    if report is not None:
        click.echo(f"report: {room.write(found, report)}")


def _read(file: Path, mapping: str | None) -> tuple["pl.DataFrame", int]:
    """The tickets, typed and folded as `ticketlake ingest` does it, and how many records were refused.

    Raises `SourceUnreadable` where all were.
    """
    from cli.display import counting
    from warehouse.contracts import silver
    from warehouse.delta import Lake
    from warehouse.errors import SourceUnreadable
    from warehouse.ingest import ingest

    with TemporaryDirectory() as folder, counting("records") as progress:
        lake = Lake(Path(folder) / "lake")
        now = datetime.now(UTC)  # noqa: TID251 the edge where files are read
        done = ingest(lake, file, now=now, kind="tickets", mapping=mapping, progress=progress)
        rows = lake.read(silver.TICKETS, columns=[field.name for field in silver.TICKET_FIELDS])
        if rows.is_empty():
            first = lake.read(silver.QUARANTINE, columns=["position", "detail"]).sort("position").row(0)
            refused = f"every record was refused ({done.quarantined:,}), the first, at {first[0]}: {first[1]}"
            raise SourceUnreadable(f"{file}: {refused}. Mend the file, or name its columns with --map.")
    return rows, done.quarantined


def _show(plain: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    drawn = f", drawn from {plain['sampled_from']:,}" if plain["rows"] < plain["sampled_from"] else ""
    refused = f"; {plain['quarantined']:,} records refused" if plain["quarantined"] else ""
    table = Table(header_style="bold", title=f"{plain['rows']:,} closed tickets{drawn}{refused}", title_justify="left")
    for name in ("target", "verdict"):
        table.add_column(name, no_wrap=True)
    for name in ("majority", "time", "customers", "templates", "p", "ceiling"):
        table.add_column(name, justify="right")
    table.add_column("leaks", overflow="fold")
    keys = ("majority", "time_split", "group_split", "unseen_template_split", "p_value", "label_noise_ceiling")
    for target, found in plain["targets"].items():
        numbers = ("" if found[key] is None else f"{found[key]:.3f}" for key in keys)
        table.add_row(target, found["verdict"], *numbers, ", ".join(found["leaks"]))
    console = Console()
    if not console.is_terminal:
        console.width = 200
    console.print(table)
