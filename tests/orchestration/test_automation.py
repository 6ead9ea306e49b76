"""What starts by itself: the landing sensor and the maintenance job."""

import dagster as dg
import polars as pl
import pytest

from orchestration.jobs import maintain
from orchestration.resources import LakeResource
from orchestration.sensors import landing_sensor
from warehouse.contracts import silver
from warehouse.delta import Lake
from warehouse.landing import digest
from warehouse.settings import settings


@pytest.fixture
def lake_root(tmp_path, monkeypatch):
    """An empty lake that the settings of this process point to."""
    monkeypatch.setenv("LAKE_ROOT", str(tmp_path))
    settings.cache_clear()
    yield tmp_path
    settings.cache_clear()


def test_an_empty_landing_folder_asks_for_nothing(lake_root):
    found = landing_sensor(dg.build_sensor_context())
    assert isinstance(found, dg.SkipReason)


def test_a_dropped_file_asks_for_one_build_under_the_hash_of_its_bytes(lake_root):
    file = lake_root / "landing" / "tickets.json"
    file.parent.mkdir()
    file.write_text('[{"ticket_id": "A"}]')
    settle(file)
    first = landing_sensor(dg.build_sensor_context())
    again = landing_sensor(dg.build_sensor_context())
    assert [request.run_key for request in first.run_requests] == [digest(file)]
    assert [request.run_key for request in again.run_requests] == [digest(file)]


def settle(file):
    """Make the file look as if it had been written a while ago: what is still being written is left alone."""
    import os

    old = file.stat().st_mtime - 60
    os.utime(file, (old, old))


def test_maintenance_merges_files_and_changes_no_row(lake_root):
    lake = Lake(lake_root)
    rows = [{"ticket_id": f"T-{n}", "load_id": "l", "record_hash": "h"} for n in range(4)]
    tickets = pl.DataFrame(rows, schema=silver.TICKETS.schema).with_columns(
        pl.lit("2026-01-01").str.to_datetime(time_unit="us", time_zone="UTC").alias("created_at")
    )
    for number in range(4):
        lake.merge(silver.TICKETS, tickets[number : number + 1])
    before = lake.data_version(silver.TICKETS)
    done = maintain.execute_in_process(resources={"lake": LakeResource()})
    assert done.success
    assert len(lake.open(silver.TICKETS).file_uris()) == 1
    assert lake.data_version(silver.TICKETS) == before
    assert lake.read(silver.TICKETS).sort("ticket_id")["ticket_id"].to_list() == tickets["ticket_id"].to_list()
