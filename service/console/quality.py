"""Quality over time: how often models were right, how sure they are, what became of answers, what drifted, volume."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import msgspec
import polars as pl

from ml.targets import TARGETS
from operations.predictions import Predictions
from service.console.plots import Plot, Spot
from warehouse.contracts import predictions, silver
from warehouse.contracts.anomalies import DRIFT, VOLUME
from warehouse.reading import Tables

DAYS = 90
LEAST = 5
"""Tickets of a week below which a share says nothing."""
MOST_GIVEN = 20_000
Z = 1.96


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """Plots that belong together, and what they show; without any, `missing` says why."""

    name: str
    about: str
    plots: list[Plot]
    missing: str


class _Body(msgspec.Struct):
    targets: dict[str, dict[str, object]]


_bodies = msgspec.json.Decoder(_Body)


def groups(lake: Tables, given: Predictions | None, now: datetime) -> list[Group]:
    """Everything that can be drawn now."""
    return [
        Group(
            name="Right answers",
            about="Share of predictions that the recorded label confirmed, by week of opening, with its 95 % interval.",
            plots=list(_right(lake)),
            missing="No ticket that models predicted has been closed yet.",
        ),
        Group(
            name="Decisions",
            about="Share of the answers given to callers that could be automated, by day, with its 95 % interval.",
            plots=list(_decisions(given, now)),
            missing="Nobody has asked for a prediction yet.",
        ),
        Group(
            name="Drift",
            about="Farthest distance from what the model learned, over its threshold: above the line it drifted.",
            plots=list(_drift(lake)),
            missing="Nothing has been compared yet: that takes predictions on newer tickets.",
        ),
        Group(
            name="Volume",
            about="Tickets a day, how many were expected (dashed), and what one day in a hundred exceeds (band).",
            plots=list(_volume(lake)),
            missing="anomalies/volume is not materialized: run `ticketlake build`.",
        ),
    ]


def _right(lake: Tables) -> Iterator[Plot]:
    if not (lake.exists(predictions.TICKETS) and lake.exists(silver.TICKETS)):
        return
    said = lake.scan(predictions.TICKETS).filter(pl.col("label").is_not_null())
    for target in TARGETS:
        truth = lake.scan(silver.TICKETS).select("ticket_id", truth=target.labels()).drop_nulls()
        week = pl.col("created_at").dt.truncate("1w")
        rows = (
            said.filter(target=target.name)
            .join(truth, on="ticket_id")
            .group_by(at=week)
            .agg(n=pl.len(), right=(pl.col("label") == pl.col("truth")).sum())
            .filter(pl.col("n") >= LEAST)
            .sort("at")
            .collect()
        )
        if rows.height:
            spots = [_share(at, int(right), int(n)) for at, n, right in rows.iter_rows()]
            yield Plot(title=target.name.capitalize(), spots=spots, percent=True, note=f"{rows['n'].sum():,} tickets")


def _share(at: datetime, right: int, n: int) -> Spot:
    """With Wilson's interval (Wilson 1927)."""
    share, spread = right / n, Z * Z / n
    middle = (share + spread / 2) / (1 + spread)
    half = Z * ((share * (1 - share) + spread / 4) / n) ** 0.5 / (1 + spread)
    return Spot(at=at, value=share, low=max(0.0, middle - half), high=min(1.0, middle + half))


def _decisions(given: Predictions | None, now: datetime) -> Iterator[Plot]:
    if given is None:
        return
    counts: dict[str, dict[datetime, list[int]]] = {}
    for one in given.since(now - timedelta(days=DAYS), MOST_GIVEN):
        day = one.made_at.replace(hour=0, minute=0, second=0, microsecond=0)
        for name, said in _bodies.decode(one.body).targets.items():
            found = counts.setdefault(name, {}).setdefault(day, [0, 0])
            found[0] += said.get("decision") == "automate"
            found[1] += 1
    for target in TARGETS:
        if target.name in counts:
            days = counts[target.name]
            spots = [_share(day, days[day][0], days[day][1]) for day in sorted(days)]
            asked = sum(found[1] for found in days.values())
            yield Plot(title=target.name.capitalize(), spots=spots, percent=True, note=f"{asked:,} answers")


def _drift(lake: Tables) -> Iterator[Plot]:
    if not lake.exists(DRIFT):
        return
    rows = (
        lake.scan(DRIFT)
        .filter(pl.col("threshold") > 0)
        .group_by("model", "part", "day")
        .agg(ratio=(pl.col("value") / pl.col("threshold")).max())
        .sort("model", "part", "day")
        .collect()
    )
    for (model, part), some in rows.group_by("model", "part", maintain_order=True):
        spots = [
            Spot(at=datetime(day.year, day.month, day.day, tzinfo=UTC), value=ratio)
            for day, ratio in some.select("day", "ratio").tail(DAYS).iter_rows()
        ]
        named = "All models" if model == "*" else str(model).removeprefix("models/")
        yield Plot(title=f"{named}: {part}", spots=spots, limit=1.0)


def _volume(lake: Tables) -> Iterator[Plot]:
    if not lake.exists(VOLUME):
        return
    rows = (
        lake.scan(VOLUME)
        .filter(dimension="all", frequency="day")
        .sort("window_start")
        .tail(DAYS)
        .select("window_start", "tickets", "expected", "upper")
        .collect()
    )
    if rows.height:
        spots = [Spot(at=at, value=float(count)) for at, count, _, _ in rows.iter_rows()]
        expected = [Spot(at=at, value=said, low=said, high=upper) for at, _, said, upper in rows.iter_rows()]
        yield Plot(title="All tickets", spots=spots, expected=expected, note=f"{rows['tickets'].sum():,} tickets")
