"""What events make of a ticket: its newest record, and everything that people said and did since, by event time.

An event sets fields, and of two that set the same one the later stands, whichever was heard of first. So applying them
again changes nothing, the order of arrival does not matter, and a newer record takes the place of all that was before.
What people said of labels is weighed as `labels` says; the column has what holds, `silver/labels` who said what and
what was recorded.
"""

import polars as pl

from warehouse import labels, recorded
from warehouse.contracts import silver
from warehouse.delta import Lake
from warehouse.payloads import TicketOpened
from warehouse.table import TIMESTAMP

AT_ONCE = 20_000
OPENED = "TicketOpened"
TYPES = (OPENED, "TicketResolved", "TicketReopened", "FeedbackGiven", *labels.TYPES)
OUTCOME = ("resolved_at", "resolution", "resolution_code")
FEEDBACK = {"satisfaction_score": "score", "resolution_helpful": "helpful", "feedback_text": "text"}
_AT, _WHEN = "_at", ("event_time", "event_id")


def follow(lake: Lake) -> None:
    """Bring `silver/tickets` up to what `silver/events` gained since the last time; at once where that is nothing."""
    version = lake.data_version(silver.EVENTS)
    if version is None or lake.progress(silver.TICKETS, silver.EVENTS.path) == version:
        return
    with lake.lock(silver.TICKETS):
        since = lake.progress(silver.TICKETS, silver.EVENTS.path)
        heard = lake.changes(silver.EVENTS, since, version, columns=("ticket_id", "type"))
        concerned = heard.filter(pl.col("type").is_in(TYPES)).select("ticket_id").unique(maintain_order=True)
        lake.ensure(silver.TICKETS)
        for tickets in concerned.iter_slices(AT_ONCE):
            lake.merge(silver.TICKETS, _rows(lake, tickets))
        lake.append(silver.TICKETS, [], progress={silver.EVENTS.path: version})


def since(lake: Lake, rows: pl.DataFrame) -> pl.DataFrame:
    """Typed records, each with the events after it that silver knows."""
    return apply(rows, events_of(lake, rows)) if lake.exists(silver.EVENTS) else rows


def apply(rows: pl.DataFrame, events: pl.DataFrame) -> pl.DataFrame:
    """Tickets (one or more rows each), as they were recorded, with what the events after that set."""
    moment = rows.select(
        "ticket_id", pl.int_range(pl.len()).alias(_AT), pl.max_horizontal("updated_at", "created_at").alias("_moment")
    )
    newer = _settings(events).join(moment, on="ticket_id").filter(pl.col("event_time") > pl.col("_moment"))
    newer = pl.concat([newer.select(_AT, *_WHEN, "name", "value"), _labelled(rows, events)])
    if newer.is_empty():
        return rows
    last = newer.sort(_WHEN).unique([_AT, "name"], keep="last", maintain_order=True)
    names = last["name"].unique().to_list()
    wide = last.with_columns(set=True).pivot(on="name", index=_AT, values=["value", "set"])
    joined = rows.with_columns(pl.int_range(pl.len()).alias(_AT)).join(wide, on=_AT, how="left", maintain_order="left")
    chosen = [pl.when(f"set_{name}").then(_typed(name)).otherwise(name).alias(name) for name in names]
    hours = (pl.col("resolved_at") - pl.col("created_at")).dt.total_microseconds() / 3.6e9
    changed = joined.with_columns(chosen)
    if "resolved_at" in names:
        name = "resolution_time_hours"
        changed = changed.with_columns(pl.when("set_resolved_at").then(hours).otherwise(name).alias(name))
    return changed.select(rows.columns)


def _settings(events: pl.DataFrame) -> pl.DataFrame:
    """One row per event and field that it sets: `name` and, as text, `value`; a null value empties the field."""
    resolved = _of(events, "TicketResolved").with_columns(
        resolved_at=pl.col("event_time").dt.epoch("us").cast(pl.String),
        resolution=_said("resolution"),
        resolution_code=_said("resolution_code"),
        agent_id=pl.when(pl.col("actor_kind") == "agent").then("actor_id"),
    )
    judged = _of(events, "FeedbackGiven").with_columns(_said(path).alias(name) for name, path in FEEDBACK.items())
    reopened = _of(events, "TicketReopened").with_columns(pl.lit(None, pl.String).alias(name) for name in OUTCOME)
    return pl.concat(
        [
            _long(resolved, (*OUTCOME, "agent_id")).drop_nulls("value"),
            _long(judged, FEEDBACK).drop_nulls("value"),
            _long(reopened, OUTCOME),
        ]
    )


def _labelled(rows: pl.DataFrame, events: pl.DataFrame) -> pl.DataFrame:
    """One row per row and label that people's statements give it; of a ticket's rows each is weighed by itself."""
    said = labels.facts(events).filter(pl.col("field").is_in(recorded.FIELDS))
    mine = rows.with_columns(pl.int_range(pl.len()).alias(_AT)).join(said, on="ticket_id", how="semi")
    named = mine.with_columns(pl.col(_AT).cast(pl.String).alias("ticket_id"))
    places = mine.select("ticket_id", pl.col(_AT).cast(pl.String).alias("_place"))
    placed = said.join(places, on="ticket_id").with_columns(pl.col("_place").alias("ticket_id"))
    held = labels.effective(placed, recorded.long(named))
    return held.select(
        pl.col("ticket_id").cast(pl.Int64).alias(_AT),
        pl.col("said_at").alias("event_time"),
        pl.col("label_id").alias("event_id"),
        pl.col("field").alias("name"),
        "value",
    )


def _of(events: pl.DataFrame, type_: str) -> pl.DataFrame:
    return events.filter(pl.col("type") == type_)


def _long(events: pl.DataFrame, names: "tuple[str, ...] | dict[str, str]") -> pl.DataFrame:
    return events.unpivot(on=list(names), index=["ticket_id", *_WHEN], variable_name="name", value_name="value")


def _said(path: str) -> pl.Expr:
    return pl.col("payload").str.json_path_match(f"$.{path}")


def _typed(name: str) -> pl.Expr:
    value, dtype = pl.col(f"value_{name}"), silver.TICKETS.schema[name]
    if dtype == pl.Boolean:
        return value.is_in(["true", "yes"])
    return value.cast(pl.Int64).cast(TIMESTAMP) if dtype == TIMESTAMP else value.cast(dtype)


def _rows(lake: Lake, tickets: pl.DataFrame) -> pl.DataFrame:
    """These tickets as they are with every event that is known of them."""
    events = events_of(lake, tickets)
    return apply(untouched(lake, tickets, events), events)


def untouched(lake: Lake, tickets: pl.DataFrame, events: pl.DataFrame) -> pl.DataFrame:
    """These tickets with their labels as they were recorded: by their records, else by the event that opened them."""
    known = lake.matching(silver.TICKETS, tickets).filter(pl.col("record_hash").is_not_null())
    spoken = pl.col("ticket_id").is_in(labels.facts(events)["ticket_id"].implode())
    rows = [known.filter(~spoken), recorded.as_recorded(lake, known.filter(spoken))]
    return pl.concat([*rows, _opened(events.join(known, on="ticket_id", how="anti"))])


def _opened(events: pl.DataFrame) -> pl.DataFrame:
    """Tickets of which no record is known, as the first event said that opened them."""
    first = _of(events, OPENED).sort(_WHEN).unique("ticket_id", keep="first", maintain_order=True)
    customer = pl.when(pl.col("actor_kind") == "customer").then("actor_id")
    said = {name: _said(name) for name in TicketOpened.__struct_fields__}
    said |= {"created_at": pl.col("event_time"), "customer_id": pl.coalesce(said["customer_id"], customer)}
    known = ("ticket_id", "load_id")
    made = [
        (pl.col(name) if name in known else said.get(name, pl.lit(None))).cast(dtype).alias(name)
        for name, dtype in silver.TICKETS.schema.items()
    ]
    return first.select(made)


def events_of(lake: Lake, tickets: pl.DataFrame) -> pl.DataFrame:
    """What happened to these tickets, as far as it changes them."""
    ids = tickets["ticket_id"].unique().implode()
    wanted = pl.col("type").is_in(TYPES) & pl.col("ticket_id").is_in(ids)
    return lake.scan(silver.EVENTS).filter(wanted).collect()
