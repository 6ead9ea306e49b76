"""Who needs a person now: what came since a build is read once a commit."""

from datetime import UTC, datetime

import polars as pl
import pytest

from ml.anomaly import escalation
from service import pressing
from service.pressing import Pressed
from warehouse.contracts import silver
from warehouse.contracts.anomalies import ESCALATIONS
from warehouse.delta import Lake
from warehouse.table import TIMESTAMP

NOW = datetime(2026, 3, 1, tzinfo=UTC)
HELD = {pl.String: "x", pl.Int64: 1, pl.Boolean: False, TIMESTAMP: NOW}
DOWN, CALM = "Production is down, all our data are lost", "A question about invoices"


@pytest.fixture
def lake(tmp_path):
    lake = Lake(tmp_path / "lake")
    lake.ensure(silver.TICKETS)
    lake.ensure(ESCALATIONS)
    built(lake)
    return lake


@pytest.fixture
def read(monkeypatch):
    """Sizes of what was read for what it says."""
    sizes, before = [], pressing.encoded
    monkeypatch.setattr(pressing, "encoded", lambda rows: sizes.append(rows.height) or before(rows))
    return sizes


def built(lake):
    read = {f"{silver.TICKETS.path}@{escalation.digest()}": lake.data_version(silver.TICKETS)}
    lake.append(ESCALATIONS, [], progress=read)


def put(lake, name, subject, resolved_at=None):
    row = {"ticket_id": name, "created_at": NOW, "subject": subject, "resolved_at": resolved_at}
    needed = {column.name: HELD[column.dtype] for column in silver.TICKETS.columns if column.required}
    lake.merge(silver.TICKETS, pl.DataFrame([{**needed, **row}], schema=silver.TICKETS.schema))


def test_each_commit_is_read_once_and_what_is_resolved_presses_no_more(lake, read):
    pressed = Pressed(lake)
    for number in range(3):
        put(lake, f"T-{number}", DOWN)
        put(lake, f"C-{number}", CALM)
        for _ in range(3):
            assert sorted(pressed.of(["T-0"])) == [f"T-{n}" for n in range(number + 1)]
    assert read == [2, 2, 2]
    assert pressed.of(["T-0"])["T-0"][1] == ["system_down", "data_loss"]

    put(lake, "T-1", DOWN, NOW)
    put(lake, "T-2", CALM)
    assert sorted(pressed.of(["T-0"])) == ["T-0"]


def test_after_a_build_what_it_found_stands(lake, read):
    pressed = Pressed(lake)
    put(lake, "T-0", DOWN)
    assert "T-0" in pressed.of(["T-0"])
    built(lake)
    assert pressed.of(["T-0"]) == {}
    assert read == [1]


def test_before_the_first_build_nothing_presses(tmp_path):
    lake = Lake(tmp_path / "lake")
    assert Pressed(lake).of(["T-0"]) == {}
