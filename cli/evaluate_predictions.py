"""`ticketlake evaluate predictions`: what a lake's champions are worth, where the truth is known."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli.evaluate import FOLDER, OUT, write_json

if TYPE_CHECKING:
    from warehouse.delta import Lake

EXAMPLES = """\b
Examples:
  ticketlake evaluate predictions --truth truth-folder
  ticketlake evaluate predictions --truth truth-folder --json measures.json
"""


@click.command(epilog=EXAMPLES)
@click.option("--truth", type=FOLDER, required=True, help="Of the lake's tickets.")
@click.option("--json", "out", type=OUT, help="Write the measures here.")
def predictions(truth: Path, *, out: Path | None) -> None:
    """Compare what the lake at LAKE_ROOT predicted with the truth that the simulator wrote, and with its Bayes ceiling.

    Only tickets count that the champions were neither fitted nor chosen on.
    """
    from warehouse.delta import Lake
    from warehouse.settings import settings

    found = measured(Lake(settings().lake_root), truth)
    write_json(out, found)
    _show(found)


def measured(lake: "Lake", truth: Path) -> dict[str, Any]:
    """What the released champions said, against the truth. Raises `NotMaterialized` where they said nothing yet."""
    from ml.evaluate.predictions import measure
    from warehouse.contracts import silver
    from warehouse.contracts.predictions import TICKETS
    from warehouse.errors import NotMaterialized
    from warehouse.releases import open_release

    if not lake.exists(TICKETS) or not lake.row_count(TICKETS):
        raise NotMaterialized(TICKETS.path)
    serving = [part.digest for part in open_release(lake.root).artifacts.values()]
    told = lake.read(TICKETS)
    return measure(told.filter(told["model"].is_in(serving)), lake.read(silver.TICKETS), truth)


def _show(found: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("target", "tickets", "weighted F1", "ceiling", "share", "calibration", box=None, header_style="bold")
    console = Console()
    for target, one in found.items():
        if "ceiling" in one:
            reached = "{value:.3f} ({low:.3f} to {high:.3f})".format(**one["weighted_f1"])
            ceiling, share = one["ceiling"]["value"], one["share_of_ceiling"]
            error = f"{one['calibration_error']:.3f}"
            table.add_row(target, f"{one['rows']:,}", reached, f"{ceiling:.3f}", f"{share:.1%}", error)
    console.print(table)
    for target, one in found.items():
        if "ceiling" not in one:
            console.print(f"{target}: {', '.join(f'{name} {value}' for name, value in one.items())}")
