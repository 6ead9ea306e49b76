"""`ticketlake ingest`: a file into the lake, without an orchestrator."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import click

from cli.main import EXIT_QUARANTINED
from warehouse.settings import settings

EXAMPLES = """\b
Examples:
  ticketlake ingest tickets.json.gz
  ticketlake ingest twcs.csv --map twitter --json
  ticketlake ingest export.csv --map columns.toml
"""


@click.command(epilog=EXAMPLES)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--map", "mapping", help="TOML file, or name of a shipped mapping, that names other people's columns.")
@click.option("--kind", type=click.Choice(["tickets", "events", "articles"]), help="Default: seen from the records.")
@click.option("--json", "as_json", is_flag=True, help="The report as the last line of stdout.")
def ingest(
    file: Path, mapping: str | None, kind: Literal["tickets", "events", "articles"] | None, as_json: bool
) -> int:
    """Take FILE (JSON array, JSON lines or CSV, optionally gzipped) in: landing, bronze, silver.

    Exit code 3 when records were quarantined: see silver/quarantine for each with its place and the reason.
    """
    from cli.display import counting
    from warehouse.delta import Lake
    from warehouse.ingest import ingest as run

    lake = Lake(settings().lake_root)
    with counting("records") as progress:
        report = run(lake, file, now=datetime.now(UTC), kind=kind, mapping=mapping, progress=progress)  # noqa: TID251
    if as_json:
        click.echo(json.dumps(asdict(report)))
    else:
        parts = f"{report.new:,} new, {report.updated:,} updated, {report.unchanged:,} unchanged"
        click.echo(f"{report.received:,} received: {parts}, {report.quarantined:,} quarantined, {report.seconds:.1f} s")
    return EXIT_QUARANTINED if report.quarantined else 0
