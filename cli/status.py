"""`ticketlake status`: what is there, how old it is, what failed."""

import json
from datetime import UTC, datetime
from typing import Any

import click

from warehouse.settings import Settings, settings

EXAMPLES = """\b
Examples:
  ticketlake status
  ticketlake status --json
"""


@click.command(epilog=EXAMPLES)
@click.option("--json", "as_json", is_flag=True, help="As one line of JSON.")
def status(as_json: bool) -> None:
    """Say what the lake holds, what the last builds did, which checks fail and what waits in the inbox."""
    found = survey(settings())
    if as_json:
        click.echo(json.dumps(found))
    else:
        _show(found)


def survey(chosen: Settings) -> dict[str, Any]:
    """The state of the lake as plain values."""
    from operations.drain import progress as drained
    from operations.inbox import Inbox
    from operations.store import open_store
    from orchestration.instance import recent_runs
    from warehouse import dropped, pins, quality, releases
    from warehouse.clock import as_of
    from warehouse.contracts import silver
    from warehouse.contracts.inventory import TABLES
    from warehouse.delta import Lake

    lake = Lake(chosen.lake_root)
    inbox = Inbox(open_store(chosen.database_url))
    release, held = releases.current(lake.root), pins.pinned(lake.root)
    return {
        "lake_root": str(chosen.lake_root),
        "as_of": as_of(lake, datetime.now(UTC)).isoformat() if lake.exists(silver.TICKETS) else None,  # noqa: TID251
        "tables": {
            table.path: {"rows": lake.row_count(table), "version": lake.version(table)}
            for table in TABLES
            if lake.exists(table)
        },
        "quarantined": lake.row_count(silver.QUARANTINE) if lake.exists(silver.QUARANTINE) else 0,
        "refused_files": [str(file) for file in dropped.refused(lake.root)],
        "undrained": inbox.undrained(drained(lake)),
        "release": release.id if release else None,
        "pinned": held.as_dict() if held else None,
        "failing_checks": quality.failing(lake),
        "runs": recent_runs(chosen.lake_root),
    }


def _show(found: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    from warehouse.dropped import REASON

    console = Console()
    console.print(f"lake {found['lake_root']}, as of {found['as_of']}, release {found['release']}")
    console.print(f"{found['quarantined']:,} records in quarantine, {found['undrained']:,} entries wait in the inbox")
    if found["pinned"]:
        held = found["pinned"]
        names = ", ".join(sorted(held["models"]))
        said = f"{names} as in release {held['release']}, by {held['by']}: {held['reason']}"
        console.print(f"[yellow]pinned[/] {said}. `ticketlake models promote` lifts it.")
    tables = Table("table", "rows", "version", box=None, header_style="bold")
    for path, table in found["tables"].items():
        tables.add_row(path, f"{table['rows']:,}", str(table["version"]))
    console.print(tables)
    for file in found["refused_files"]:
        console.print(f"[yellow]refused[/] {file}: see {file}{REASON}")
    for check in found["failing_checks"]:
        console.print(f"[yellow]{check['severity']}[/] {check['table']} {check['check']}: {check['detail']}")
    for run in found["runs"]:
        console.print(f"{run['started']} {run['job']} {run['status']} {run['why'] or ''}".rstrip())
