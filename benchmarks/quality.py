"""Quality beside what could be known: models of simulated tickets against the Bayes ceiling, as tickets grow.

    python -m benchmarks.quality [--tickets 3000 6000 12000] [--days 180] [--families ...] [--keep FOLDER]

For each number of tickets a lake is built and learns; its answers for the newest tickets are compared with the true
labels that the simulator keeps, beside those of whoever knows the simulator's causes and reads every symptom.
"""

import argparse
import shutil
import tempfile
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.figures import write_section
from benchmarks.understand import ticketlake
from cli.main import EXIT_QUARANTINED
from simulator import simulate

CEILINGS = {"category": 0.95, "subcategory": 0.90, "priority": 0.95, "sentiment": 0.95}
"""Shares of the ceiling that are wanted with 12,000 tickets."""
CALIBRATION = 0.03
SEED = 7


def measured(folder: Path, tickets: int, days: int, families: str) -> dict[str, Any]:
    """What `ticketlake evaluate predictions` says of a lake that learned from so many tickets."""
    file, root, found = (folder / f"{tickets}{end}" for end in (".json", "", ".found.json"))
    simulate("realistic", tickets, days, SEED, file)
    settings = {"FAMILIES": families} if families else {}
    _done(ticketlake(root, "build", str(file), "--learn", **settings).wait())
    _done(ticketlake(root, "evaluate", "predictions", "--truth", f"{file}.truth", "--json", str(found)).wait())
    return msgspec.json.decode(found.read_bytes(), type=dict[str, Any])


def _done(code: int) -> None:
    if code not in (0, EXIT_QUARANTINED):
        raise SystemExit(f"a command ended with exit code {code}")


def main() -> None:
    """Measure, print, and write the section of docs/benchmarks.md."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tickets", type=int, nargs="+", default=[3_000, 6_000, 12_000])
    parser.add_argument("--days", type=int, default=180)
    parser.add_argument("--families", default="", help="as in the setting FAMILIES; empty: all")
    parser.add_argument("--keep", type=Path, help="keep tickets, lakes and figures there")
    options = parser.parse_args()
    folder = options.keep or Path(tempfile.mkdtemp(prefix="ticketlake-"))
    folder.mkdir(parents=True, exist_ok=True)
    try:
        found = {count: measured(folder, count, options.days, options.families) for count in options.tickets}
    finally:
        if not options.keep:
            shutil.rmtree(folder)
    text = told(found)
    print(text)
    write_section("Quality beside the Bayes ceiling", "python -m benchmarks.quality", text)


def told(found: dict[int, dict[str, Any]]) -> str:
    """A table for the most tickets, and one of how the gap shrinks."""
    most = max(found)
    head = "| target | weighted F1 | ceiling | share (target) | recorded labels: F1, ceiling | calibration error |"
    rows = [_row(name, found[most][name]) for name in CEILINGS]
    sizes = "".join(f" {count:,} |" for count in sorted(found))
    shrink = [
        f"| {name} |" + "".join(f" {found[count][name]['share_of_ceiling']:.1%} |" for count in sorted(found))
        for name in CEILINGS
    ]
    return "\n".join(
        [
            f"{most:,} tickets, the newest 15 % as they were to be predicted, against their true labels:",
            "",
            head,
            "| --- | --- | --- | --- | --- | --- |",
            *rows,
            "",
            "Share of the ceiling by tickets in the lake:",
            "",
            f"| target |{sizes}",
            "| --- |" + " --- |" * len(found),
            *shrink,
            "",
            f"Category by language, {most:,} tickets:",
            "",
            "| language | tickets | accuracy | ceiling |",
            "| --- | --- | --- | --- |",
            *(
                f"| {one['language']} | {one['rows']:,} | {one['accuracy']:.3f} | {one['ceiling']:.3f} |"
                for one in found[most]["category"]["languages"].values()
            ),
        ]
    )


def _row(name: str, one: dict[str, Any]) -> str:
    f1, ceiling = one["weighted_f1"], one["ceiling"]
    recorded = f"{one['weighted_f1_on_recorded_labels']['value']:.3f}, {one['ceiling_on_recorded_labels']['value']:.3f}"
    error = f"{one['calibration_error']:.3f} (at most {CALIBRATION})"
    value = f"{f1['value']:.3f} [{f1['low']:.3f}, {f1['high']:.3f}]"
    share = f"{one['share_of_ceiling']:.1%} ({CEILINGS[name]:.0%})"
    return f"| {name} | {value} | {ceiling['value']:.3f} | {share} | {recorded} | {error} |"


if __name__ == "__main__":
    main()
