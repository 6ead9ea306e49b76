"""Tickets as the audit reads them: typed rows of simulated files and of the customers' sample."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

import simulator
from ml.audit import audit
from warehouse.contracts import silver
from warehouse.delta import Lake
from warehouse.ingest import ingest

SAMPLE = Path(__file__).parents[4] / "shared" / "data" / "tickets-sample.json.gz"


def typed(file, folder):
    lake = Lake(folder / "lake")
    ingest(lake, file, now=datetime(2026, 12, 1, tzinfo=UTC))
    return lake.read(silver.TICKETS)


@pytest.fixture(scope="session")
def make_simulated(tmp_path_factory):
    """`make_simulated(mode, tickets)`: rows of `silver/tickets`."""

    def make(mode, tickets):
        folder = tmp_path_factory.mktemp(mode)
        simulator.simulate(mode, tickets, 180, 5, folder / "tickets.jsonl")
        return typed(folder / "tickets.jsonl", folder)

    return make


@pytest.fixture(scope="session")
def original(make_simulated):
    """Tickets of ten templates, whose other labels are drawn."""
    return make_simulated("original", 2_500)


@pytest.fixture(scope="session")
def realistic(make_simulated):
    """Freshly worded tickets in eight languages."""
    return make_simulated("realistic", 3_000)


@pytest.fixture(scope="session")
def original_audit(original):
    return audit(original, seed=7)


@pytest.fixture(scope="session")
def realistic_audit(realistic):
    return audit(realistic, seed=7)


@pytest.fixture(scope="session")
def sample_audit(tmp_path_factory):
    """The audit of the customers' sample."""
    if not SAMPLE.exists():
        pytest.skip(f"the customers' sample is not at {SAMPLE}")
    return audit(typed(SAMPLE, tmp_path_factory.mktemp("sample")), seed=7)
