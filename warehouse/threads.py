"""Messages that answer each other become tickets: the first message of a chain is the ticket, the others its events.

Chains are followed by pointer doubling (Wyllie 1979), so joins grow with the logarithm of the
longest one.
"""

from datetime import datetime

import msgspec
import polars as pl

from warehouse.contracts import silver
from warehouse.delta import Lake
from warehouse.fold import Ledger
from warehouse.mapping import Mapping
from warehouse.parse import ROW, TICKET, Parsed, Refusal, parse
from warehouse.times import EARLIEST, LATEST, parse_times

ROUNDS = 64
FLUSH_ROWS = 50_000
AGENT_WORDS = ("false", "0", "no", "f", "n")


class Threads:
    """The messages of a pass over bronze: each is a ticket, or an event of the ticket that its chain began with."""

    def __init__(self, lake: Lake, roots: pl.DataFrame) -> None:
        """`roots`: for each message id the id of the first of its chain."""
        self._lake = lake
        self._roots = roots
        self._waiting: list[pl.DataFrame] = []
        self.ledger = Ledger(lake, silver.EVENTS, (), ("received_time",))

    def split(
        self, records: list[bytes], rules: Mapping, loaded_at: datetime, latest: datetime | None
    ) -> tuple[Parsed, pl.DataFrame]:
        """Tickets and events, each with the number (ROW) of its record; what was refused is with the tickets."""
        messages, refused = _messages(records, rules, latest)
        messages = messages.join(self._roots, on="id", how="left", maintain_order="left")
        messages = messages.with_columns(pl.coalesce("root", "id").alias("root"))
        own = messages.filter(pl.col("root") == pl.col("id"))
        parsed = parse(TICKET, [_ticket(row, rules) for row in own.iter_rows(named=True)])
        rows = own[ROW]
        parsed.rows = parsed.rows.with_columns(rows.gather(parsed.rows[ROW]).alias(ROW))
        moved = (Refusal(rows[r.row], r.reason, r.detail, r.field, r.ticket_id) for r in parsed.refused)
        parsed.refused = [*refused, *moved]
        return parsed, _events(messages.filter(pl.col("root") != pl.col("id")), loaded_at)

    def keep(self, events: pl.DataFrame) -> None:
        """Take events that are new. They may be written before the tickets: a repetition finds them unchanged."""
        self._waiting.append(events.select(silver.EVENTS.schema.names()))
        if sum(frame.height for frame in self._waiting) > FLUSH_ROWS:
            self.write()

    def write(self) -> None:
        """Commit the events that wait."""
        self._lake.append(silver.EVENTS, self._waiting)
        self._waiting.clear()


def links(records: list[bytes], rules: Mapping) -> pl.DataFrame:
    """Which message answers which (`id`, `parent`)."""
    return _messages(records, rules, None)[0].select("id", "parent")


def roots(lake: Lake, found: list[pl.DataFrame]) -> pl.DataFrame:
    """For each message its first ancestor, here or in silver (`id`, `root`); one whose parent nobody knows is a root.

    What silver took for a ticket stays one, also when the message that it answers comes later.
    """
    messages = pl.concat([pl.DataFrame(schema={"id": pl.String, "parent": pl.String}), *found]).unique(
        "id", keep="first"
    )
    stored = _stored_roots(lake, pl.concat([messages["id"], messages["parent"].drop_nulls()]).unique())
    known = pl.concat([messages["id"], stored["id"]])
    unknown = messages.join(stored, on="id", how="anti")
    linked = unknown.select(
        "id", pl.when(pl.col("parent").is_in(known.implode())).then("parent").otherwise("id").alias("root")
    )
    pointer = pl.concat([stored, linked])
    for _ in range(ROUNDS):
        next_ = pointer.rename({"id": "root", "root": "next"})
        jumped = pointer.join(next_, on="root", how="left", maintain_order="left")
        jumped = jumped.select("id", pl.coalesce("next", "root").alias("root"))
        if jumped.equals(pointer):
            break
        pointer = jumped
    return pointer.join(messages, on="id", how="semi")


def _messages(records: list[bytes], rules: Mapping, latest: datetime | None) -> tuple[pl.DataFrame, list[Refusal]]:
    thread = rules.thread
    if thread is None:
        raise ValueError("only a mapping with a thread tells which message answers which")
    names = {"id": thread.id, "parent": thread.parent, "author": thread.author, "inbound": thread.inbound}
    columns = {**names, "text": thread.text, "at": thread.created_at}
    decoder = msgspec.json.Decoder(dict[str, str | int | bool | float | None])
    found, refused = [], []
    for row, record in enumerate(records):
        try:
            values = decoder.decode(record)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
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
    good = pl.col("at").is_between(EARLIEST, latest or LATEST).fill_null(value=False)
    detail = f"{thread.created_at} is no time in the mapping's format, or out of range"
    for row, id_ in frame.filter(~good).select(ROW, "id").iter_rows():
        refused.append(Refusal(row, "contract", detail, thread.created_at, id_))
    return frame.filter(good), refused


def _text(value: object) -> str | None:
    if value is None:
        return None
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).removesuffix(".0") if isinstance(value, str) and value[:-2].isdigit() else str(value)


def _stored_roots(lake: Lake, ids: pl.Series) -> pl.DataFrame:
    """Messages that earlier loads brought, as tickets or as messages of tickets, with their ticket."""
    found = [pl.DataFrame(schema={"id": pl.String, "root": pl.String})]
    if lake.exists(silver.TICKETS):
        tickets = lake.scan(silver.TICKETS).select(pl.col("ticket_id").alias("id"), pl.col("ticket_id").alias("root"))
        found.append(tickets.filter(pl.col("id").is_in(ids.implode())).collect())
    if lake.exists(silver.EVENTS):
        events = lake.scan(silver.EVENTS).select(pl.col("event_id").alias("id"), pl.col("ticket_id").alias("root"))
        found.append(events.filter(pl.col("id").is_in(ids.implode())).collect())
    return pl.concat(found).unique("id", keep="first")


def _ticket(row: dict[str, object], rules: Mapping) -> bytes:
    fields = {"ticket_id": row["id"], "created_at": row["at"], "customer_id": row["author"], "description": row["text"]}
    return msgspec.json.encode({**rules.constants, **fields})


def _events(replies: pl.DataFrame, loaded_at: datetime) -> pl.DataFrame:
    agent = pl.col("inbound").str.to_lowercase().is_in(AGENT_WORDS)
    return replies.select(
        ROW,
        pl.col("id").alias("event_id"),
        pl.lit("MessageAdded").alias("type"),
        pl.lit(1, pl.Int64).alias("version"),
        pl.col("root").alias("ticket_id"),
        pl.col("at").alias("event_time"),
        pl.lit(loaded_at).cast(silver.EVENTS.schema["received_time"]).alias("received_time"),
        pl.when(agent).then(pl.lit("agent")).otherwise(pl.lit("customer")).alias("actor_kind"),
        pl.col("author").alias("actor_id"),
        pl.struct("text").struct.json_encode().alias("payload"),
    )
