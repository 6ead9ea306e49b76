"""The audit runs before anything is trained, and again only when there is enough that is new."""

from datetime import UTC, datetime, timedelta

import dagster as dg
import numpy as np
import polars as pl
import pytest

from orchestration.definitions import defs
from orchestration.defs.audit import REPORT, Auditing, due, run
from warehouse.contracts import silver
from warehouse.contracts.audit import COLUMNS, TABLES, TARGETS
from warehouse.delta import Lake

START = datetime(2026, 1, 1, tzinfo=UTC)
WORDS = {"Login": "password locked screen", "Billing": "invoice amount wrong"}


def made(numbers):
    """Closed tickets an hour apart whose words tell the category."""
    names = ("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "sigma")
    rows = []
    for n in numbers:
        rng = np.random.default_rng(n)
        category = str(rng.choice(list(WORDS)))
        rows.append(
            {
                "ticket_id": f"T-{n:04d}",
                "created_at": START + timedelta(hours=n),
                "updated_at": START + timedelta(hours=n + 5),
                "resolved_at": START + timedelta(hours=n + 5),
                "customer_id": f"C-{n % 90}",
                "category": category,
                "subject": " ".join(rng.choice(names, 4)),
                "description": f"{' '.join(rng.choice(names, 12))} {WORDS[category]}",
                "load_id": "load",
                "record_hash": f"{n:032d}",
            }
        )
    return pl.DataFrame(rows, schema=silver.TICKETS.schema)


@pytest.fixture
def lake(tmp_path):
    lake = Lake(tmp_path / "lake")
    lake.merge(silver.TICKETS, made(range(400)))
    for table in TABLES:
        lake.ensure(table)
    return lake


def test_the_audit_is_done_once_and_again_when_tickets_grew_or_it_is_asked_otherwise(lake):
    assert due(lake, Auditing())
    run(lake, Auditing())
    before = [lake.version(table) for table in TABLES]
    assert not due(lake, Auditing())
    assert due(lake, Auditing(seed=8))
    lake.merge(silver.TICKETS, made(range(400, 430)))
    assert not due(lake, Auditing())
    assert [lake.version(table) for table in TABLES] == before
    lake.merge(silver.TICKETS, made(range(430, 460)))
    assert due(lake, Auditing())
    run(lake, Auditing())
    assert not due(lake, Auditing())


def test_what_can_be_learned_stands_in_the_tables_and_in_the_report(lake):
    run(lake, Auditing())
    verdicts = dict(lake.read(TARGETS).select("target", "verdict").iter_rows())
    assert verdicts["category"] == "learnable"
    assert verdicts["severity"] == "nothing to learn"
    assert lake.read(COLUMNS).height > 20
    assert "category: learnable" in (lake.root / REPORT / "README.md").read_text(encoding="utf-8")


def test_a_lake_without_tickets_needs_no_audit(tmp_path):
    lake = Lake(tmp_path / "lake")
    for table in TABLES:
        lake.ensure(table)
    assert not due(lake, Auditing())


def test_every_verdict_is_there_before_training_begins():
    graph = defs.resolve_asset_graph()
    assert dg.AssetKey(TARGETS.key) in graph.get(dg.AssetKey(["models", "category_baseline"])).parent_keys
