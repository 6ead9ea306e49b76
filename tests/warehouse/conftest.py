"""Records as exports write them, and a lake to take them in."""

import json
from datetime import UTC, datetime

import pytest

from warehouse.delta import Lake
from warehouse.ingest import ingest

NOW = datetime(2026, 7, 1, tzinfo=UTC)


@pytest.fixture
def lake(tmp_path):
    """An empty lake."""
    return Lake(tmp_path / "lake")


@pytest.fixture(scope="session")
def make():
    """`make(number, **changes)`: a ticket record."""

    def ticket(number, **changes):
        record = {
            "ticket_id": f"T-{number:05d}",
            "created_at": "2026-03-01T10:00:00Z",
            "updated_at": "2026-03-02T10:00:00Z",
            "subject": f"subject {number}",
            "description": 'words of a customer, with a brace }, { and "quotes"',
            "previous_tickets": number % 7,
            "escalated": False,
            "resolution_time_hours": 1.5,
            "tags": ["a", "b"],
        }
        return {name: value for name, value in {**record, **changes}.items() if value is not ...}

    return ticket


@pytest.fixture
def take(lake, tmp_path):
    """`take(records)`: write JSON lines and ingest them; bytes are written as they are."""

    def run(records, name="tickets.jsonl"):
        lines = [record if isinstance(record, bytes) else json.dumps(record).encode() for record in records]
        file = tmp_path / name
        file.write_bytes(b"\n".join(lines) + b"\n")
        return ingest(lake, file, now=NOW)

    return run
