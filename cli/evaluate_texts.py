"""`ticketlake evaluate texts`: how well texts are read, where the truth is known."""

from pathlib import Path
from typing import Any

import click

from cli.evaluate import write_json

EXAMPLES = """\b
Examples:
  ticketlake evaluate texts tickets.jsonl
  ticketlake evaluate texts tickets.jsonl --truth folder --json texts.json
"""


@click.command(epilog=EXAMPLES)
@click.argument("tickets", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--truth",
    type=click.Path(file_okay=False, path_type=Path),
    help="What the simulator wrote; default: beside TICKETS.",
)
@click.option("--json", "out", type=click.Path(dir_okay=False, path_type=Path), help="Write the measures here.")
def texts(tickets: Path, *, truth: Path | None, out: Path | None) -> None:
    """Compare language, personal data and entities found in TICKETS with the truth that the simulator wrote.

    TICKETS has one JSON object a line, plain or gzip. A span counts as right when both of its ends are. No lake is
    needed.
    """
    from ml.evaluate.texts import beside, measure, read

    found = measure(read(tickets), truth or beside(tickets))
    write_json(out, found)
    _show(found)


def _show(found: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, header_style="bold")
    table.add_column("found")
    for name in ("spans", "precision", "recall", "F1"):
        table.add_column(name, justify="right")
    for part in ("pii", "entities"):
        for kind, score in found[part].items():
            numbers = ("" if score[name] is None else f"{score[name]:.4f}" for name in ("precision", "recall", "f1"))
            table.add_row(kind, f"{score['spans']:,}", *numbers)
    console = Console()
    console.print(table)
    spoken = found["language"]
    console.print(
        f"language: {_share(spoken['accuracy'])} of {spoken['tickets']:,} texts of at least 40 characters right, "
        f"{_share(spoken['excerpts']['accuracy'])} by the first 40 characters of {spoken['excerpts']['tickets']:,}"
    )


def _share(number: float | None) -> str:
    return "none" if number is None else f"{number:.2%}"
