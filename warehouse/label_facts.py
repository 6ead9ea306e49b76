"""`silver/labels`: who said what of a label, beside what was recorded."""

import polars as pl

from warehouse import happenings, labels, recorded
from warehouse.contracts import silver
from warehouse.delta import Lake

AT_ONCE = 20_000


def follow(lake: Lake) -> None:
    """Bring `silver/labels` up to `silver/events` and `silver/tickets`; at once where neither gained anything.

    Tickets of which people said nothing have no rows here: what was recorded of them is in `silver/tickets`.
    """
    sources = (silver.EVENTS, silver.TICKETS)
    versions = {table.path: lake.data_version(table) for table in sources if lake.exists(table)}
    progress = {path: version for path, version in versions.items() if version is not None}
    if silver.EVENTS.path not in progress:
        return
    with lake.lock(silver.LABELS):
        lake.ensure(silver.LABELS)
        if all(lake.progress(silver.LABELS, path) == version for path, version in progress.items()):
            return
        for tickets in _concerned(lake, progress).iter_slices(AT_ONCE):
            lake.exchange(silver.LABELS, _known(lake, tickets), _rows(lake, tickets))
        lake.append(silver.LABELS, [], progress=progress)


def _concerned(lake: Lake, progress: dict[str, int]) -> pl.DataFrame:
    """Tickets of which something was said since, and those with statements that changed otherwise."""
    since = {path: lake.progress(silver.LABELS, path) for path in progress}
    path = silver.EVENTS.path
    heard = lake.changes(silver.EVENTS, since[path], progress[path], columns=("ticket_id", "type"))
    said = heard.filter(pl.col("type").is_in(labels.TYPES)).select("ticket_id")
    path = silver.TICKETS.path
    if path not in progress:
        return said.unique(maintain_order=True)
    changed = lake.changes(silver.TICKETS, since[path], progress[path], columns=("ticket_id",)).select("ticket_id")
    known = lake.read(silver.LABELS, columns=["ticket_id"]).unique()
    return pl.concat([said, changed.join(known, on="ticket_id", how="semi")]).unique(maintain_order=True)


def _known(lake: Lake, tickets: pl.DataFrame) -> pl.DataFrame:
    mine = pl.col("ticket_id").is_in(tickets["ticket_id"].implode())
    return lake.scan(silver.LABELS).filter(mine).select("label_id").collect()


def _rows(lake: Lake, tickets: pl.DataFrame) -> pl.DataFrame:
    events = happenings.events_of(lake, tickets)
    said = labels.facts(events).drop("actor_kind").with_columns(pl.lit(None, pl.Boolean).alias("holds"))
    now, before = pl.DataFrame(schema={"ticket_id": pl.String}), pl.DataFrame(schema=said.schema)
    now = now.with_columns(field=pl.lit(None, pl.String), now=pl.lit(None, pl.String))
    if lake.exists(silver.TICKETS):
        touched = lake.matching(silver.TICKETS, tickets)
        now = recorded.long(touched).select("ticket_id", "field", now="recorded")
        base = recorded.long(happenings.untouched(lake, tickets, events)).drop_nulls("recorded")
        before = _recorded(base.join(said, on=["ticket_id", "field"], how="semi"))
    both = pl.concat([before.select(said.columns), said]).drop("holds")
    held = both.join(now, on=["ticket_id", "field"], how="left")
    return held.with_columns(holds=pl.col("value").eq_missing(pl.col("now"))).select(silver.LABELS.schema.names())


def _recorded(base: pl.DataFrame) -> pl.DataFrame:
    nothing = [
        pl.lit(None, dtype).alias(name)
        for name, dtype in silver.LABELS.schema.items()
        if name in ("previous", "actor_id", "prediction_id", "review_id", "holds")
    ]
    return base.select(
        pl.concat_str(pl.lit("recorded"), "ticket_id", "field", separator=":").alias("label_id"),
        "ticket_id",
        "field",
        pl.col("recorded").alias("value"),
        pl.lit("recorded").alias("kind"),
        pl.lit("recorded").alias("source"),
        pl.col("moment").alias("said_at"),
        pl.col("moment").alias("heard_at"),
        *nothing,
    )
