"""The mirror of incidents, over a real lake and a real store."""

from contextlib import closing
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from ml.anomaly.signals import signals
from operations.incidents import IncidentStore
from operations.store import open_store
from orchestration.defs.incidents import follow
from service.incident_table import markdown
from service.incidents import Keeper
from warehouse.contracts.anomalies import INCIDENTS, SIGNALS
from warehouse.delta import Lake

START = datetime(2026, 3, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def lake(tmp_path):
    made = Lake(tmp_path / "lake")
    made.ensure(INCIDENTS)
    return made


@pytest.fixture
def store(tmp_path):
    with closing(open_store(f"sqlite:///{tmp_path / 'store.db'}")) as opened:
        yield IncidentStore(opened)


def told(hour, series="Export 3.3", p=1e-9):
    row = {
        "kind": "volume", "dimension": "version", "series": series, "window_start": START + hour * HOUR,
        "window_end": START + (hour + 1) * HOUR, "known_at": START + hour * HOUR, "name": f"{series} | <b>",
        "observed": 8.0, "expected": 2.0, "upper": 5.0, "effect": 4.0, "p": p, "entities": [f"Version:{series}"],
        "ticket_ids": [f"T-{series}-{hour}-{n}" for n in range(30)],
    }  # fmt: skip
    return signals(pl.DataFrame([row]))


def test_the_mirror_follows_what_changed_and_nothing_else(lake, store):
    keeper = Keeper(lake, store, false_a_year=2.0)
    assert follow(lake, store) == 0
    lake.merge(SIGNALS, pl.concat([told(0), told(0, "Import 1.0"), told(0, "Weak 1.0", p=9e-3)]))
    keeper.look(START + HOUR, START + HOUR)
    assert follow(lake, store) == 2
    assert follow(lake, store) == 0
    before = lake.version(INCIDENTS)

    lake.merge(SIGNALS, told(1))
    keeper.look(START + 2 * HOUR, START + 2 * HOUR)
    assert follow(lake, store) == 1

    rows = lake.read(INCIDENTS).sort("tickets")
    assert rows["tickets"].to_list() == [30, 60]
    assert rows["signals"].to_list() == [1, 2]
    assert rows["state"].to_list() == ["open", "open"]
    assert rows["ticket_ids"].list.len().to_list() == [20, 20]
    assert lake.version(INCIDENTS) == before + 1


def test_a_store_that_began_anew_is_taken_whole(lake, store, tmp_path):
    keeper = Keeper(lake, store, false_a_year=2.0)
    for hour in range(3):
        lake.merge(SIGNALS, told(hour))
        keeper.look(START + hour * HOUR, START + hour * HOUR)
    follow(lake, store)
    other_lake = Lake(tmp_path / "other")
    other_lake.merge(SIGNALS, told(0, "Import 1.0"))
    with closing(open_store(f"sqlite:///{tmp_path / 'new.db'}")) as opened:
        anew = IncidentStore(opened)
        Keeper(other_lake, anew, false_a_year=2.0).look(START + HOUR, START + HOUR)
        follow(lake, anew)

    assert lake.read(INCIDENTS)["name"].to_list() == ["Import 1.0 | <b>"]


def test_the_list_for_people_is_a_table_whatever_names_hold(lake, store):
    lake.merge(SIGNALS, told(0))
    Keeper(lake, store, false_a_year=2.0).look(START + HOUR, START + HOUR)
    follow(lake, store)

    lines = markdown(lake.read(INCIDENTS)).splitlines()

    assert len(lines) == 3
    assert "Export 3.3 \\| &lt;b>" in lines[2]
