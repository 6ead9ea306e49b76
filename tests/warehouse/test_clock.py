"""The business clock: the newest event until live ones have arrived, then the wall clock."""

import json
from datetime import UTC, datetime

import pytest

from operations import drain as drains
from operations.events import CATALOGUE
from operations.inbox import Inbox
from operations.store import open_store
from warehouse import landing
from warehouse.clock import as_of
from warehouse.refine import refine

NOW = datetime(2026, 7, 1, tzinfo=UTC)
HEARD = datetime(2026, 6, 1, 12, tzinfo=UTC)
SEEN = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def recorded(lake, make, tmp_path):
    file = tmp_path / "tickets.jsonl"
    file.write_text(json.dumps(make(1, created_at=SEEN.isoformat(), updated_at=None, resolved_at=None)))
    landing.land(lake, file, now=HEARD)
    refine(lake)
    return lake


def hear(lake, type_, payload, ticket_id):
    event = {
        "type": type_,
        "version": 1,
        "event_time": HEARD.isoformat(),
        "actor": {"kind": "agent", "id": "A-7"},
        "ticket_id": ticket_id,
        "idempotency_key": f"{type_} {ticket_id}",
        "payload": payload,
    }
    store = open_store(f"sqlite:///{lake.root / 'store.db'}")
    Inbox(store).append([one.entry() for one in CATALOGUE.accept(json.dumps(event).encode(), HEARD)])
    drains.drain(Inbox(store), lake)
    store.close()
    refine(lake)


def test_before_anything_live_it_is_the_newest_event(recorded):
    assert as_of(recorded, NOW) == SEEN


def test_an_event_that_happened_to_a_ticket_makes_it_the_wall_clock(recorded):
    hear(recorded, "MessageAdded", {"text": "It still stops."}, "T-1")

    assert as_of(recorded, NOW) == NOW


def test_an_edit_of_the_policy_moves_no_clock(recorded):
    hear(recorded, "PolicyChanged", {"decision": "automate", "precision": 0.9}, "*")

    assert as_of(recorded, NOW) == SEEN
