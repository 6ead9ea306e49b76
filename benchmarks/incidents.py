"""Incidents that a simulation plants, and those that are told: how soon, how many, and how many for nothing.

    python -m benchmarks.incidents [--seeds 101,102,103,104,105] [--tickets 100000] [--days 200] [--keep FOLDER]

For each seed tickets are simulated, counted hour by hour as they came, moods compared day by day, and signals made
incidents of, as the assets and the worker do. The truth is read afterwards. `--keep` leaves the columns of tickets that
are read for another run.
"""

import argparse
import shutil
import tempfile
from datetime import timedelta
from pathlib import Path

import polars as pl

from benchmarks.figures import write_section
from benchmarks.simulated import FINDING, columns_of
from ml.anomaly import mood, volume
from ml.anomaly.incident import signals_of
from ml.anomaly.incidents import Setting, step
from ml.anomaly.strength import rates
from ml.anomaly.windows import DAYS
from ml.evaluate.incidents import judged, matched, summary

HOURS, TICKETS, FALSE_A_YEAR = 6.0, 12, 2.0
"""In time is within so many hours of the fifth ticket, or by so many tickets; false incidents a year that are meant."""
DROP = "sentiment_drop"
"""The kind that brings no ticket and changes how those of a product sound."""
COLUMNS = tuple(dict.fromkeys((*volume.READ, *mood.READ)))


def tickets(folder: Path, seed: int, count: int, days: int) -> pl.DataFrame:
    """What detectors read of simulated tickets; kept in the folder, with the truth beside."""
    kept = folder / f"{seed}.parquet"
    if not kept.exists():
        columns_of(folder, seed, COLUMNS, tickets=count, days=days).write_parquet(kept)
    rows = pl.read_parquet(kept).with_columns(
        pl.col("created_at").str.to_datetime(time_unit="us", time_zone="UTC", strict=False),
        pl.col("product_version_age_days").cast(pl.Int64, strict=False),
    )
    return rows.drop_nulls(["ticket_id", "created_at"]).unique("ticket_id", keep="first", maintain_order=True)


def told(rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Incidents that were told, and their signals, none known before its incident was: columns `FINDING`.

    Signals have their `kind` and `incident_id` beside.
    """
    first = volume.midnight(rows["created_at"].sort()[0])
    last = volume.midnight(rows["created_at"].sort()[-1]) + timedelta(days=1)
    days = pl.date_range(first.date(), last.date(), closed="left", eager=True).to_list()
    nobody = pl.DataFrame(schema={"ticket_id": pl.String, "model": pl.String, "label": pl.String})
    found = pl.concat(
        [
            volume.told(volume.scan(rows, first, last), rows),
            mood.told(mood.mood(rows, nobody, days), rows),
        ]
    )
    done = step([], signals_of(found), last, Setting(FALSE_A_YEAR, rates(found, last)))
    opened = {one.incident.incident_id: one.at for one in done.told if one.change == "opened"}
    whole = [one for one in done.changed if one.incident_id in opened and one.merged_into is None]
    incidents = [(one.incident_id, opened[one.incident_id], one.ticket_ids) for one in whole]
    parts = [
        (
            signal.signal_id,
            max(signal.known_at, opened[one.incident_id]),
            signal.ticket_ids,
            signal.kind,
            one.incident_id,
        )
        for one in whole
        for signal in one.signals
    ]
    beside = {**FINDING, "kind": pl.String, "incident_id": pl.String}
    return pl.DataFrame(incidents, schema=FINDING, orient="row"), pl.DataFrame(parts, schema=beside, orient="row")


def truth(folder: Path, seed: int, rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Incidents, the tickets that they brought, and those that a drop of moods concerns: all of its product meanwhile.

    A week that is compared ends up to a week after a drop.
    """
    place = folder / f"{seed}.json.truth"
    brought = pl.read_parquet(place / "tickets.parquet", columns=["ticket_id", "created_at", "incident"])
    planted = pl.read_parquet(place / "incidents.parquet")
    drops = planted.filter(kind=DROP).select("incident", "product", "starts_at", "ends_at")
    meanwhile = pl.col("created_at").is_between("starts_at", pl.col("ends_at") + timedelta(days=DAYS), closed="left")
    sour = rows.join(drops, on="product").filter(meanwhile).select("ticket_id", "created_at", "incident")
    return planted, brought.drop_nulls("incident"), sour


def measure(folder: Path, seeds: list[int], count: int, days: int) -> str:
    """The text of the section."""
    rows, false, quiet = [], [], 0.0
    for seed in seeds:
        written = tickets(folder, seed, count, days)
        incidents, parts = told(written)
        planted, brought, sour = truth(folder, seed, written)
        print(f"seed {seed}: {parts.height} signals of {incidents.height} incidents", flush=True)
        moods = pl.col("kind") == "mood"
        counted, felt = matched(parts.filter(~moods), brought), matched(parts.filter(moods), sour)
        drop = pl.col("kind") == DROP
        rows += [judged(counted, planted.filter(~drop), brought), judged(felt, planted.filter(drop), sour)]
        meant = felt.drop_nulls("incident")["incident_id"].to_list()
        own = matched(incidents, brought).filter(~pl.col("finding").is_in(meant))
        false += own.filter(pl.col("incident").is_null())["finding"].to_list()
        quiet += (days - volume.HISTORY.days) / 365.25
    table = summary(pl.concat(rows), within_hours=HOURS, within_tickets=TICKETS)
    return "\n\n".join(
        [
            f"{len(seeds)} desks of {count / days:.0f} tickets a day, {days} days (seeds {seeds[0]} to {seeds[-1]}), "
            f"incidents of eight tickets or more. By volume and moods: new issue types and unanswered questions have "
            f"detectors of their own, and are here as far as their number gives them away. A drop of moods counts from "
            f"the fifth ticket of its product on.",
            _table(table),
            f"Incidents told that no planted one is behind: {len(false)} in {quiet:.1f} years of desks, "
            f"{len(false) / quiet:.1f} a year (meant: {FALSE_A_YEAR:g}).",
        ]
    )


def _table(rows: pl.DataFrame) -> str:
    head = (
        f"| kind | planted | found | within {HOURS:.0f} h of the 5th | by the {TICKETS}th ticket | median hours "
        "| median tickets |\n| --- | --- | --- | --- | --- | --- | --- |"
    )
    lines = [
        f"| {kind} | {many} | {found:.0%} | {hours:.0%} | {few:.0%} | {_number(soon)} | {_number(by)} |"
        for kind, many, found, hours, few, soon, by in rows.iter_rows()
    ]
    return "\n".join([head, *lines])


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}"


def main() -> None:
    """Measure, print, and write the section of docs/benchmarks.md."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", default="101,102,103,104,105")
    parser.add_argument("--tickets", type=int, default=100_000)
    parser.add_argument("--days", type=int, default=200)
    parser.add_argument("--keep", type=Path, help="a folder for what was simulated")
    options = parser.parse_args()
    folder = options.keep or Path(tempfile.mkdtemp(prefix="ticketlake-"))
    folder.mkdir(parents=True, exist_ok=True)
    try:
        seeds = [int(seed) for seed in options.seeds.split(",")]
        text = measure(folder, seeds, options.tickets, options.days)
    finally:
        if not options.keep:
            shutil.rmtree(folder)
    print(text)
    write_section("Incidents", "python -m benchmarks.incidents", text)


if __name__ == "__main__":
    main()
