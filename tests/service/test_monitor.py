"""Tickets that come into the inbox: what they make known is said at the deciding one, and becomes an incident."""

from datetime import UTC, datetime, timedelta

import msgspec
import polars as pl
import pytest

from operations.entries import Entry
from operations.inbox import Inbox
from service.incidents import Keeper
from service.monitor import Monitor
from warehouse.contracts import silver
from warehouse.delta import Lake

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
NOW = MONDAY + timedelta(days=2, hours=10)


def ticket(name, at, product="Alpha", subcategory="Export"):
    return {
        "ticket_id": name,
        "created_at": at.isoformat(),
        "customer_id": f"C-{name}",
        "product": product,
        "product_version": "2.0",
        "category": "Technical Issue",
        "subcategory": subcategory,
        "subject": "it stops",
        "description": "the export stops half-way",
    }


@pytest.fixture
def lake(tmp_path):
    """Four weeks before that Monday: a ticket each hour, of one of six kinds."""
    lake = Lake(tmp_path / "lake")
    times = [MONDAY - timedelta(weeks=4) + timedelta(hours=hour) for hour in range(24 * 28)]
    kinds = [(product, what) for product in ("Alpha", "Beta", "Gamma") for what in ("Export", "Login")]
    rows = [ticket(f"T-{n}", at, *kinds[n % len(kinds)]) for n, at in enumerate(times)]
    times = pl.col("created_at").str.to_datetime(time_unit="us", time_zone="UTC")
    frame = pl.DataFrame(rows).with_columns(times, load_id=pl.lit("L"))
    missing = [pl.lit(None, dtype).alias(name) for name, dtype in silver.TICKETS.schema.items() if name not in frame]
    whole = frame.with_columns(missing).select(silver.TICKETS.schema.names())
    lake.merge(silver.TICKETS, whole.cast(silver.TICKETS.schema))
    return lake


@pytest.fixture
def post(store):
    """`post(tickets)`: into the inbox, as the API does."""
    inbox = Inbox(store)

    def into(tickets):
        inbox.append(
            [
                Entry(
                    kind="ticket",
                    idempotency_key=one["ticket_id"],
                    ticket_id=one["ticket_id"],
                    body=msgspec.json.encode(one).decode(),
                    received_at=NOW,
                )
                for one in tickets
            ]
        )
        return inbox

    return into


def test_the_deciding_ticket_is_told_when_it_comes_and_not_before(lake, post, store):
    monitor = Monitor(lake, false_incidents_a_year=2.0)
    assert monitor.look(Inbox(store)) is None
    found = []
    for number in range(25):
        inbox = post([ticket(f"N-{number}", NOW + timedelta(minutes=number))])
        heard = monitor.look(inbox)
        found.append([] if heard is None else heard["series"].to_list())

    first = next(place for place, names in enumerate(found) if names)
    assert 2 <= first <= 12
    assert "Alpha / Export" in {name for names in found for name in names}
    assert monitor.look(inbox) is None


def test_what_is_heard_becomes_an_incident_with_its_tickets(lake, post, store, incident_store):
    monitor, keeper = Monitor(lake, false_incidents_a_year=2.0), Keeper(lake, incident_store, false_a_year=2.0)
    inbox = post([ticket(f"N-{number}", NOW + timedelta(minutes=number)) for number in range(30)])

    assert keeper.look(NOW, NOW, monitor.look(inbox)) > 0
    (row,) = incident_store.in_states(["open"])
    held = incident_store.signals([row.incident_id])
    assert held
    assert keeper.look(NOW, NOW, monitor.look(inbox)) == 0


def test_an_ordinary_hour_is_silent(lake, post):
    monitor = Monitor(lake, false_incidents_a_year=2.0)
    inbox = post([ticket("N-1", NOW, "Beta", "Login"), ticket("N-2", NOW + timedelta(hours=1), "Gamma", "Export")])
    heard = monitor.look(inbox)

    assert heard is not None
    assert heard.is_empty()


def test_an_empty_lake_hears_and_says_nothing(tmp_path, post):
    heard = Monitor(Lake(tmp_path / "none"), false_incidents_a_year=2.0).look(post([ticket("N-1", NOW)]))
    assert heard is not None
    assert heard.is_empty()
