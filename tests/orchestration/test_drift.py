"""Drift follows what it compares: each window once, and again where its rows changed."""

import polars as pl
import pytest

from orchestration.defs import drift
from orchestration.defs.features import follow_tickets
from orchestration.defs.understanding import NAMES
from warehouse.contracts import silver
from warehouse.contracts.anomalies import DRIFT
from warehouse.contracts.predictions import TICKETS
from warehouse.purge import purge
from warehouse.releases import open_release


@pytest.fixture
def watched(learned):
    found = {name.split("/")[1]: part for name, part in open_release(learned.root).artifacts.items()}
    return drift.Watched.of(found["encoder"], {name: found.get(name) for name in NAMES})


def test_a_learned_lake_has_been_compared_with_what_its_champions_were_made_from(learned, watched):
    rows = learned.read(DRIFT)
    since = min(one.validation_from for one in watched.learned.values())

    assert {"input", "embedding", "prediction", "quality"} >= set(rows["part"]) >= {"input", "embedding"}
    assert rows["day"].min() > since
    assert rows["rows"].min() >= 100
    assert rows.filter(pl.col("drifted") != (pl.col("p") <= 0.01)).is_empty()
    assert (learned.root / drift.REPORT / "inputs.html").stat().st_size > 100_000
    assert (learned.root / drift.REPORT / "history.svg").exists()


def test_nothing_new_costs_nothing_and_a_new_ticket_only_its_windows(learned, watched):
    version = learned.version(DRIFT)
    assert drift.watch(learned, watched) == 0
    assert learned.version(DRIFT) == version
    newest = learned.read(silver.TICKETS).sort("created_at").tail(1)
    new = newest.with_columns(ticket_id=pl.lit("NEW-1"), resolved_at=pl.lit(None, pl.Datetime("us", "UTC")))
    before = learned.read(DRIFT)
    learned.merge(silver.TICKETS, new)
    follow_tickets(learned)

    names = before.filter(part="input")["name"].n_unique()
    assert drift.watch(learned, watched) == names
    changed = learned.read(DRIFT).join(before, on=before.columns, how="anti")
    assert set(changed["day"]) <= {newest["created_at"].dt.date().item()}
    assert set(changed["rows"]) == {before.filter(pl.col("day") == before["day"].max(), part="input")["rows"][0] + 1}


def test_what_an_erasure_took_the_changes_of_is_compared_as_a_whole(learned, watched):
    rows = learned.read(TICKETS)
    learned.merge(TICKETS, rows.with_columns(label=pl.col("label") + "?"))
    learned.merge(TICKETS, rows)
    purge(learned, TICKETS)
    before = learned.read(DRIFT)

    drift.watch(learned, watched)

    assert learned.read(DRIFT).sort(DRIFT.primary_key).equals(before.sort(DRIFT.primary_key))
