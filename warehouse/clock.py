"""The one business clock."""

from datetime import datetime

import polars as pl

from warehouse.contracts import bronze, silver
from warehouse.delta import Lake

MOMENTS = (
    (silver.TICKETS, ("created_at", "updated_at", "resolved_at")),
    (silver.EVENTS, ("event_time",)),
)


def as_of(lake: Lake, now: datetime) -> datetime:
    """AS_OF: the newest event in the lake until live events have arrived, then the wall clock `now`.

    An empty lake has no event: `now`. Reads times only.
    """
    if any(
        lake.exists(table) and lake.progress(table, "inbox") is not None for table in (bronze.TICKETS, bronze.EVENTS)
    ):
        return now
    newest = [
        lake.scan(table).select(pl.max_horizontal(pl.col(names).max())).collect().item()
        for table, names in MOMENTS
        if lake.exists(table)
    ]
    return max((moment for moment in newest if moment is not None), default=now)
