"""Volume and signals as assets of a built lake: scanned once, again where tickets came late, and told."""

import json
from datetime import timedelta

import polars as pl

from ml.anomaly import volume
from orchestration.defs.signals import DETECTORS, follow
from orchestration.defs.volume import DAY, due, scanned
from orchestration.jobs import after
from warehouse.contracts import silver
from warehouse.contracts.anomalies import SIGNALS, VOLUME
from warehouse.delta import Lake


def test_a_build_scans_every_day_and_a_second_one_none(built_once):
    root, done = built_once
    lake = Lake(root)
    rows, tickets = lake.read(VOLUME), lake.read(silver.TICKETS)
    first = volume.midnight(tickets["created_at"].min()) + volume.HISTORY
    every = rows.filter(pl.col("dimension") == "all", pl.col("frequency") == "hour")

    assert every["tickets"].sum() == tickets.filter(pl.col("created_at") >= first).height
    assert due(lake) is None
    assert [name for name, _ in after("build", root)] == ["tell"]
    built = [item["asset"] for item in json.loads(done.stdout.splitlines()[-1])["built"]]
    assert built.count("anomalies/volume") == 1
    assert "anomalies/signals" in built
    assert (root / "reports" / "anomalies" / "volume.svg").exists()


def test_a_late_ticket_has_its_days_scanned_again(built):
    lake = Lake(built)
    newest = lake.read(silver.TICKETS).sort("created_at").tail(1)
    at = newest["created_at"][0] - timedelta(days=9)
    lake.merge(silver.TICKETS, newest.with_columns(ticket_id=pl.lit("T-LATE"), created_at=pl.lit(at)))

    span = due(lake)
    assert span is not None
    assert span[0] == volume.midnight(at)
    assert scanned(lake, *span) > 0
    assert due(lake) is None
    assert scanned(lake, *span) == 0
    (name, tags), *_ = after("build", built)
    assert name == "tell"
    assert tags == {}


def test_a_burst_becomes_signals_that_go_with_it(built):
    lake = Lake(built)
    newest = lake.read(silver.TICKETS).sort("created_at").tail(1)
    day = volume.midnight(newest["created_at"][0]) - DAY
    burst = pl.concat([newest] * 40).with_columns(
        ticket_id=pl.format("T-B{}", pl.int_range(40)),
        created_at=pl.lit(day) + pl.duration(hours=10, minutes=pl.int_range(40)),
        subcategory=pl.lit("Export"),
        category=pl.lit("Technical Issue"),
    )
    lake.merge(silver.TICKETS, burst.cast(silver.TICKETS.schema))
    span = due(lake)
    assert span is not None
    scanned(lake, *span)
    follow(lake, DETECTORS[0])
    found = lake.read(SIGNALS).filter(pl.col("window_start") >= day)
    assert {"volume"} <= set(found["kind"])
    assert any("T-B" in ticket for tickets in found["ticket_ids"] for ticket in tickets)

    lake.delete(silver.TICKETS, burst.select("ticket_id"))
    scanned(lake, *span)
    follow(lake, DETECTORS[0])
    gone = lake.read(SIGNALS).filter(pl.col("signal_id").is_in(found["signal_id"].implode()))
    assert not any("T-B" in ticket for tickets in gone["ticket_ids"] for ticket in tickets)
