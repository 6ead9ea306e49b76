"""A customer with unmistakable words in every field is erased from a built lake: no byte of them is left."""

import json
import sqlite3
from contextlib import closing

import polars as pl
import pytest

from warehouse import leftovers, tombstones
from warehouse.contracts import silver
from warehouse.contracts.search import PROBLEMS
from warehouse.delta import Lake

MARKS = ("zxqv", "Zxqv", "ZXQV")
FIELDS = ("subject", "description", "error_logs", "stack_trace", "resolution", "feedback_text", "escalation_reason")
CUSTOMER = "CUST-ZXQVKWYJIBO"


@pytest.fixture
def planted(built, tickets, run, tmp_path):
    """The built lake after a build with three tickets of one customer, a broken record and a dropped event."""
    known = [one for one in json.loads(tickets.read_text()) if one["language"] == "en" and one["resolution"]][5:8]
    theirs = [
        {
            **one,
            **{name: f"{one.get(name) or ''} Zxqv{name.replace('_', '')}Kwyjibo Zxqv{n}".strip() for name in FIELDS},
            "ticket_id": f"TK-ZXQV-{n}",
            "customer_id": CUSTOMER,
            "organization_id": "ORG-ZXQV",
            "tags": ["Zxqvtag"],
            "agent_actions": ["Zxqvaction"],
        }
        for n, one in enumerate(known)
    ]
    broken = {**theirs[0], "ticket_id": "TK-ZXQV-9", "previous_tickets": "Zxqvnumber"}
    event = {
        "type": "MessageAdded",
        "version": 1,
        "event_time": "2026-06-01T00:00:00Z",
        "actor": {"kind": "customer", "id": CUSTOMER},
        "ticket_id": "TK-ZXQV-1",
        "idempotency_key": "zxqv-event",
        "payload": {"text": "Zxqvmessage"},
    }
    (built / "landing").mkdir(exist_ok=True)
    (built / "landing" / "events.jsonl").write_text(json.dumps(event) + "\n")
    batch = tmp_path / "theirs.json"
    batch.write_text(json.dumps([*theirs, broken]))
    done = run(built, "build", batch, "--json")
    assert done.returncode in (0, 3), done.stderr
    return built, batch


def test_a_byte_search_finds_nothing_of_who_was_erased(planted, run):
    root, batch = planted
    lake = Lake(root)
    rows = lake.read(silver.TICKETS).sort("ticket_id")
    held = {file.relative_to(root).parts[0] for file in leftovers.found(root, MARKS)}
    assert held >= {"artifacts", "bronze", "features", "gold", "graph", "landing", "metrics", "search", "silver"}

    done = run(root, "erase", "--customer", CUSTOMER, "--reason", "a request", "--who", "desk", "--now")

    assert done.returncode == 0, done.stderr
    assert leftovers.found(root, MARKS) == []
    after = Lake(root).read(silver.TICKETS).sort("ticket_id")
    assert after.equals(rows.filter(pl.col("customer_id").ne_missing(CUSTOMER)))
    assert Lake(root).row_count(PROBLEMS) == after.height
    receipt = json.loads(done.stdout.splitlines()[-1])
    assert receipt["receipt"] | {"silver/tickets": 3, "bronze/tickets": 4, "silver/events": 1} == receipt["receipt"]
    assert receipt["models"]
    with closing(sqlite3.connect(root / "operations" / "store.db")) as store:
        assert store.execute("SELECT state, subject, tickets FROM erasure").fetchall() == [("done", None, "[]")]
    assert tombstones.read(root).has("customer", CUSTOMER)

    again = run(root, "ingest", batch)

    assert again.returncode == 0, again.stderr
    assert leftovers.found(root, MARKS) == []
    assert run(root, "build", "--json").returncode in (0, 3)
    assert Lake(root).row_count(silver.TICKETS) == after.height
