"""The wall clock steps back: nothing is lost, doubled or told in another order; what waits for a time waits for it."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from ml.anomaly.signals import signals
from operations import drain as drains
from operations.events import CATALOGUE, EventsRefused
from operations.inbox import Inbox
from operations.incidents import IncidentStore
from operations.outbox import Delivery, Outbox, put
from operations.store import Store
from service.incidents import Keeper
from warehouse.contracts import silver
from warehouse.contracts.anomalies import SIGNALS
from warehouse.delta import Lake
from warehouse.refine import refine

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def say() -> Callable[..., bytes]:
    def event(key: str, at: datetime, type_: str = "TicketReopened", **payload: object) -> bytes:
        said = {"type": type_, "version": 1, "event_time": at.isoformat(), "actor": {"kind": "agent", "id": "A"}}
        return json.dumps({**said, "ticket_id": "T-1", "idempotency_key": key, "payload": payload}).encode()

    return event


def test_events_heard_after_the_clock_went_back_are_folded_by_when_they_happened(
    store: Store, tmp_path: Path, say: Callable[..., bytes]
) -> None:
    inbox, lake = Inbox(store), Lake(tmp_path / "lake")
    opened = say("e-0", NOW - 5 * HOUR, "TicketOpened", subject="help")
    reopened = say("e-1", NOW - HOUR)
    resolved = say("e-2", NOW - 2 * HOUR, "TicketResolved", resolution="restart")
    for content, received in ((opened, NOW), (reopened, NOW), (resolved, NOW - HOUR), (reopened, NOW - HOUR)):
        inbox.append([event.entry() for event in CATALOGUE.accept(content, received)])
        drains.drain(inbox, lake)
        refine(lake)

    assert [row.idempotency_key for row in inbox.since(0, 0)] == ["e-0", "e-1", "e-2"]
    assert lake.read(silver.EVENTS).sort("event_id")["event_id"].to_list() == ["e-0", "e-1", "e-2"]
    assert lake.read(silver.TICKETS)["resolved_at"].to_list() == [None]


def test_what_happened_within_the_last_day_is_still_taken_by_a_clock_that_is_behind(say: Callable[..., bytes]) -> None:
    behind = NOW - 3 * HOUR

    (taken,) = CATALOGUE.accept(say("e-1", NOW), behind)

    assert (taken.event_time, taken.received_time) == (NOW, behind)
    with pytest.raises(EventsRefused, match="expected a time that is past"):
        CATALOGUE.accept(say("e-1", NOW), NOW - timedelta(days=2))


def test_a_delivery_waits_until_the_clock_is_there_again_and_is_claimed_once(store: Store) -> None:
    outbox = Outbox(store)
    one = Delivery(outbox_key="k", receiver="r", kind="k", payload="{}", made_at=NOW)
    store.write(lambda connection: put(connection, [one]))

    assert outbox.claim(["r"], NOW - HOUR, NOW, 10) == []
    assert [due.outbox_key for due in outbox.claim(["r"], NOW, NOW + HOUR, 10)] == ["k"]
    assert outbox.claim(["r"], NOW - HOUR, NOW, 10) == []


def test_incidents_do_not_go_back_in_time(store: Store, tmp_path: Path) -> None:
    lake, kept = Lake(tmp_path / "lake"), IncidentStore(store)

    def tell(at: datetime) -> None:
        row = {
            "kind": "volume", "dimension": "version", "series": "Export 3.3", "window_start": at,
            "window_end": at + HOUR, "known_at": at, "name": "Export 3.3", "observed": 8.0, "expected": 2.0,
            "upper": 5.0, "effect": 4.0, "p": 1e-9, "entities": ["Version:Export 3.3"],
            "ticket_ids": [f"T-{at:%H}-{n}" for n in range(8)],
        }  # fmt: skip
        lake.merge(SIGNALS, signals(pl.DataFrame([row])))

    keeper = Keeper(lake, kept, false_a_year=2.0)
    tell(NOW - 3 * HOUR)
    keeper.look(NOW, NOW)
    tell(NOW - 2 * HOUR)
    keeper.look(NOW - HOUR, NOW - HOUR)

    assert kept.turn().clock == NOW
    changes = kept.changes(0, 100)
    assert [one.change_key for one in changes] == sorted({one.change_key for one in changes})
    said = [row for row in Inbox(store).since(0, 0) if row.kind == "event"]
    assert [json.loads(row.body)["type"] for row in said] == ["IncidentOpened"]
    assert CATALOGUE.read(said[0].body).payload.name == "Export 3.3"
