"""Tickets with a known truth: seeded, streaming, in words of our own. Only cli, tests and benchmarks import this."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

Mode = Literal["realistic", "original"]

END = datetime(2026, 6, 30, tzinfo=UTC)
ORIGINAL_END = datetime(2024, 12, 31, tzinfo=UTC)
PROGRESS_EVERY = 500


@dataclass(frozen=True)
class SimulationReport:
    """What was written: `records` counts the file's records, the `defects` among them included."""

    out: Path
    tickets: int
    records: int
    defects: int
    truth: Path | None
    articles: Path | None


def simulate(
    mode: Mode,
    tickets: int,
    days: int,
    seed: int,
    out: Path,
    *,
    end: datetime | None = None,
    further: int = 0,
    languages: tuple[str, ...] = (),
    progress: Callable[[int], None] | None = None,
) -> SimulationReport:
    """Write `tickets` tickets over the `days` days before `end` (midnight UTC) to `out`.

    The same arguments give the same bytes. Realistic mode also writes `<out>.truth/` (see `simulator.truth`) and
    `<out>.articles.jsonl`. With `further`, those tickets are lived through but not written: the file holds the
    `further` tickets of the day after `end`, with ids and histories that continue (a daily load after a first one).
    `languages` restricts the languages (all that have phrases by default).
    `progress` is told the number of tickets done. Raises ValueError for arguments that make no sense.
    """
    if tickets < 1 or days < 1 or further < 0:
        raise ValueError(f"expected tickets and days from 1, further from 0; found {tickets}, {days}, {further}.")
    if mode == "original":
        from simulator.original import write_original

        return write_original(tickets, days, seed, out, end=end or ORIGINAL_END, further=further, progress=progress)
    from simulator.files import write_realistic

    return write_realistic(
        tickets, days, seed, out, end=end or END, further=further, spoken=languages, progress=progress
    )
