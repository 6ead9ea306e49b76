"""How suggestions fare by now: what the release knows was tried, and what the inbox has heard since."""

from threading import Lock

import msgspec
import polars as pl

from ml.retrieve import told
from ml.retrieve.standing import COLUMNS, Standing
from operations.inbox import Inbox
from service.listening import Listener
from warehouse.contracts import bronze, silver
from warehouse.envelopes import Envelope
from warehouse.parse import TICKET, parse
from warehouse.reading import Tables
from warehouse.releases import Manifest

_HEARD = ("event_id", "type", "ticket_id", "event_time", "payload")
_SCHEMA = {name: silver.EVENTS.schema[name] for name in _HEARD}
_ARTICLES = ("kb_articles_viewed", "kb_articles_helpful")
_VERSION = ("product", "product_version")
_SAID = ("ticket_id", "target_id", "succeeded", "weight", "at", *_VERSION)
_decoder = msgspec.json.Decoder(Envelope)


class Outcomes:
    """Threads share one; each release has its own."""

    def __init__(self, lake: Tables, manifest: Manifest, attempts: pl.DataFrame | None) -> None:
        """`attempts`: rows of `search/attempts`, as the release has them. Reads columns of tickets, and no text."""
        version = manifest.tables.get(silver.EVENTS.path)
        self._events, batch = _published(lake, version)
        self._tickets = _tickets(lake)
        self._opened: dict[str, tuple[str | None, ...]] = {}
        self._written = pl.concat([_written(attempts, self._tickets), _read(lake)])
        self._listener, self._lock = Listener(batch), Lock()
        self._standing: Standing | None = None

    def standing(self, inbox: Inbox | None) -> Standing | None:
        """Rates with what was just received; without an inbox, with what was heard so far. None: nothing was tried."""
        with self._lock:
            if inbox is not None and self._listen(inbox):
                self._standing = None
            if self._standing is None:
                tried = self._tried()
                self._standing = Standing(tried) if tried.height else None
            return self._standing

    def _listen(self, inbox: Inbox) -> bool:
        """Whether something came since the last time that moves a rate."""
        rows = self._listener.new(inbox)
        said = [row.body.encode() for row in rows if row.kind == "ticket"]
        if said:
            opened = parse(TICKET, said).rows.select("ticket_id", *_VERSION)
            self._opened |= {row[0]: row for row in opened.iter_rows()}
        heard = [_decoder.decode(row.body) for row in rows if row.kind == "event"]
        moving = [
            (one.idempotency_key, one.type, one.ticket_id, one.event_time, bytes(one.payload).decode())
            for one in heard
            if one.type in told.TYPES
        ]
        if moving:
            new = pl.DataFrame(moving, schema={**_SCHEMA, "event_time": pl.String}, orient="row")
            new = new.with_columns(pl.col("event_time").str.to_datetime(time_unit="us", time_zone="UTC"))
            both = pl.concat([self._events, new.select(_HEARD)])
            self._events = both.unique("event_id", keep="first", maintain_order=True)
        return bool(moving)

    def _tried(self) -> pl.DataFrame:
        """Attempts: what events say of a ticket and a thing stands over what was written of them."""
        opened = pl.DataFrame([*self._opened.values()], schema=self._tickets.schema, orient="row")
        tickets = pl.concat([self._tickets, opened]).unique("ticket_id", keep="last", maintain_order=True)
        heard = told.outcomes(self._events).join(tickets, on="ticket_id", how="left")
        both = [heard, self._written.join(heard, on=["ticket_id", "target_id"], how="anti")]
        return pl.concat([part.select(COLUMNS) for part in both])


def _published(lake: Tables, version: int | None) -> tuple[pl.DataFrame, int]:
    """Events that move rates, as far as the release goes, and the last batch of the inbox among them."""
    if version is None or not lake.exists(silver.EVENTS):
        return pl.DataFrame(schema=_SCHEMA), 0
    at = None if lake.data_version(silver.EVENTS) == version else version
    events = lake.scan(silver.EVENTS, version=at).filter(pl.col("type").is_in(told.TYPES)).select(_HEARD).collect()
    received = lake.open(silver.EVENTS, at).transaction_version(bronze.EVENTS.path)
    if received is None or not lake.exists(bronze.EVENTS):
        return events, 0
    return events, lake.open(bronze.EVENTS, received).transaction_version("inbox") or 0


def _tickets(lake: Tables) -> pl.DataFrame:
    columns = ("ticket_id", *_VERSION)
    if not lake.exists(silver.TICKETS):
        return pl.DataFrame(schema=dict.fromkeys(columns, pl.String))
    return lake.read(silver.TICKETS, columns=columns)


def _written(attempts: pl.DataFrame | None, tickets: pl.DataFrame) -> pl.DataFrame:
    if attempts is None:
        nothing = pl.DataFrame(schema=told.SCHEMA)
        return nothing.with_columns(pl.lit(None, pl.String).alias(name) for name in _VERSION).select(_SAID)
    named = attempts.select("ticket_id", pl.col("solution_id").alias("target_id"), "succeeded", "at")
    return named.with_columns(weight=pl.lit(1.0)).join(tickets, on="ticket_id", how="left").select(_SAID)


def _read(lake: Tables) -> pl.DataFrame:
    """Articles that agents opened on tickets that are closed: those that helped, by their own word, and the others."""
    if not lake.exists(silver.TICKETS):
        return _written(None, pl.DataFrame())
    closed = lake.scan(silver.TICKETS).filter(pl.col("resolved_at").is_not_null())
    columns = ("ticket_id", *_VERSION, *_ARTICLES, "resolved_at")
    opened = closed.select(columns).explode("kb_articles_viewed").drop_nulls("kb_articles_viewed")
    helped = pl.col("kb_articles_helpful").list.contains(pl.col("kb_articles_viewed")).fill_null(False)
    rows = opened.select(
        "ticket_id",
        pl.col("kb_articles_viewed").alias("target_id"),
        helped.alias("succeeded"),
        pl.lit(1.0).alias("weight"),
        pl.col("resolved_at").alias("at"),
        *_VERSION,
    )
    return rows.unique(["ticket_id", "target_id"], keep="first", maintain_order=True).select(_SAID).collect()
