"""What an incident is made of, and what is told of it."""

from collections.abc import Iterator
from datetime import datetime
from hashlib import blake2b
from typing import Literal

import msgspec
import polars as pl

from warehouse.contracts.anomalies import SIGNALS

State = Literal["forming", "open", "calm", "closed", "dismissed", "merged", "lapsed"]
"""`forming` and `lapsed` are nobody's business: signals too weak to be shown, and those that stayed so."""
Severity = Literal["low", "medium", "high", "critical"]
Change = Literal["opened", "grew", "updated", "reopened", "calmed", "closed", "acknowledged", "dismissed", "merged"]
SHOWN: tuple[State, ...] = ("open", "calm", "closed", "dismissed", "merged")
LIVE: tuple[State, ...] = ("forming", "open", "calm")


class Signal(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `anomalies/signals`."""

    signal_id: str
    kind: str
    dimension: str
    series: str
    window_start: datetime
    window_end: datetime
    known_at: datetime
    name: str
    observed: float
    expected: float | None
    upper: float | None
    effect: float | None
    p: float
    score: float
    entities: tuple[str, ...]
    ticket_ids: tuple[str, ...]

    @property
    def order(self) -> tuple[datetime, str]:
        """What signals are sorted by, so that the order in which they come says nothing."""
        return self.known_at, self.signal_id


class Incident(msgspec.Struct, frozen=True, kw_only=True):
    """Signals that belong together, in their order.

    `a_year` is how often chance alone would look like it, `probability` that it is real; `first_at` and `last_at` are
    when its first and newest signal could be known, `told_tickets` how large it was when people last heard of it.
    """

    incident_id: str
    state: State
    severity: Severity
    probability: float
    a_year: float
    name: str
    kinds: tuple[str, ...]
    first_at: datetime
    last_at: datetime
    changed_at: datetime
    closed_at: datetime | None = None
    acknowledged_by: str | None = None
    merged_into: str | None = None
    reason: str | None = None
    tickets: int = 0
    customers: int = 0
    monthly_value: float | None = None
    told_tickets: int = 0
    revision: int = 1
    signals: tuple[Signal, ...] = ()

    @property
    def ticket_ids(self) -> tuple[str, ...]:
        """Its tickets, each once, those of the newest signals first."""
        return tuple(dict.fromkeys(ticket for one in reversed(self.signals) for ticket in one.ticket_ids))

    @property
    def entities(self) -> tuple[str, ...]:
        """Nodes of the graph that its signals name, those that most of them name first."""
        named: dict[str, int] = {}
        for one in self.signals:
            for entity in one.entities:
                named[entity] = named.get(entity, 0) + 1
        return tuple(sorted(named, key=lambda entity: (-named[entity], entity)))


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """A change of an incident, with the incident right after it."""

    change: Change
    at: datetime
    incident: Incident


def incident_id(first: Signal) -> str:
    """The name of the incident that this signal begins."""
    return f"INC-{blake2b(first.signal_id.encode(), digest_size=8).hexdigest()}"


def signals_of(rows: pl.DataFrame) -> Iterator[Signal]:
    """Rows of `anomalies/signals` as objects."""
    for row in rows.select(SIGNALS.schema.names()).iter_rows(named=True):
        yield msgspec.convert(row, Signal)
