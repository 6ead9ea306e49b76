"""What 500 more tickets cost on top of many: a full build, an incremental one and an empty one, as whole processes.

    python -m benchmarks.incremental [--tickets 100000] [--further 500] [--rounds 3]

The target: (incremental - empty) is at most 10 % of (full - empty).
"""

import argparse
import shutil
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter

from benchmarks.figures import write_section
from benchmarks.lakes import ticketlake
from cli.main import EXIT_QUARANTINED
from simulator import simulate

TARGET = 0.10
DAYS = 500


def build(root: Path, *files: Path) -> float:
    """Seconds of one `ticketlake build`, start of the process included."""
    began = perf_counter()
    code = ticketlake(root, "build", *map(str, files)).wait()
    if code not in (0, EXIT_QUARANTINED):
        raise SystemExit(f"the lake could not be built: exit code {code}")
    return perf_counter() - began


def measure(tickets: int, further: int, rounds: int, folder: Path) -> dict[str, float]:
    """Seconds of the full build; median seconds of the others, each on its own copy of the full lake."""
    first, more, full_lake = folder / "first.json", folder / "more.json", folder / "full"
    simulate("realistic", tickets, DAYS, 7, first)
    simulate("realistic", tickets, DAYS, 7, more, further=further)
    full = build(full_lake, first)
    empty, incremental = [], []
    for number in range(rounds):
        root = folder / f"lake-{number}"
        shutil.copytree(full_lake, root, symlinks=True)
        empty.append(build(root))
        incremental.append(build(root, more))
        shutil.rmtree(root)
    return {"full": full, "incremental": median(incremental), "empty": median(empty)}


def main() -> None:
    """Measure, print, and write the section of docs/benchmarks.md."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tickets", type=int, default=100_000)
    parser.add_argument("--further", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="ticketlake-"))
    try:
        seconds = measure(options.tickets, options.further, options.rounds, folder)
    finally:
        shutil.rmtree(folder)
    share = (seconds["incremental"] - seconds["empty"]) / (seconds["full"] - seconds["empty"])
    lines = [
        f"| full build of {options.tickets:,} tickets | {seconds['full']:.1f} s |",
        f"| build after {options.further} more (median of {options.rounds}) | {seconds['incremental']:.1f} s |",
        f"| empty build (median of {options.rounds}) | {seconds['empty']:.1f} s |",
        f"| (incremental - empty) / (full - empty) | {share:.1%} (target: at most {TARGET:.0%}) |",
    ]
    table = "\n".join(["| build | seconds |", "| --- | --- |", *lines])
    print(table)
    write_section("Incremental build", "python -m benchmarks.incremental", table)


if __name__ == "__main__":
    main()
