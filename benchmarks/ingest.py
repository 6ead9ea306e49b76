"""A file of tickets into the lake, side by side with DuckDB's `read_json` into Parquet of the same file.

    python -m benchmarks.ingest [--tickets 100000] [--rounds 3]

Both as whole processes, alternating; medians. The targets: at most 3.5 x DuckDB's wall time, and under 1.5 GB.
DuckDB only parses and writes; `ticketlake ingest` also keeps the records, validates, folds and quarantines them.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter

from benchmarks.figures import write_section
from simulator import simulate

TARGET_RATIO = 3.5
TARGET_BYTES = 1.5e9
DAYS = 500
PEER = "import duckdb, sys; duckdb.sql(f\"copy (select * from read_json('{sys.argv[1]}')) to '{sys.argv[2]}'\")"


@dataclass(frozen=True)
class Run:
    """A finished process: wall seconds and the most memory that it held, in bytes."""

    seconds: float
    peak: int


def timed(command: list[str], **environment: str) -> Run:
    """Run a command to its end. Raises `CalledProcessError` for an exit code that is neither 0 nor 3."""
    began = perf_counter()
    child = subprocess.Popen(
        command,
        env={**os.environ, **environment},  # noqa: TID251 handed on to the child
        stdout=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(child.pid, 0)
    seconds = perf_counter() - began
    code = os.waitstatus_to_exitcode(status)
    if code not in (0, 3):
        raise subprocess.CalledProcessError(code, command)
    return Run(seconds, usage.ru_maxrss * 1024)


def measure(tickets: int, rounds: int, folder: Path) -> tuple[int, list[Run], list[Run]]:
    """The size of the file, and the runs of both."""
    file = folder / "tickets.json"
    simulate("realistic", tickets, DAYS, 7, file)
    ours, peers = [], []
    ticketlake = str(Path(sys.executable).with_name("ticketlake"))
    for number in range(rounds):
        root = folder / f"lake-{number}"
        ours.append(timed([ticketlake, "ingest", str(file)], LAKE_ROOT=str(root), DATABASE_URL=""))
        shutil.rmtree(root)
        peers.append(timed([sys.executable, "-c", PEER, str(file), str(folder / "peer.parquet")]))
    return file.stat().st_size, ours, peers


def main() -> None:
    """Measure, print, and write the section of docs/benchmarks.md."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tickets", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="ticketlake-"))
    try:
        size, ours, peers = measure(options.tickets, options.rounds, folder)
    finally:
        shutil.rmtree(folder)
    own, peer = median(run.seconds for run in ours), median(run.seconds for run in peers)
    peak, peer_peak = max(run.peak for run in ours), max(run.peak for run in peers)
    lines = [
        f"{options.tickets:,} simulated tickets, {size / 1e6:.0f} MB of JSON, {options.rounds} rounds.",
        "",
        "| process | wall, median | peak memory |",
        "| --- | --- | --- |",
        f"| `ticketlake ingest` | {own:.2f} s | {peak / 1e6:.0f} MB |",
        f"| DuckDB `read_json` to Parquet | {peer:.2f} s | {peer_peak / 1e6:.0f} MB |",
        f"| ratio | {own / peer:.2f} (target: at most {TARGET_RATIO}) | target: under {TARGET_BYTES / 1e6:.0f} MB |",
    ]
    table = "\n".join(lines)
    print(table)
    write_section("Ingest", "python -m benchmarks.ingest", table)


if __name__ == "__main__":
    main()
