"""What a worker does about incidents, put together: the lake's time, and signals that no trouble loses."""

from contextlib import closing
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from sqlalchemy import text

from operations.incidents import IncidentStore
from operations.store import open_store
from service.watch import Clock, Watch
from warehouse.contracts import bronze, silver
from warehouse.delta import Lake
from warehouse.settings import Settings

START = datetime(2026, 3, 2, tzinfo=UTC)
WALL = datetime(2026, 11, 21, tzinfo=UTC)
NEWEST = START - timedelta(hours=99) + timedelta(minutes=15 * 399)


def test_the_time_is_that_of_the_newest_event_until_live_ones_come(incident_lake):
    clock = Clock(incident_lake)
    assert clock.now(WALL) == NEWEST

    tickets = incident_lake.read(silver.TICKETS)
    later = tickets.head(1).with_columns(ticket_id=pl.lit("T-new"), created_at=NEWEST + timedelta(days=1))
    incident_lake.merge(silver.TICKETS, later.cast(dict(tickets.schema)))
    assert clock.now(WALL) == NEWEST + timedelta(days=1)

    incident_lake.append(bronze.TICKETS, pl.DataFrame(schema=bronze.TICKETS.schema), progress={"inbox": 1})
    assert clock.now(WALL) == WALL
    assert clock.now(WALL + timedelta(hours=1)) == WALL + timedelta(hours=1)


def test_of_a_lake_without_tickets_the_wall_clock_is_the_time(tmp_path):
    assert Clock(Lake(tmp_path / "empty")).now(WALL) == WALL


@pytest.fixture
def watched(incident_lake):
    """A watch, what it complained of, and its store."""
    settings = Settings(lake_root=incident_lake.root, _env_file=None)
    said: list[str] = []
    with (
        closing(open_store(settings.database_url)) as store,
        Watch(settings, incident_lake, store, lambda: WALL, said.append) as watch,
    ):
        yield watch, said, store


def test_signals_that_a_monitor_handed_over_survive_trouble_with_the_store(watched, told):
    watch, said, store = watched
    store.write(lambda connection: connection.execute(text("ALTER TABLE incident_change RENAME TO gone")))
    assert watch.look(told(0)) == 0
    assert watch.look() == 0
    assert len(said) == 1
    assert "no such table" in said[0]

    store.write(lambda connection: connection.execute(text("ALTER TABLE gone RENAME TO incident_change")))

    assert watch.look() > 0
    assert len(IncidentStore(store).in_states(["open"])) == 1
    assert watch.look() == 0
