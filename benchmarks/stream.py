"""Detection as tickets come: how many the monitor takes in a second, what it keeps, and series that are counted hourly.

    python -m benchmarks.stream [--series 126] [--weeks 8]

Tickets of a desk are drawn with an office's hours and weekdays; four weeks are learned from, then tickets are heard one
by one and in batches. Vectors are given: nothing is encoded. Hourly series are negative binomial with the same season
and outbreaks of k standard deviations (`benchmarks.outbreaks`), scored in a rolling back-test with weekly fits.
"""

import argparse
from datetime import UTC, datetime, timedelta
from time import perf_counter, process_time

import numpy as np
import polars as pl
import psutil
from numpy.typing import NDArray

from benchmarks.figures import write_section
from benchmarks.outbreaks import LOG_SD, OFFICE, SIZES
from ml.anomaly import novel, usual
from ml.anomaly.counts import middle
from ml.anomaly.detect import backtest
from ml.anomaly.live import Live
from ml.anomaly.panel import Panel
from ml.anomaly.usual import MOST_PAST, Usual
from ml.anomaly.volume import READ
from ml.evaluate.outbreaks import Planted, delays, threshold
from ml.text.vectors import unit
from warehouse.contracts import silver

Floats = NDArray[np.float64]
MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
WEEKS = 4
TARGET = 2_000
HOURS = np.array([1, 1, 1, 1, 1, 2, 4, 8, 12, 14, 14, 12, 11, 13, 13, 12, 11, 8, 5, 4, 3, 2, 2, 1], dtype=np.float64)
DESKS = ((500, 7), (20_000, 1))
"""Tickets a day, and days that are heard."""
BATCHES = (1, 100, 1_000)
KINDS = {
    "category": 9, "subcategory": 36, "product": 8, "product_version": 24, "product_module": 12,
    "region": 4, "channel": 5, "language": 8, "customer_id": 900,
}  # fmt: skip
"""How many values each field has."""
DIMENSION, SENTENCES_A_TICKET, STRANGE = 512, 3, 0.1
"""Of sentences never said before, so many are like none of the past."""
DAYS_JUDGED = 14
PHI = 1.5


def season(hours: NDArray[np.int64]) -> Floats:
    """What share of a mean hour comes in each hour, counted from a Monday's midnight."""
    whole = np.outer(OFFICE, HOURS).ravel()
    found: Floats = (whole / whole.mean())[hours % len(whole)]
    return found


def desk(a_day: int, first: int, days: int, seed: int) -> pl.DataFrame:
    """Tickets (columns `READ`) of the days from `first` on, counted from `MONDAY`."""
    random = np.random.default_rng(seed)
    hours = np.arange(first * 24, (first + days) * 24)
    counts = random.poisson(a_day / 24 * season(hours))
    seconds = np.repeat(hours, counts) * 3600 + random.uniform(0, 3600, counts.sum())
    drawn = {
        name: [f"{name} {value}" for value in np.minimum(random.zipf(1.5, len(seconds)), size)]
        for name, size in KINDS.items()
    }
    times = pl.Series((np.sort(seconds) * 1e6).astype(np.int64)).cast(pl.Duration("us")) + MONDAY
    rows = pl.DataFrame({"created_at": times, **drawn, "ticket_id": [f"T-{first}-{n}" for n in range(len(seconds))]})
    rows = rows.with_columns(product_version_age_days=pl.lit(None, pl.Int64))
    return rows.select(pl.col(name).cast(silver.TICKETS.schema[name]) for name in READ)


def heard(a_day: int, days: int, batch: int) -> tuple[str, str, str]:
    """Tickets a second, by the clock and by the processor, and what the process has grown by."""
    live = Live(desk(a_day, -7 * WEEKS, 7 * WEEKS, 1), MONDAY)
    come = desk(a_day, 0, days, 2)
    before, began, used = psutil.Process().memory_info().rss, perf_counter(), process_time()
    for part in come.iter_slices(batch):
        live.hear(part)
    took, used = perf_counter() - began, process_time() - used
    grown = (psutil.Process().memory_info().rss - before) / 1e6
    return f"{come.height / took:,.0f}", f"{come.height / used:,.0f}", f"{grown:+.0f} MB"


def volume() -> str:
    """The monitor's table."""
    head = (
        "| desk | at a time | tickets a second | a second of processor | memory |\n| --- | ---: | ---: | ---: | ---: |"
    )
    rows = [
        f"| {a_day:,} tickets a day, {days} days | {batch:,} | {' | '.join(heard(a_day, days, batch))} |"
        for a_day, days in DESKS
        for batch in BATCHES
    ]
    return "\n".join((head, *rows))


def sentences(tickets: int = 500, days: int = 10) -> str:
    """New issue types with vectors given: sentences judged against a full past, strange ones grouped."""
    random = np.random.default_rng(3)

    def drawn(count: int) -> usual.Vectors:
        return unit(random.normal(size=(count, DIMENSION)).astype(np.float32))

    past = pl.DataFrame(
        {"text_hash": [f"P-{n}" for n in range(MOST_PAST)], "first_at": MONDAY - timedelta(days=30)},
        schema_overrides={"first_at": usual.SCHEMA["first_at"]},
    ).with_columns(nearest=pl.Series(random.uniform(0.0, 0.64, MOST_PAST)), strange=pl.lit(False))
    older, rows = drawn(MOST_PAST), tickets * days
    judge = Usual(past, older)
    opened = pl.Series([MONDAY + timedelta(days=days) * n / rows for n in range(rows)], dtype=past["first_at"].dtype)
    at = np.repeat(np.arange(rows), SENTENCES_A_TICKET)
    new = pl.DataFrame({"ticket_id": [f"T-{place:06d}" for place in at], "created_at": opened.gather(at)})
    new = new.with_columns(text_hash=pl.format("N-{}", pl.int_range(pl.len())), customer_id="ticket_id")
    near = older[random.integers(0, MOST_PAST, new.height)] + drawn(new.height)
    fresh = random.random((new.height, 1)) < STRANGE
    vectors = unit(np.where(fresh, drawn(new.height), near))
    began = perf_counter()
    judged = judge.judge(new.rename({"created_at": "first_at"}), vectors)
    strange = judged["strange"].to_numpy()
    novel.groups(new.filter(strange).with_columns(sentence="text_hash"), vectors[strange], opened, judge)
    took = perf_counter() - began
    return (
        f"New issue types, {SENTENCES_A_TICKET} new sentences a ticket with vectors given, against {MOST_PAST:,} older "
        f"ones: {rows / took:,.0f} tickets a second, {strange.mean():.0%} of the sentences strange."
    )


def hourly(series: int, weeks: int) -> str:
    """Detection on hourly series, the rate of alarms, and how quickly the back-test goes."""
    drawn, mean, truth = _draw(series, weeks)
    first = drawn.steps - 24 * DAYS_JUDGED
    ours, alarms, began = np.zeros(mean.shape), np.zeros(mean.shape, dtype=np.bool_), perf_counter()
    for part in backtest(drawn, first=first):
        window = slice(part.first, part.first + part.counts.shape[1])
        ours[:, window], alarms[:, window] = part.score, part.combined < 0.01
    took = perf_counter() - began
    oracle = -np.log10(middle(drawn.counts, mean, np.full((series, 1), PHI)))
    found = {
        name: float((~np.isnan(delays(values > threshold(values, truth), truth))).mean())
        for name, values in (("ours", ours), ("oracle", oracle))
    }
    late = float(np.nanmedian(delays(alarms, truth)))
    rows = (
        ("outbreaks", f"{len(truth.series)} in {series} series, {DAYS_JUDGED} days judged of {weeks} weeks"),
        ("quiet hours that alarm at a nominal 1 %", f"{alarms[truth.quiet].mean():.2%}"),
        ("detected at 1 %", f"{found['ours']:.3f}"),
        ("an oracle that knows each hour's mean", f"{found['oracle']:.3f}"),
        ("median delay at a nominal 1 %, hours", f"{late:.0f}"),
        ("rolling back-test with weekly fits", f"{truth.judged.sum() / took:,.0f} scored hours a second"),
    )
    return "\n".join(("| hourly series | |", "| --- | ---: |", *(f"| {name} | {value} |" for name, value in rows)))


def _draw(series: int, weeks: int) -> tuple[Panel, Floats, Planted]:
    """Counts with one outbreak in each series, and the true means."""
    random, steps = np.random.default_rng(5), weeks * 7 * 24
    level = np.exp(random.uniform(np.log(0.05), np.log(20), (series, 1)))
    mean = level * season(np.arange(steps))
    counts = random.poisson(random.gamma(mean / (PHI - 1), PHI - 1)).astype(np.float64)
    judged = np.broadcast_to(np.arange(steps) >= steps - 24 * DAYS_JUDGED, counts.shape)
    inside, spans = np.zeros(counts.shape, dtype=np.bool_), []
    for place in range(series):
        while True:
            start = int(random.integers(steps - 24 * DAYS_JUDGED, steps))
            size = random.poisson(SIZES[place % len(SIZES)] * np.sqrt(PHI * mean[place, start]))
            come = start + np.floor(random.lognormal(np.log(3), LOG_SD, size)).astype(np.int64)
            come = come[come < steps]
            if len(come) > 1:
                break
        counts[place] += np.bincount(come, minlength=steps)
        inside[place, come.min() : come.max() + 1] = True
        spans.append((place, come.min(), come.max()))
    names = tuple(f"series {place}" for place in range(series))
    where = np.array(spans, dtype=np.int64)
    drawn = Panel(names, "hourly", MONDAY - timedelta(weeks=weeks), counts, np.zeros(series, dtype=np.int64))
    return drawn, mean, Planted(judged, inside, where[:, 0], where[:, 1], where[:, 2])


def main() -> None:
    """Measure, print, and write the section of docs/benchmarks.md."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", type=int, default=126)
    parser.add_argument("--weeks", type=int, default=8)
    asked = parser.parse_args()
    text = "\n\n".join(
        (
            f"Volume, a week at most since the baselines were learned (target: {TARGET:,} a second, vectors given):",
            volume(),
            sentences(),
            hourly(asked.series, asked.weeks),
        )
    )
    print(text)
    write_section("Detection as tickets come", "python -m benchmarks.stream", text)


if __name__ == "__main__":
    main()
