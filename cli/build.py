"""`ticketlake build`: the whole asset graph, once, in this process."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli.main import EXIT_QUARANTINED
from warehouse.settings import settings

if TYPE_CHECKING:
    from orchestration.build import BuildReport

EXAMPLES = """\b
Examples:
  ticketlake build
  ticketlake build tickets.json.gz
  ticketlake build twcs.csv --map twitter --json
  ticketlake build --learn
  ticketlake build --study --budget-minutes 30
"""

SHOWN = ("gold/", "models/", "release/")
SHORT = 19
WIDE = 120


@click.command(epilog=EXAMPLES)
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--map", "mapping", help="TOML file, or name of a shipped mapping, that names other people's columns.")
@click.option("--learn", is_flag=True, help="Compare every family of learners for every target, too: some minutes.")
@click.option("--study", is_flag=True, help="Cross-validate, tune and take apart what learns; documents are written.")
@click.option("--budget-minutes", type=click.FloatRange(0.1), default=90.0, show_default=True, help="Of --study.")
@click.option("--json", "as_json", is_flag=True, help="The report as the last line of stdout.")
def build(
    *, file: Path | None, mapping: str | None, learn: bool, study: bool, budget_minutes: float, as_json: bool
) -> int:
    """Bring every table, model and metric up to date, FILE included; what has not changed returns at once.

    Exit code 3 when records were quarantined: see silver/quarantine for each with its place and the reason.
    """
    if learn and study:
        raise click.UsageError("--study finds what --learn should use: run one after the other.")
    from cli.display import Progress
    from orchestration.build import build as run
    from orchestration.build import outcome

    lake_root = settings().lake_root
    with Progress() as progress:
        report = run(
            lake_root,
            files=[file.resolve()] if file else [],
            mapping=mapping,
            job="study" if study else "learn" if learn else "build",
            config={"models__hyperparameters": {"budget_minutes": budget_minutes}} if study else None,
            watch=progress.step,
        )
    if as_json:
        click.echo(json.dumps(report.as_dict()))
    else:
        summarise(report)
    outcome(report)
    return EXIT_QUARANTINED if report.quarantined else 0


def summarise(report: "BuildReport") -> None:
    """What was built: rows, versions, checks, time."""
    from rich.console import Console
    from rich.table import Table

    table = Table("built", "rows", "version", box=None, header_style="bold")
    for item in report.built:
        if item.rows is not None or item.asset.startswith(SHOWN):
            table.add_row(item.asset, "" if item.rows is None else f"{item.rows:,}", (item.version or "")[:SHORT])
    console = Console()
    if not console.is_terminal:
        console.width = WIDE
    console.print(table)
    console.print(f"{report.checks_passed} checks passed, {len(report.warnings)} warn, {report.seconds:.1f} s")
    if report.quarantined:
        console.print(f"[yellow]{report.quarantined:,} records quarantined[/]: see silver/quarantine for the reasons")
    for warning in report.warnings:
        console.print(f"[yellow]warning[/] {warning}")
