"""The live queue: tickets that wait, those included that came into the inbox and are in no table yet."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from threading import Lock
from typing import Any, Literal, NamedTuple

import msgspec
import polars as pl

from operations.inbox import Inbox
from operations.predictions import Predictions
from service.listening import Listener, taken_in
from service.said import Said, Sayings, newest, told
from warehouse.contracts import silver
from warehouse.contracts.anomalies import ESCALATIONS
from warehouse.parse import TICKET, parse
from warehouse.reading import Tables

SHOWN = 50
ORDERED = timedelta(seconds=5)
"""How old the order may be: a page is asked again every few seconds, by everybody who has it open."""
COLUMNS = ("ticket_id", "created_at", "resolved_at", "subject", "customer_tier", "channel", "language", "product")
_SCHEMA = {name: silver.TICKETS.schema[name] for name in COLUMNS}
Which = Literal["open", "all"]
Order = Mapping[str, str] | None
"""Tickets in their order, each with the reason; None where nobody can say."""


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """One ticket of the queue. `heard`: it is in the inbox only; `urgent`: why it needs a person now; `why`: what
    its place rests on.
    """

    ticket_id: str
    created_at: datetime
    resolved_at: datetime | None
    subject: str | None
    customer_tier: str | None
    channel: str | None
    language: str | None
    product: str | None
    heard: bool
    urgent: str | None = None
    why: str | None = None
    said: Mapping[str, Said] = {}


class _Known(NamedTuple):
    """What the lake knows of tickets in an order, read once for as long as that holds."""

    order: Order
    silent: Collection[str]
    rows: Mapping[str, dict[str, Any]]
    said: Sayings
    urgent: Mapping[str, str]


class Queue:
    """Follows the inbox from where the lake ends. Threads share one."""

    def __init__(self, lake: Tables) -> None:
        """Reads nothing yet."""
        self._lake = lake
        self._lock = Lock()
        self._at: int | None = None
        self._listener = Listener(0)
        self._heard: dict[str, dict[str, Any]] = {}
        self._order: tuple[datetime, Order] | None = None
        self._ordering = Lock()
        self._known: _Known | None = None

    def order(self, now: datetime, find: Callable[[], Order]) -> Order:
        """What `find` says of the order of tickets that wait, asked again when that is `ORDERED` ago.

        One thread asks; the others go on with the last order, where there is one.
        """
        held = self._order
        fresh = held is not None and timedelta() <= now - held[0] < ORDERED
        if not fresh and self._ordering.acquire(blocking=held is None):
            try:
                if self._order is held:
                    self._order = (now, find())
            finally:
                self._ordering.release()
        return self._order[1] if self._order is not None else None

    def rows(
        self,
        inbox: Inbox | None,
        given: Predictions | None,
        which: Which,
        *,
        limit: int = SHOWN,
        silent: Collection[str] = (),
        wanted: Order = None,
    ) -> list[Waiting]:
        """The tickets that wait, or all, at most `limit`, the newest first; without an inbox, as the lake knows them.

        `silent` are targets of which models say nothing; `wanted` are tickets in their order, each with
        the reason; what just came in stands before them.
        """
        heard = self._listen(inbox)
        said: Sayings
        urgent: Mapping[str, str]
        if wanted is None:
            fresh = [one for one in heard.values() if which == "all" or one["resolved_at"] is None]
            rows = [*self._newest(which, limit, heard), *fresh]
            rows = sorted(rows, key=lambda one: one["created_at"], reverse=True)[:limit]
            ids = [one["ticket_id"] for one in rows]
            said, urgent = newest(self._lake, given, ids, silent), self._urgent(ids)
        else:
            known = self._of(wanted, silent)
            there = {**known.rows, **heard}
            new = [one for one in heard.values() if one["ticket_id"] not in wanted and one["resolved_at"] is None]
            new.sort(key=lambda one: one["created_at"], reverse=True)
            rows = [*new, *(there[name] for name in wanted if name in there)][:limit]
            ids = [one["ticket_id"] for one in rows]
            said, urgent = {**known.said, **({} if given is None else told(given, ids))}, known.urgent
        return [
            Waiting(
                **one,
                heard=one["ticket_id"] in heard,
                said=said.get(one["ticket_id"], {}),
                urgent=urgent.get(one["ticket_id"]),
                why=wanted.get(one["ticket_id"]) if wanted else None,
            )
            for one in rows
        ]

    def _of(self, order: Mapping[str, str], silent: Collection[str]) -> _Known:
        held, ids = self._known, list(order)
        if held is None or held.order is not order or held.silent != silent:
            there = self._lake.exists(silver.TICKETS)
            rows = self._lake.scan(silver.TICKETS) if there else pl.LazyFrame(schema=_SCHEMA)
            mine = rows.select(COLUMNS).filter(pl.col("ticket_id").is_in(ids)).collect()
            by_name = {one["ticket_id"]: one for one in mine.iter_rows(named=True)}
            held = _Known(order, silent, by_name, newest(self._lake, None, ids, silent), self._urgent(ids))
            self._known = held
        return held

    def _newest(self, which: Which, limit: int, heard: Mapping[str, Any]) -> list[dict[str, Any]]:
        if not self._lake.exists(silver.TICKETS):
            return []
        rows = self._lake.scan(silver.TICKETS).select(COLUMNS).filter(~pl.col("ticket_id").is_in(list(heard)))
        if which == "open":
            rows = rows.filter(pl.col("resolved_at").is_null())
        return rows.sort("created_at", "ticket_id", descending=True).head(limit).collect().to_dicts()

    def _listen(self, inbox: Inbox | None) -> dict[str, dict[str, Any]]:
        """Tickets of the inbox that silver does not hold; from the start when it holds more than before."""
        with self._lock:
            batch = taken_in(self._lake, None) if self._lake.exists(silver.TICKETS) else 0
            if batch != self._at:
                self._at, self._listener, self._heard = batch, Listener(batch), {}
            if inbox is not None:
                said = [row.body.encode() for row in self._listener.new(inbox) if row.kind == "ticket"]
                if said:
                    rows = parse(TICKET, said).rows.select(COLUMNS)
                    self._heard |= {row["ticket_id"]: row for row in rows.iter_rows(named=True)}
            return dict(self._heard)

    def _urgent(self, ids: Sequence[str]) -> dict[str, str]:
        if not ids or not self._lake.exists(ESCALATIONS):
            return {}
        rows = self._lake.scan(ESCALATIONS).filter(pl.col("ticket_id").is_in(list(ids))).select("ticket_id", "reason")
        return dict(rows.collect().iter_rows())
