"""Unusual volume: each day scanned by what was known on the Monday before it, and again where its tickets changed."""

from datetime import datetime, timedelta

import dagster as dg
import polars as pl

from ml.anomaly import volume
from ml.anomaly.series import counted
from orchestration.resources import RETRIES, LakeResource, Results, expected_errors, result, spec
from warehouse.contracts import silver
from warehouse.contracts.anomalies import VOLUME
from warehouse.delta import Lake

DAYS = dg.DailyPartitionsDefinition(start_date="2010-01-01", end_offset=1)
DAY = timedelta(days=1)
ALL = volume.COUNTED[0]


@dg.multi_asset(
    name="volume",
    specs=[spec(VOLUME, deps=[silver.TICKETS.key])],
    partitions_def=DAYS,
    backfill_policy=dg.BackfillPolicy.single_run(),
    retry_policy=RETRIES,
)
def volume_by_window(context: dg.AssetExecutionContext, lake: LakeResource) -> Results:
    """Tickets by hour and day in each series, beside what was to be expected."""
    tables, window = lake.of(context), context.partition_time_window
    with expected_errors():
        tables.ensure(VOLUME)
        scanned(tables, window.start, window.end)
    yield result(tables, VOLUME)


def scanned(lake: Lake, first: datetime, last: datetime) -> int:
    """Bring the rows of the days from `first` to before `last` up to the tickets; how many of them differ now."""
    with lake.lock(VOLUME):
        tickets = lake.scan(silver.TICKETS).select(volume.READ).collect()
        newest = tickets["created_at"].max()
        if not isinstance(newest, datetime) or first > newest:
            return 0
        rows = volume.scan(tickets, first, min(last, volume.midnight(newest) + DAY))
        inside = pl.col("window_start").is_between(first, last, closed="left")
        known = lake.scan(VOLUME).filter(inside).select(VOLUME.primary_key).collect()
        commit = lake.exchange(VOLUME, known, rows)
        return commit.deleted + commit.inserted + commit.updated


def due(lake: Lake) -> tuple[datetime, datetime] | None:
    """The days to scan: from the first whose tickets are not those that were counted, to the newest; None: none."""
    if not lake.exists(silver.TICKETS):
        return None
    tickets = lake.scan(silver.TICKETS).select("created_at").collect()
    came = counted(tickets, "1h", [ALL]).select(window_start="time", came="count")
    seen = pl.DataFrame(schema={"window_start": came.schema["window_start"], "tickets": pl.Int64})
    if lake.exists(VOLUME):
        every = (pl.col("dimension") == ALL.name) & (pl.col("frequency") == "hour")
        seen = lake.scan(VOLUME).filter(every).select("window_start", "tickets").collect()
    if came.is_empty():
        return None
    both = came.join(seen, on="window_start", how="full", coalesce=True)
    differs = pl.col("came").fill_null(0) != pl.col("tickets").fill_null(0)
    begin = volume.midnight(came["window_start"].sort()[0]) + volume.HISTORY
    changed = both.filter(differs & (pl.col("window_start") >= begin))
    first, newest = changed["window_start"].min(), came["window_start"].max()
    if not isinstance(first, datetime) or not isinstance(newest, datetime):
        return None
    return volume.midnight(first), volume.midnight(newest) + DAY
