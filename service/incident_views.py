"""Incidents and signals as people look at them."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Literal

import msgspec
import polars as pl

from ml.anomaly.evidence import Cause
from ml.anomaly.incident import SHOWN, Incident, Signal
from operations.incident_rows import Note
from operations.incidents import IncidentStore
from service.incident_bodies import Summary, evidence_of, incidents_of, summary
from service.incident_evidence import Evidence, Suggested
from warehouse.contracts.anomalies import SIGNALS, VOLUME
from warehouse.contracts.search import PROBLEMS
from warehouse.errors import NotMaterialized
from warehouse.reading import Tables

COUNTED = ("volume", "trend")
MOST_SERIES, MOST_POINTS = 3, 400
BEFORE: Mapping[str, timedelta] = {"hour": timedelta(days=5), "day": timedelta(days=60)}
"""What is shown of a series before its first signal."""
STEP = {"hour": "1h", "day": "1d"}


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """One window of a series. `upper`: what so many tickets exceed only by chance of one in a hundred.

    The table has no row of a window without tickets in which hardly any were expected: it is shown with none.
    """

    at: datetime
    tickets: float
    expected: float | None
    upper: float | None
    alarm: bool


class Series(msgspec.Struct, frozen=True, kw_only=True):
    """A series of counts with what was expected; `source` is the table, or `signals` where nothing else is there."""

    dimension: str
    series: str
    frequency: str
    source: str
    points: list[Point]


class Example(msgspec.Struct, frozen=True, kw_only=True):
    """A ticket to read; `title` is redacted."""

    ticket_id: str
    title: str | None


class Decided(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody decided, and what became of that."""

    action: str
    who: str
    reason: str | None
    incident_id: str
    into: str | None
    made_at: datetime
    state: Literal["waiting", "carried out", "refused"]
    refused: str | None


class View(msgspec.Struct, frozen=True, kw_only=True):
    """Everything about one incident. `missing` says why no solution is suggested."""

    incident: Summary
    signals: list[Signal]
    causes: list[Cause]
    examples: list[Example]
    solution: Suggested | None
    missing: str | None
    series: list[Series]
    notes: list[Decided]


def cursor(at: datetime, name: str) -> str:
    """Where a page ended."""
    return urlsafe_b64encode(f"{at.isoformat()}|{name}".encode()).decode().rstrip("=")


def place(cursor: str) -> tuple[datetime, str]:
    """The place that a cursor stands for. Raises `ValueError`."""
    at, _, name = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode().partition("|")
    found = datetime.fromisoformat(at)
    if found.tzinfo is None or not name.isprintable():
        raise ValueError(cursor)
    return found.astimezone(UTC), name


def ready(lake: Tables, store: IncidentStore) -> None:
    """Raises `NotMaterialized` where nothing was ever watched."""
    if not lake.exists(SIGNALS) and store.last_change() == 0:
        raise NotMaterialized(SIGNALS.path)


def anomalies(
    lake: Tables,
    by: Mapping[str, str | None],
    known: tuple[datetime | None, datetime | None],
    limit: int,
    after: tuple[datetime, str] | None,
) -> tuple[list[Signal], str | None]:
    """Signals, the newest first, and where the next page begins; `known` is from when (with) to when (without).

    Raises `NotMaterialized`.
    """
    first, last = known
    at, name = pl.col("known_at"), pl.col("signal_id")
    held = [pl.col(column) == value for column, value in by.items() if value is not None]
    held += [] if first is None else [at >= first]
    held += [] if last is None else [at < last]
    held += [] if after is None else [(at < after[0]) | ((at == after[0]) & (name < after[1]))]
    rows = lake.scan(SIGNALS).filter(*held) if held else lake.scan(SIGNALS)
    page = rows.sort("known_at", "signal_id", descending=True).head(limit + 1).collect()
    found = [msgspec.convert(row, Signal) for row in page.head(limit).iter_rows(named=True)]
    return found, cursor(found[-1].known_at, found[-1].signal_id) if page.height > limit else None


def listed(
    store: IncidentStore, states: Collection[str], limit: int, after: tuple[datetime, str] | None
) -> tuple[list[Summary], str | None]:
    """Incidents, the newest first, and where the next page begins."""
    rows = store.page(states or SHOWN, limit + 1, after)
    page = rows[:limit]
    found = [
        summary(one, evidence_of(row))
        for row, one in zip(page, incidents_of(page, store.signals(row.incident_id for row in page)), strict=True)
    ]
    return found, cursor(page[-1].first_at, page[-1].incident_id) if len(rows) > limit else None


def view(lake: Tables, store: IncidentStore, incident_id: str) -> View | None:
    """One incident; None where none of that name is shown."""
    rows = [row for row in store.find([incident_id]) if row.state in SHOWN]
    if not rows:
        return None
    (incident,) = incidents_of(rows, store.signals([incident_id]))
    evidence = evidence_of(rows[0])
    return View(
        incident=summary(incident, evidence),
        signals=list(incident.signals),
        causes=list(evidence.causes),
        examples=_examples(lake, evidence),
        solution=evidence.solution,
        missing=evidence.missing,
        series=_series(lake, incident),
        notes=[_decided(note) for note in store.notes(incident_id)],
    )


def _examples(lake: Tables, evidence: Evidence) -> list[Example]:
    titles: dict[str, str | None] = {}
    if evidence.example_tickets and lake.exists(PROBLEMS):
        mine = pl.col("ticket_id").is_in(list(evidence.example_tickets))
        titles = dict(lake.scan(PROBLEMS).filter(mine).select("ticket_id", "title").collect().iter_rows())
    return [Example(ticket_id=one, title=titles.get(one) or None) for one in evidence.example_tickets]


def _series(lake: Tables, incident: Incident) -> list[Series]:
    """The series that most of its signals are about."""
    own: dict[tuple[str, str, str], list[Signal]] = {}
    for one in incident.signals:
        if one.kind in COUNTED:
            frequency = "day" if one.window_end - one.window_start >= timedelta(days=1) else "hour"
            own.setdefault((one.dimension, one.series, frequency), []).append(one)
    first = sorted(own, key=lambda key: (-len(own[key]), key))[:MOST_SERIES]
    return [_points(lake, key, own[key]) for key in first]


def _points(lake: Tables, key: tuple[str, str, str], signals: Sequence[Signal]) -> Series:
    dimension, series, frequency = key
    start = min(one.window_start for one in signals) - BEFORE[frequency]
    end = max(one.window_end for one in signals) + (BEFORE[frequency] / 5)
    points, source = [], VOLUME.path
    if lake.exists(VOLUME):
        rows = lake.scan(VOLUME).filter(dimension=dimension, series=series, frequency=frequency)
        rows = rows.filter(pl.col("window_start").is_between(start, end)).sort("window_start").tail(MOST_POINTS)
        named = rows.select("tickets", "expected", "upper", "alarm", at="window_start").collect()
        whole = named.upsample("at", every=STEP[frequency]) if named.height else named
        whole = whole.with_columns(pl.col("tickets").fill_null(0.0), pl.col("alarm").fill_null(value=False))
        points = [msgspec.convert(row, Point) for row in whole.iter_rows(named=True)]
    if not points:
        source = "signals"
        points = [
            Point(at=one.window_start, tickets=one.observed, expected=one.expected, upper=one.upper, alarm=True)
            for one in sorted(signals, key=lambda signal: signal.window_start)[-MOST_POINTS:]
        ]
    return Series(dimension=dimension, series=series, frequency=frequency, source=source, points=points)


def _decided(note: Note) -> Decided:
    carried_out: Literal["carried out", "refused"] = "refused" if note.refused else "carried out"
    return Decided(
        action=note.action,
        who=note.who,
        reason=note.reason,
        incident_id=note.incident_id,
        into=note.merge_into,
        made_at=note.made_at,
        state="waiting" if note.settled_at is None else carried_out,
        refused=note.refused,
    )
