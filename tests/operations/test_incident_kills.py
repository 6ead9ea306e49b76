"""The worker killed after any durable step of an incident's life, on both databases, with a real receiver."""

import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import polars as pl
import pytest

from ml.anomaly.signals import signals
from operations.inbox import Inbox
from operations.incident_rows import NewNote
from operations.incidents import IncidentStore
from operations.outbox import Outbox
from operations.store import open_store
from warehouse.contracts.anomalies import SIGNALS
from warehouse.delta import Lake

ROOT = Path(__file__).parents[2]
START = datetime(2026, 3, 2, tzinfo=UTC)

WATCH_AND_DIE = """
import os, signal, sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from operations.incidents import IncidentStore
from operations.outbox import Outbox
from operations.store import open_store
from service.incidents import Keeper
from service.webhooks import Webhooks
from warehouse.delta import Lake

url, root, address, hours, left = sys.argv[1], sys.argv[2], sys.argv[3], float(sys.argv[4]), int(sys.argv[5])

def step(name):
    global left
    left -= 1
    print(name, flush=True)
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)

store, now = open_store(url), datetime(2026, 3, 2, tzinfo=UTC) + timedelta(hours=hours)
keeper = Keeper(Lake(Path(root)), IncidentStore(store), false_a_year=2.0, receivers=["r"], on_step=step)
sender = Webhooks(Outbox(store), "r", address, "secret", on_step=step)
keeper.look(now, now)
while sender.send(now + timedelta(minutes=5)):
    pass
"""


@pytest.fixture
def received() -> Iterator[tuple[str, list[str]]]:
    """The address of a receiver, and the keys of what it got."""
    keys: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            keys.append(self.headers["Idempotency-Key"])
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/", keys
    server.shutdown()
    server.server_close()


@pytest.fixture
def watch(received: tuple[str, list[str]]) -> Callable[..., "subprocess.CompletedProcess[str]"]:
    """Runs a worker so many hours after the start, to its end or its death."""

    def run(url: str, root: Path, hours: float, die_after: int = 0) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-c", WATCH_AND_DIE, url, str(root), received[0], str(hours), str(die_after)]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)

    return run


def _told(*hours: int) -> pl.DataFrame:
    rows = [
        {
            "kind": "volume", "dimension": "version", "series": "Export 3.3", "known_at": START + timedelta(hours=hour),
            "window_start": START + timedelta(hours=hour), "window_end": START + timedelta(hours=hour + 1),
            "name": "Export 3.3", "observed": 8.0, "expected": 2.0, "upper": 5.0, "effect": 4.0, "p": 1e-9,
            "entities": ["Version:Export 3.3"], "ticket_ids": [f"T-{hour}-{n}" for n in range(8)],
        }
        for hour in hours
    ]  # fmt: skip
    return signals(pl.DataFrame(rows))


def _begin(url: str, root: Path) -> None:
    """Two signals, and a decision about the incident that the first of them opens."""
    Lake(root).merge(SIGNALS, _told(0, 1))
    note = NewNote(
        note_key="k",
        incident_id="INC-of-nobody",
        action="dismiss",
        who="A",
        reason=None,
        merge_into=None,
        made_at=START,
    )
    with closing(open_store(url)) as store:
        IncidentStore(store).note(note)


def _state(url: str) -> tuple[object, ...]:
    with closing(open_store(url)) as store:
        kept = IncidentStore(store)
        incidents = kept.changed(0)
        return (
            [(one.incident_id, one.state, one.body) for one in incidents],
            kept.signals(one.incident_id for one in incidents),
            [(one.change_key, one.change, one.body) for one in kept.changes(0, 100)],
            [(one.outbox_key, one.state, one.payload) for one in Outbox(store).all()],
            [(one.refused is None, one.settled_at is None) for one in kept.notes("INC-of-nobody")],
            kept.turn().signals_version,
            [row.idempotency_key for row in Inbox(store).since(0, 0)],
        )


def test_killed_after_any_durable_step_nothing_is_lost_or_doubled(
    new_url: Callable[[], str], tmp_path: Path, watch: Callable[..., "subprocess.CompletedProcess[str]"],
    received: tuple[str, list[str]],
) -> None:  # fmt: skip
    url, root = new_url(), tmp_path / "undisturbed"
    _begin(url, root)
    whole = watch(url, root, 2)
    steps, expected = whole.stdout.split("\n")[:-1], _state(url)
    sent = Counter(received[1])
    assert whole.returncode == 0, whole.stderr
    assert steps == ["wrote a turn", *["claimed a delivery", "noted what became of it"] * 2]
    assert set(sent.values()) == {1}
    assert [key.rsplit(":", maxsplit=1)[-1] for key in expected[-1]] == ["opened"]  # type: ignore[attr-defined]

    for die_after in range(1, len(steps) + 1):
        received[1].clear()
        url, root = new_url(), tmp_path / f"killed-{die_after}"
        _begin(url, root)
        killed = watch(url, root, 2, die_after)
        assert killed.returncode == -signal.SIGKILL, killed.stderr
        assert killed.stdout.split("\n")[:-1] == steps[:die_after]

        again = watch(url, root, 2.1)

        assert again.returncode == 0, again.stderr
        assert _state(url) == expected
        assert Counter(received[1]).keys() == sent.keys()
        assert received[1].count(received[1][0]) == 1
