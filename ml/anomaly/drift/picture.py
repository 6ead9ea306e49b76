"""Drift as a picture: what moved most, day by day, in units of what chance does."""

from io import BytesIO
from typing import Any

import polars as pl

SHOWN = 8
"""Lines of a part."""
PARTS = ("input", "embedding", "prediction", "quality")


def figure(rows: pl.DataFrame) -> Any:
    """Of rows of `anomalies/drift`: one panel a part; above 1 is drift."""
    from matplotlib.figure import Figure

    parts = [part for part in PARTS if rows.filter(part=part).height]
    drawn = Figure(figsize=(9, 2.4 * max(len(parts), 1)), layout="constrained")
    for place, part in enumerate(parts, start=1):
        axes = drawn.add_subplot(len(parts), 1, place)
        own = rows.filter(pl.col("part") == part, pl.col("threshold") > 0).sort("day")
        own = own.with_columns(ratio=pl.col("value") / pl.col("threshold"))
        most = own.group_by("model", "name").agg(pl.col("ratio").max()).sort("ratio", "model", "name", descending=True)
        for model, name, _ in most.head(SHOWN).iter_rows():
            line = own.filter(model=model, name=name)
            axes.plot(
                line["day"].to_list(), line["ratio"].to_list(), label=name if model == "*" else f"{model}: {name}"
            )
        axes.axhline(1, color="black", linewidth=0.8)
        axes.set_title(f"{part}: distance / threshold", loc="left", fontsize=9)
        axes.tick_params(labelsize=7)
        axes.legend(fontsize=6, loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
    return drawn


def png(drawn: Any) -> bytes:
    """The figure as PNG, the same bytes each time."""
    held = BytesIO()
    drawn.savefig(held, format="png", dpi=80, metadata={"Software": None})
    return held.getvalue()
