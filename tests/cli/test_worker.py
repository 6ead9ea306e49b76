"""`ticketlake worker` as people start it: signals become incidents, webhooks are told, Ctrl-C ends it."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from contextlib import closing
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from time import monotonic, sleep

import httpx
import polars as pl
import pytest
from litestar.testing import TestClient

from api.app import create_app
from ml.anomaly.signals import signals
from operations.entries import Entry
from operations.erasures import Erasures
from operations.inbox import Inbox
from operations.store import open_store
from warehouse import leftovers
from warehouse.contracts import silver
from warehouse.contracts.anomalies import SIGNALS
from warehouse.delta import Lake
from warehouse.settings import Settings

TICKETLAKE = Path(sys.executable).with_name("ticketlake")


@pytest.fixture
def told():
    """A server's address, and what it was told: key and message."""
    found = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            found.append((self.headers["Idempotency-Key"], json.loads(body)))
            self.send_response(500 if len(found) == 1 else 200)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/hook", found
    server.shutdown()
    server.server_close()


@pytest.fixture
def environment(tmp_path, told):
    own = {"LAKE_ROOT": str(tmp_path / "lake"), "DATABASE_URL": "", "WEBHOOK_URLS": told[0], "WEBHOOK_SECRET": "s"}
    return {**os.environ, **own}


def rows(series):
    now = datetime.now(UTC)
    row = {
        "kind": "volume", "dimension": "version", "series": series, "window_start": now - timedelta(hours=1),
        "window_end": now, "known_at": now, "name": series, "observed": 8.0, "expected": 2.0, "upper": 5.0,
        "effect": 4.0, "p": 1e-9, "entities": [f"Version:{series}"], "ticket_ids": [series],
    }  # fmt: skip
    return signals(pl.DataFrame([row]))


def until(condition, seconds=60):
    end = monotonic() + seconds
    while not condition():
        assert monotonic() < end
        sleep(0.05)


def test_a_worker_tells_of_incidents_again_where_it_was_not_heard_and_ends_when_it_is_asked(
    environment, told, tmp_path
):
    lake, messages = Lake(tmp_path / "lake"), told[1]
    heartbeat = lake.root / "operations" / "worker.heartbeat"
    process = subprocess.Popen(
        [TICKETLAKE, "worker"], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        until(heartbeat.exists)
        lake.merge(SIGNALS, rows("Export 3.3"))
        until(lambda: len(messages) >= 2)
    finally:
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)

    assert process.returncode == 0
    assert "Traceback" not in err
    assert "changes of incidents" in out
    assert messages[0] == messages[1]
    assert messages[0][1]["type"] == "incident.opened"

    def asked(*arguments):
        done = subprocess.run(
            [TICKETLAKE, "incidents", *arguments], env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    name = messages[0][1]["data"]["incident_id"]
    assert name[:12] in asked("list")
    assert json.loads(asked("show", name))["incident"]["incident_id"] == name
    assert asked("report", name).startswith("<!doctype html>")
    assert asked("replay").startswith("0 messages")


def test_a_worker_outlasts_a_place_that_cannot_be_written_and_says_so_once(environment, tmp_path):
    lake = Lake(tmp_path / "lake")
    heartbeat = lake.root / "operations" / "worker.heartbeat"
    with closing(open_store(f"sqlite:///{lake.root / 'operations' / 'store.db'}")) as store:
        body = '{"ticket_id": "T-1", "subject": "help", "created_at": "2026-03-01T10:00:00Z"}'
        one = Entry(kind="ticket", idempotency_key="k", ticket_id="T-1", body=body, received_at=datetime.now(UTC))
        Inbox(store).append([one])
    (lake.root / "bronze").write_text("no directory")
    process = subprocess.Popen(
        [TICKETLAKE, "worker", "--every", "0.2"], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    try:
        sleep(8)
        assert process.poll() is None
        assert not heartbeat.exists()
        (lake.root / "bronze").unlink()
        until(lambda: lake.exists(silver.TICKETS) and lake.row_count(silver.TICKETS) == 1)
        until(heartbeat.exists)
    finally:
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)

    assert process.returncode == 0
    assert "1 tickets, 0 events" in out
    assert err.count("It is tried again") == 1


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


def test_a_worker_tells_prometheus_what_it_did_where_it_is_asked_to(environment, tmp_path):
    lake, port = Lake(tmp_path / "lake"), free_port()
    with TestClient(create_app(Settings(lake_root=lake.root, _env_file=None))) as client:
        asked = client.post("/v1/requests", json={"subject": "the export stops"}).json()["location"]
        command = [TICKETLAKE, "worker", "--requests-only"]
        process = subprocess.Popen(command, env={**environment, "WORKER_METRICS": f"127.0.0.1:{port}"})
        try:
            until(lambda: client.get(asked).json()["status"] == "done")
            told = httpx.get(f"http://127.0.0.1:{port}/metrics").text
            second = subprocess.run(
                command, env={**environment, "WORKER_METRICS": f"127.0.0.1:{port}"}, capture_output=True, text=True,
                timeout=60, check=False,
            )  # fmt: skip
        finally:
            process.send_signal(signal.SIGINT)
            assert process.wait(60) == 0
    assert 'ticketlake_stage_seconds_count{stage="understand"} 1.0' in told
    assert "export" not in told
    assert second.returncode != 0
    assert "cannot be listened at" in second.stderr
    assert "Traceback" not in second.stderr


def test_a_worker_forgets_who_is_to_be_forgotten_and_has_it_finished(environment, tmp_path):
    lake = Lake(tmp_path / "lake")
    with closing(open_store(f"sqlite:///{lake.root / 'operations' / 'store.db'}")) as store:
        body = '{"ticket_id": "T-ZXQV", "subject": "Zxqvwords", "created_at": "2026-03-01T10:00:00Z"}'
        one = Entry(kind="ticket", idempotency_key="k", ticket_id="T-ZXQV", body=body, received_at=datetime.now(UTC))
        Inbox(store).append([one])
        asked = subprocess.run(
            [TICKETLAKE, "erase", "--ticket", "T-ZXQV"], env=environment, capture_output=True, text=True, check=True
        )
        process = subprocess.Popen([TICKETLAKE, "worker", "--every", "0.2"], env=environment, stderr=subprocess.PIPE)
        try:
            until(lambda: Erasures(store).find(asked.stdout.strip()).state == "done", seconds=120)
        finally:
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=60)

    assert leftovers.found(tmp_path, ["T-ZXQV", "Zxqvwords"]) == []
    assert lake.row_count(silver.TICKETS) == 0


def test_webhooks_without_a_secret_are_refused(environment):
    done = subprocess.run(
        [TICKETLAKE, "worker", "--once"],
        env={**environment, "WEBHOOK_SECRET": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "WEBHOOK_SECRET" in done.stderr
    assert len(done.stderr.splitlines()) == 1
