"""Unusual volume among tickets: hour by hour as they came, slow rises day by day, and versions within their product."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import numpy as np
import polars as pl

from ml.anomaly import series
from ml.anomaly.detect import Scores, score
from ml.anomaly.discoveries import FALSE_INCIDENTS_A_YEAR, discover
from ml.anomaly.fitting import fit
from ml.anomaly.free_days import holidays
from ml.anomaly.panel import STEP, Panel, panel
from ml.anomaly.series import DIMENSIONS, READ, belongs, counted, named
from ml.anomaly.signals import signals
from ml.anomaly.versions import taken_up
from ml.anomaly.watch import YEAR, Watch, parents
from warehouse.contracts.anomalies import VOLUME

__all__ = ["HISTORY", "READ", "midnight", "rows_of", "scan", "told"]

HISTORY = timedelta(days=14)
"""Before so much is known, nothing is told."""
WEEK = timedelta(weeks=1)
WORTH_TELLING = 0.5
"""Expected tickets below which an empty window says nothing."""
COUNTED = tuple(dimension for dimension in DIMENSIONS if dimension.name != "version")
"""Versions are judged within their product."""
KINDS = {"hour": "volume", "day": "trend"}
LATELY, STILL = 7, 2.0
"""A rise goes on where so many days together exceed what was to be expected by so many standard deviations."""
LOOKS = 3
"""Hours, slow rises and versions share the false incidents that are allowed."""


def scan(
    tickets: pl.DataFrame,
    first: datetime,
    last: datetime,
    *,
    false_incidents_a_year: float = FALSE_INCIDENTS_A_YEAR,
) -> pl.DataFrame:
    """Rows of `anomalies/volume` of the days from `first` to before `last` (midnights, UTC).

    `tickets` (columns `READ`) are all that are known. Baselines are those of the Monday before, so that a day comes out
    the same whether it is asked alone or with others.
    """
    if tickets.is_empty():
        return pl.DataFrame(schema=VOLUME.schema)
    begin = tickets["created_at"].sort()[0]
    first = max(first, midnight(begin) + HISTORY)
    days = panel(counted(tickets, "1d", COUNTED), frequency="daily", begin=begin, until=last)
    hours = panel(counted(tickets, "1h", COUNTED), frequency="hourly", begin=begin, until=last)
    allowed = false_incidents_a_year / LOOKS
    found = [taken_up(tickets, first, last, false_incidents_a_year=allowed)]
    for monday in _mondays(first, last):
        until, events = min(monday + WEEK, last), holidays(tickets, monday)
        watch = Watch(fit(hours.upto(hours.step(monday)), events), false_incidents_a_year=allowed, events=events)
        came = tickets.filter(pl.col("created_at").is_between(monday, until, closed="left")).sort(
            "created_at", "ticket_id"
        )
        found += [rows for start, rows in _followed(watch, hours, came, until) if start >= first]
        found.append(_slow(days, (monday, max(first, monday), until), allowed, events))
    return pl.concat(found).sort(VOLUME.primary_key)


def told(rows: pl.DataFrame, tickets: pl.DataFrame) -> pl.DataFrame:
    """Signals, of rows of `anomalies/volume` and the tickets (columns `READ`) of their time."""
    alarms = rows.filter("alarm").with_columns(
        of=series.joined(),
        length=pl.when(pl.col("frequency") == "hour").then(pl.duration(hours=1)).otherwise(pl.duration(days=1)),
    )
    ends = alarms.with_columns(window_end=pl.col("window_start") + pl.col("length"))
    inside = (
        ends.lazy()
        .join(belongs(tickets).lazy(), left_on="of", right_on="series")
        .filter(pl.col("created_at").is_between("window_start", "window_end", closed="left"))
        .sort("created_at", "ticket_id", descending=True)
        .group_by("of", "frequency", "window_start", maintain_order=True)
        .agg(ticket_ids=pl.col("ticket_id"))
        .collect()
    )
    joined = ends.join(inside, on=["of", "frequency", "window_start"], how="left")
    told = joined.select(
        kind=pl.when(pl.col("dimension") == "version")
        .then(pl.lit("volume"))
        .otherwise(pl.col("frequency").replace_strict(KINDS)),
        dimension="dimension",
        series="series",
        window_start="window_start",
        window_end="window_end",
        known_at="known_at",
        name=_said(),
        observed=pl.col("tickets").cast(pl.Float64),
        expected="expected",
        upper="upper",
        effect=pl.col("tickets") / pl.max_horizontal("expected", pl.lit(1e-3)),
        p=pl.lit(10.0).pow(-pl.col("score")),
        entities=pl.col("of").map_elements(series.entities, return_dtype=pl.List(pl.String)),
        ticket_ids=pl.col("ticket_ids").fill_null([]),
    )
    return signals(told)


def _said() -> pl.Expr:
    thing = (
        pl.when(pl.col("dimension") == "all")
        .then(pl.lit("all tickets"))
        .otherwise(pl.concat_str("dimension", "series", separator=" ").str.replace("_", " and "))
    )
    many = pl.col("tickets").cast(pl.String)
    usual = pl.col("expected").round(1).cast(pl.String)
    slow = (pl.col("frequency") == "day") & (pl.col("dimension") != "version")
    return (
        pl.when(slow)
        .then(pl.format("slow rise in {}: {} tickets within a day, {} were to be expected", thing, many, usual))
        .otherwise(pl.format("{} tickets in {} within a {}, {} were to be expected", many, thing, "frequency", usual))
    )


def midnight(at: datetime) -> datetime:
    return at.replace(hour=0, minute=0, second=0, microsecond=0)


def _mondays(first: datetime, last: datetime) -> Iterator[datetime]:
    monday = midnight(first - timedelta(days=first.weekday()))
    while monday < last:
        yield monday
        monday += WEEK


def _followed(
    watch: Watch, hours: Panel, came: pl.DataFrame, until: datetime
) -> Iterator[tuple[datetime, pl.DataFrame]]:
    """Each hour's start and rows."""
    inside = came.select("created_at", "ticket_id", hour=pl.col("created_at").dt.truncate("1h"))
    names = belongs(came, COUNTED).group_by("ticket_id").agg("series")
    heard = {
        key[0]: list(part.select("created_at", "series").iter_rows())
        for key, part in inside.join(names, on="ticket_id", maintain_order="left").group_by("hour", maintain_order=True)
    }
    while watch.start < until:
        start, known = watch.start, dict[str, datetime]()
        if not watch.quiet(hours.counts[:, hours.step(start)]):
            for at, of in heard.get(start, []):
                known |= dict.fromkeys(watch.hear(of), at)
        yield start, rows_of(watch.close(), start, "hour", known)


def _slow(days: Panel, week: tuple[datetime, datetime, datetime], allowed: float, events: pl.DataFrame) -> pl.DataFrame:
    """Rows of days of a week (its Monday, from, to): what rose slowly, and today, is found by the cumulative sums."""
    monday, first, until = week
    begin = days.step(monday)
    baseline = fit(days.upto(begin), events)
    scores = score(baseline, days.counts[:, begin : days.step(until)], events=events)
    lately = max(0, begin - LATELY + 1)
    usual = baseline.expected(lately, days.step(until))[0]
    above, found = parents(days.names), [pl.DataFrame(schema=VOLUME.schema)]
    for at in range(scores.counts.shape[1]):
        start = monday + at * STEP["daily"]
        if start < first:
            continue
        raised = discover(
            scores.slow[:, at], above, scans_a_year=YEAR / STEP["daily"], false_incidents_a_year=allowed
        ).found
        end = begin + at + 1
        come = days.counts[:, max(lately, end - LATELY) : end].sum(axis=1)
        meant = usual[:, max(0, end - LATELY - lately) : end - lately].sum(axis=1)
        raised &= come > meant + STILL * np.sqrt(baseline.phi * meant)
        known = {name: start + STEP["daily"] for name, one in zip(days.names, raised, strict=True) if one}
        found.append(rows_of(scores, start, "day", known, at))
    return pl.concat(found)


def rows_of(scores: Scores, start: datetime, frequency: str, known: dict[str, datetime], at: int = 0) -> pl.DataFrame:
    """Of one window: what came, what was to be expected, and since when it is known that this is too much."""
    strangeness = scores.combined if frequency == "hour" else scores.slow
    pairs: Sequence[tuple[str, str]] = [named(name) for name in scores.names]
    rows = pl.DataFrame(
        {
            "dimension": [dimension for dimension, _ in pairs],
            "series": [value for _, value in pairs],
            "tickets": scores.counts[:, at].astype("int64"),
            "expected": scores.expected[:, at],
            "upper": scores.upper[:, at],
            "p": scores.p[:, at],
            "score": -pl.Series(strangeness[:, at]).log10(),
            "baseline": scores.baselines,
            "known_at": pl.Series([known.get(name) for name in scores.names], dtype=VOLUME.schema["known_at"]),
        }
    )
    worth = rows.filter(
        pl.col("expected").is_not_nan()
        & ((pl.col("tickets") > 0) | (pl.col("expected") >= WORTH_TELLING) | pl.col("known_at").is_not_null())
    )
    made = worth.with_columns(
        frequency=pl.lit(frequency), window_start=pl.lit(start), alarm=pl.col("known_at").is_not_null()
    )
    return made.select([pl.col(name).cast(dtype) for name, dtype in VOLUME.schema.items()])
