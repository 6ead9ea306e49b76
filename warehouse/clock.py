"""The one business clock."""

from datetime import datetime

import polars as pl

from warehouse.contracts import bronze, silver
from warehouse.payloads import OF_EVERY_TICKET, OWN
from warehouse.reading import Tables

INBOX = "inbox"
MOMENTS = ("created_at", "updated_at", "resolved_at")
HAPPENED = ~pl.col("type").is_in(OF_EVERY_TICKET | OWN)
"""Of events: those that happened to a ticket, other than what we said of it."""


def as_of(lake: Tables, now: datetime) -> datetime:
    """AS_OF: the newest event in the lake until live events have arrived, then the wall clock `now`.

    An empty lake has no event: `now`. What concerns no single ticket moves no clock. Reads times only.
    """
    if _live(lake):
        return now
    times = []
    if lake.exists(silver.TICKETS):
        times.append(lake.scan(silver.TICKETS).select(pl.max_horizontal(pl.col(MOMENTS).max())))
    if lake.exists(silver.EVENTS):
        times.append(lake.scan(silver.EVENTS).filter(HAPPENED).select(pl.col("event_time").max()))
    newest = [one.collect().item() for one in times]
    return max((moment for moment in newest if moment is not None), default=now)


def _live(lake: Tables) -> bool:
    """Whether the inbox brought a ticket, or an event that happened to one."""
    if lake.exists(bronze.TICKETS) and lake.progress(bronze.TICKETS, INBOX) is not None:
        return True
    if not lake.exists(silver.EVENTS):
        return False
    heard = lake.scan(silver.EVENTS).filter(HAPPENED & (pl.col("load_id") == INBOX))
    return heard.head(1).collect().height > 0
