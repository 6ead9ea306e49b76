"""`ticketlake simulate`: tickets with a known truth."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

if TYPE_CHECKING:
    from simulator import SimulationReport

EXAMPLES = """\b
Examples:
  ticketlake simulate --out tickets.json
  ticketlake simulate --end yesterday --further 500 --out next-day.json
  ticketlake simulate --mode original --tickets 100000 --days 500 --seed 3 --out tickets.jsonl.gz
"""
Mode = Literal["realistic", "original"]


class Midnight(click.ParamType[datetime]):
    """A date, or `yesterday`: the midnight (UTC) with which it begins."""

    name = "date"

    def convert(self, value: str | datetime, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Fails for what is neither."""
        if isinstance(value, datetime):
            return value
        if value == "yesterday":
            return yesterday()
        try:
            return datetime.strptime(value, "%Y-%m-%d").replace(tzinfo=UTC)
        except ValueError:
            self.fail(f"expected a date such as 2026-06-30, or yesterday; found {value!r}.", param, ctx)


def yesterday() -> datetime:
    """The midnight (UTC) with which yesterday began: the day after it is over, too."""
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)  # noqa: TID251 this is an edge
    return today - timedelta(days=1)


@click.command(epilog=EXAMPLES)
@click.option("--mode", type=click.Choice(["realistic", "original"]), default="realistic", show_default=True)
@click.option("--tickets", type=click.IntRange(1), default=12_000, show_default=True, help="How many tickets.")
@click.option("--days", type=click.IntRange(1), default=180, show_default=True, help="Over how many days.")
@click.option("--end", type=Midnight(), help="Midnight (UTC) that ends them, or `yesterday`; else always the same.")
@click.option("--seed", type=int, default=7, show_default=True, help="The same seed gives the same file.")
@click.option(
    "--further", type=click.IntRange(0), default=0, help="Write only this many tickets, of the day after those DAYS."
)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help=".json or .jsonl [.gz].")
def simulate(*, mode: Mode, tickets: int, days: int, end: datetime | None, seed: int, further: int, out: Path) -> None:
    """Write simulated tickets to OUT, and the truth about them beside it in OUT.truth/.

    With --further, the tickets of the next day: ids and customers go on where the same command without it ended.
    """
    report = write(mode, tickets, days, seed, out, end=end, further=further)
    click.echo(f"{report.records:,} records in {out}")


def write(
    mode: Mode, tickets: int, days: int, seed: int, out: Path, *, end: datetime | None = None, further: int = 0
) -> "SimulationReport":
    """Simulate with a progress bar on the terminal."""
    from rich.console import Console
    from rich.progress import Progress

    from simulator import simulate as run

    out.parent.mkdir(parents=True, exist_ok=True)
    console = Console(stderr=True)
    with Progress(console=console, disable=not console.is_terminal) as bars:
        task = bars.add_task("simulate", total=tickets + further)
        return run(
            mode,
            tickets,
            days,
            seed,
            out,
            end=end,
            further=further,
            progress=lambda done: bars.update(task, completed=done),
        )
