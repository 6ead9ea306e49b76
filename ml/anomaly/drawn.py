"""Moods, classification and escalations as pictures: what was seen, what was to be expected, and the alarms."""

from typing import Any

import polars as pl

from ml.anomaly.classified import ALL

MOST_AREAS = 6
MOST_DAYS = 120
_GREEN, _RED = "#2a7f62", "#c1121f"


def moods(rows: pl.DataFrame) -> Any:
    """The shift of each product with its interval, by day; of rows of `anomalies/mood`."""
    from matplotlib.figure import Figure

    products = recent(rows.filter(dimension="product"))
    sizes = products.group_by("series").agg(pl.col("customers").sum()).sort("customers", "series", descending=True)
    areas = sizes["series"].head(MOST_AREAS).to_list()
    made = Figure(figsize=(11, 1.8 * max(len(areas), 1) + 0.6), layout="constrained")
    for axes, area in zip(made.subplots(max(len(areas), 1), 1, sharex=True, squeeze=False)[:, 0], areas, strict=False):
        of = products.filter(series=area).sort("day")
        axes.axhline(0, color="grey", linewidth=0.8)
        axes.fill_between(of["day"], of["low"], of["high"], color=_GREEN, alpha=0.2, linewidth=0)
        axes.plot(of["day"], of["shift"], color=_GREEN)
        alarms = of.filter("alarm")
        axes.plot(alarms["day"], alarms["shift"], "o", color=_RED, markersize=4)
        axes.set_title(area, fontsize=9, loc="left")
        _dates(axes)
    made.suptitle("Chance of a worse mood than in the weeks before, less that of a better one")
    return made


def classification(rows: pl.DataFrame) -> Any:
    """Confidence, abstentions and errors of each target by day; of rows of `anomalies/categorisation`."""
    from matplotlib.figure import Figure

    found = recent(rows)
    targets = sorted(found["target"].unique())
    measures = ("confidence", "abstained", "confused")
    made = Figure(figsize=(13, 1.9 * max(len(targets), 1) + 0.6), layout="constrained")
    grid = made.subplots(max(len(targets), 1), len(measures), sharex=True, squeeze=False)
    for line, target in zip(grid, targets, strict=False):
        for axes, measure in zip(line, measures, strict=True):
            own = found.filter(target=target, measure=measure).sort("day")
            of = own.filter(label=ALL, other=ALL)
            axes.plot(of["day"], of["expected"], color="grey", linewidth=0.8)
            axes.plot(of["day"], of["observed"], color=_GREEN)
            alarms = own.filter("alarm")
            axes.plot(alarms["day"], alarms["observed"], "o", color=_RED, markersize=4)
            axes.set_title(f"{target}: {measure}", fontsize=9, loc="left")
            axes.tick_params(labelsize=7)
            _dates(axes)
    made.suptitle("Classification by day, before (grey), and alarms of single labels")
    return made


def pressing(rows: pl.DataFrame) -> Any:
    """Tickets that need a person by day and trigger; rows of `anomalies/escalations`."""
    from matplotlib.figure import Figure

    named = recent(rows.with_columns(day=pl.col("created_at").dt.date())).explode("triggers")
    counts = named.group_by("day", "triggers").len().sort("day", "triggers")
    made = Figure(figsize=(11, 4), layout="constrained")
    axes = made.subplots()
    days = counts["day"].unique().sort()
    below = pl.Series([0] * len(days), dtype=pl.Int64)
    for trigger in sorted(counts["triggers"].drop_nulls().unique()):
        of = days.to_frame().join(counts.filter(triggers=trigger), on="day", how="left", maintain_order="left")
        height = of["len"].fill_null(0).cast(pl.Int64)
        axes.bar(days, height, bottom=below, label=trigger)
        below = below + height
    if len(days):
        axes.legend(fontsize=8)
        _dates(axes)
    axes.set(title="Tickets that need a person now, by trigger", ylabel="tickets")
    return made


def recent(rows: pl.DataFrame) -> pl.DataFrame:
    """Those of the last days."""
    return rows.filter(pl.col("day") > pl.col("day").max() - pl.duration(days=MOST_DAYS))


def _dates(axes: Any) -> None:
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    locator = AutoDateLocator(maxticks=8)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))
