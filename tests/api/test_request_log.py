"""The worker's log: a line for each turn at a request, in the form of the API's, with no word of the ticket."""

import json
import os
import re
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import delete

from operations.schema import inbox
from operations.store import open_store

TICKETLAKE = Path(sys.executable).with_name("ticketlake")
NAMED = {
    "ticket_id": "TK-ZEPPELIN",
    "subject": "Wrong zeppelin bill",
    "description": "My name is Zebulon Quartermain (zeb@example.com). The invoice shows a wrong amount.",
    "customer_id": "CUST-ZEPPELIN",
    "product": "DataSync Pro",
}


@pytest.fixture
def worked(client, lake):
    """Ids of a request that was answered and of one that cannot be, and the lines of the worker that tried."""
    ids = [
        client.post("/v1/requests", json={**NAMED, "ticket_id": name}).json()["id"]
        for name in (NAMED["ticket_id"], "TK-GONE")
    ]
    with closing(open_store(f"sqlite:///{lake.root / 'operations' / 'store.db'}")) as store:
        store.write(lambda c: c.execute(delete(inbox).where(inbox.c.ticket_id == "TK-GONE")))
    done = subprocess.run(
        [TICKETLAKE, "worker", "--once", "--requests-only"],
        env={**os.environ, "LAKE_ROOT": str(lake.root), "DATABASE_URL": "", "LOG_LEVEL": "info"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    return ids, {line["request_id"]: line for line in lines if line["logger"] == "worker.request"}, done.stdout


def test_a_request_that_was_answered_is_a_line(worked, lake):
    ids, lines, _ = worked
    line = lines[ids[0]]

    assert (line["event"], line["level"], line["state"], line["attempts"]) == ("worked", "info", "done", 1)
    assert line["release"] == (lake.root / "releases" / "CURRENT").read_text().strip()
    assert line["decisions"] == {"category": "suggest"}
    assert re.fullmatch(r"tfidf_logistic:[0-9a-f]{12}", line["models"]["category"])
    assert line["ms"] > 0
    assert line["error"] is None


def test_a_request_that_failed_is_a_line_with_the_kind_of_error(worked):
    ids, lines, _ = worked
    line = lines[ids[1]]

    assert len(lines) == 2
    assert (line["level"], line["state"], line["attempts"], line["error"]) == ("warning", "dead", 1, "TicketGone")
    assert (line["release"], line["decisions"], line["models"]) == (None, {}, {})


def test_no_line_has_a_word_of_the_ticket(worked):
    words = {word.lower() for text in NAMED.values() for word in re.findall(r"\w{4,}", text)} | {"billing"}
    said = set(re.findall(r"\w{4,}", worked[2].lower()))

    assert {"zeppelin", "quartermain", "invoice"} <= words
    assert not words & said
