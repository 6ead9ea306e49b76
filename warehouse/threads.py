"""Messages that answer each other become tickets: the first message of a chain is the ticket, the others its events.

Chains are followed by pointer doubling (Wyllie 1979), so joins grow with the logarithm of the
longest one.
"""

from dataclasses import dataclass
from datetime import datetime

import msgspec
import polars as pl

from warehouse.contracts import silver
from warehouse.delta import Lake
from warehouse.mapping import Mapping, Thread
from warehouse.parse import ROW, TICKET, Parsed, Refusal, parse, parse_times

ROUNDS = 32
AGENT_WORDS = ("false", "0", "no", "f", "n")


@dataclass
class Unravelled:
    """Tickets as typed rows with their record numbers, and the messages that answered them."""

    tickets: Parsed
    events: pl.DataFrame


def unravel(lake: Lake, records: pl.DataFrame, rules: Mapping | None, loaded_at: datetime) -> Unravelled:
    """Split messages into tickets and events; a late reply finds its ticket through what silver knows."""
    if rules is None or rules.thread is None:
        raise ValueError("only a mapping with a thread can be unravelled")
    messages, refused = _messages(records, rules, rules.thread)
    roots = _roots(lake, messages)
    messages = messages.join(roots, on="id", maintain_order="left")
    own = messages.filter(pl.col("root") == pl.col("id"))
    tickets = [_ticket(row, rules) for row in own.iter_rows(named=True)]
    parsed = parse(TICKET, tickets)
    rows = own[ROW]
    parsed.rows = parsed.rows.with_columns(rows.gather(parsed.rows[ROW]).alias(ROW))
    parsed.refused = [
        *refused,
        *(Refusal(rows[r.row], r.reason, r.detail, r.field, r.ticket_id) for r in parsed.refused),
    ]
    return Unravelled(parsed, _events(messages.filter(pl.col("root") != pl.col("id")), records, loaded_at))


def _messages(records: pl.DataFrame, rules: Mapping, thread: Thread) -> tuple[pl.DataFrame, list[Refusal]]:
    names = {"id": thread.id, "parent": thread.parent, "author": thread.author, "inbound": thread.inbound}
    columns = {**names, "text": thread.text, "at": thread.created_at}
    decoder = msgspec.json.Decoder(dict[str, str | int | bool | float | None])
    found, refused = [], []
    for row, record in enumerate(records["record"]):
        try:
            values = decoder.decode(record)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            refused.append(Refusal(row, "malformed", f"expected a row of messages, found: {error}"))
            continue
        message = {name: _text(values.get(column)) for name, column in columns.items()}
        if not message["id"] or not message["text"] or not message["at"]:
            detail = f"{thread.id}, {thread.text} and {thread.created_at} are expected, one is missing"
            refused.append(Refusal(row, "contract", detail, thread.id, message["id"] or None))
            continue
        found.append({ROW: row, **message})
    schema = {ROW: pl.Int64, **dict.fromkeys(columns, pl.String)}
    frame = pl.DataFrame(found, schema=schema).with_columns(pl.col("parent").replace("", None))
    frame = frame.with_columns(parse_times(frame["at"], rules.time_format).alias("at"))
    for row in frame.filter(pl.col("at").is_null())[ROW]:
        refused.append(
            Refusal(row, "contract", f"{thread.created_at} is no time in the mapping's format", thread.created_at)
        )
    return frame.filter(pl.col("at").is_not_null()).unique("id", keep="last", maintain_order=True), refused


def _text(value: object) -> str | None:
    if value is None:
        return None
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).removesuffix(".0") if isinstance(value, str) and value[:-2].isdigit() else str(value)


def _roots(lake: Lake, messages: pl.DataFrame) -> pl.DataFrame:
    """For each message its first ancestor, here or in silver; a message whose parent nobody knows is a root."""
    stored = _stored_roots(lake, messages["parent"].drop_nulls().unique())
    known = pl.concat([messages.select("id"), stored.select("id")])["id"].implode()
    pointer = messages.select("id", pl.when(pl.col("parent").is_in(known)).then("parent").otherwise("id").alias("root"))
    outside = stored.join(messages, on="id", how="anti")
    pointer = pl.concat([pointer, outside.select("id", "root")])
    for _ in range(ROUNDS):
        jumped = pointer.join(
            pointer.rename({"id": "root", "root": "next"}), on="root", how="left", maintain_order="left"
        ).select("id", pl.coalesce("next", "root").alias("root"))
        if jumped.equals(pointer):
            break
        pointer = jumped
    return pointer.join(messages.select("id"), on="id", how="semi")


def _stored_roots(lake: Lake, parents: pl.Series) -> pl.DataFrame:
    """Parents that earlier loads brought, as tickets or as messages of tickets, with their ticket."""
    found = [pl.DataFrame(schema={"id": pl.String, "root": pl.String})]
    if lake.exists(silver.TICKETS):
        tickets = lake.scan(silver.TICKETS).select(pl.col("ticket_id").alias("id"), pl.col("ticket_id").alias("root"))
        found.append(tickets.filter(pl.col("id").is_in(parents.implode())).collect())
    if lake.exists(silver.EVENTS):
        events = lake.scan(silver.EVENTS).select(pl.col("event_id").alias("id"), pl.col("ticket_id").alias("root"))
        found.append(events.filter(pl.col("id").is_in(parents.implode())).collect())
    return pl.concat(found).unique("id", keep="first")


def _ticket(row: dict[str, object], rules: Mapping) -> bytes:
    fields = {"ticket_id": row["id"], "created_at": row["at"], "customer_id": row["author"], "description": row["text"]}
    return msgspec.json.encode({**rules.constants, **fields})


def _events(replies: pl.DataFrame, records: pl.DataFrame, loaded_at: datetime) -> pl.DataFrame:
    load_id = records["load_id"][0]
    agent = pl.col("inbound").str.to_lowercase().is_in(AGENT_WORDS)
    return replies.select(
        pl.col("id").alias("event_id"),
        pl.lit("MessageAdded").alias("type"),
        pl.lit(1, pl.Int64).alias("version"),
        pl.col("root").alias("ticket_id"),
        pl.col("at").alias("event_time"),
        pl.lit(loaded_at).cast(silver.EVENTS.schema["received_time"]).alias("received_time"),
        pl.when(agent).then(pl.lit("agent")).otherwise(pl.lit("customer")).alias("actor_kind"),
        pl.col("author").alias("actor_id"),
        pl.struct("text").struct.json_encode().alias("payload"),
        pl.lit(load_id).alias("load_id"),
    )
