"""A desk's tickets day by day, beside what was to be expected, and the alarms."""

from typing import Any

import polars as pl

DAYS = 60
SHOWN = 5


def draw(rows: pl.DataFrame) -> Any:
    """A figure of rows of `anomalies/volume`: all tickets, and the series with the strangest alarms of late."""
    from matplotlib.figure import Figure

    days = rows.filter(pl.col("frequency") == "day")
    newest = days["window_start"].max()
    late = days.filter(pl.col("window_start") > newest - pl.duration(days=DAYS)) if days.height else days
    alarms = rows.filter("alarm", pl.col("dimension") != "all").join(
        late.select("window_start"), how="semi", on="window_start"
    )
    strange = alarms.group_by("dimension", "series").agg(pl.col("score").max()).sort("score", descending=True)
    names = [("all", ""), *strange.head(SHOWN).select("dimension", "series").iter_rows()]
    drawn = Figure(figsize=(9, 1.9 * len(names)), layout="constrained")
    for place, (dimension, series) in enumerate(names, 1):
        axes = drawn.add_subplot(len(names), 1, place)
        own = late.filter(pl.col("dimension") == dimension, pl.col("series") == series).sort("window_start")
        times = own["window_start"].to_list()
        axes.fill_between(times, 0, own["upper"].to_list(), color="tab:blue", alpha=0.15, linewidth=0)
        axes.plot(times, own["expected"].to_list(), color="tab:blue", linewidth=0.8)
        axes.plot(times, own["tickets"].to_list(), color="black", linewidth=1)
        found = own.filter("alarm")
        axes.plot(found["window_start"].to_list(), found["tickets"].to_list(), "o", color="tab:red", markersize=4)
        axes.set_title(f"{dimension} {series}".strip(), loc="left", fontsize=9)
        axes.tick_params(labelsize=7)
    return drawn
