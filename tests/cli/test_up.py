"""`ticketlake up` as a real process: it serves, builds, says what was built, and ends with all its children."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from time import monotonic, sleep

import httpx
import psutil
import pytest

from cli.services import Service, Services
from warehouse.contracts.inventory import TABLES
from warehouse.delta import Lake

TICKETLAKE = Path(sys.executable).with_name("ticketlake")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def place(tmp_path_factory, encoder_folder, run):
    """A lake with few simulated tickets where a first run would make many, and its environment."""
    root = tmp_path_factory.mktemp("up") / "lake"
    (root / "simulated").mkdir(parents=True)
    run(root, "simulate", "--tickets", 300, "--days", 30, "--out", root / "simulated" / "tickets.json")
    ports = {"API_PORT": str(free_port()), "DAGSTER_PORT": str(free_port())}
    return root, {
        **os.environ,
        **ports,
        "LAKE_ROOT": str(root),
        "DATABASE_URL": "",
        "ENCODER": str(encoder_folder),
        "FAMILIES": "majority,logistic",
    }


@pytest.fixture
def start(tmp_path):
    """`start(environment)`: the process and the file that it prints to; killed at the end if it still runs."""
    started = []

    def up(environment, *arguments):
        log = tmp_path / f"up-{len(started)}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [TICKETLAKE, "up", *arguments], env=environment, stdout=output, stderr=output, start_new_session=True
            )
        started.append(process)
        return process, log

    yield up
    for process in started:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)


def wait_for(text, process, log, seconds=240):
    end = monotonic() + seconds
    while text not in log.read_text():
        assert process.poll() is None, log.read_text()
        assert monotonic() < end, log.read_text()
        sleep(0.2)


def end(process, number):
    """Send a signal; the exit code, and that every child ended too."""
    children = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(number)
    code = process.wait(60)
    _, alive = psutil.wait_procs(children, timeout=20)
    assert [(one.pid, one.status(), one.cmdline()) for one in alive] == []
    return code


def test_up_serves_builds_and_ends_cleanly_and_a_second_one_changes_nothing(place, start):
    root, environment = place
    process, log = start(environment)
    wait_for("Ctrl-C ends everything", process, log)
    api, ui = f"http://127.0.0.1:{environment['API_PORT']}", f"http://127.0.0.1:{environment['DAGSTER_PORT']}"
    assert httpx.get(f"{api}/health/ready").json()["status"] == "ready"
    assert httpx.get(f"{ui}/server_info").status_code == 200
    printed = log.read_text()
    assert "silver/tickets" in printed
    assert "checks passed" in printed
    assert api in printed
    assert ui in printed
    assert end(process, signal.SIGINT) == 130
    before = {table.path: Lake(root).version(table) for table in TABLES if table.layer != "quality"}

    again, log = start(environment)
    wait_for("Ctrl-C ends everything", again, log)
    assert end(again, signal.SIGTERM) in (130, 143)
    assert {table.path: Lake(root).version(table) for table in TABLES if table.layer != "quality"} == before


def test_killed_it_takes_its_children_along(place, start):
    _, environment = place
    process, log = start(environment)
    wait_for("API  ", process, log)
    children = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    process.wait(10)
    _, alive = psutil.wait_procs(children, timeout=30)
    assert [(one.pid, one.status(), one.cmdline()) for one in alive] == []


def test_a_service_that_was_up_and_is_killed_is_started_again(tmp_path, capsys):
    service = Service("sleeper", [sys.executable, "-c", "import time; time.sleep(600)"])
    with Services([service], logs=tmp_path, environment=dict(os.environ), starting=0.5) as services:
        first = services._running["sleeper"]
        sleep(1)
        os.killpg(first.pid, signal.SIGKILL)
        end_at = monotonic() + 20
        while services._running["sleeper"] is first:
            assert monotonic() < end_at
            sleep(0.1)
        services.check()
        second = services._running["sleeper"]
        assert second.poll() is None
    assert second.poll() is not None
    assert "sleeper ended with code -9 and is started again" in capsys.readouterr().err


def test_interrupted_while_it_builds_it_ends_cleanly(place, start):
    _, environment = place
    process, log = start(environment)
    wait_for("API  ", process, log)
    assert end(process, signal.SIGINT) == 130
    assert "Traceback" not in log.read_text()


def test_a_taken_port_is_named_before_anything_is_started(place, start):
    _, environment = place
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", int(environment["API_PORT"])))
        taken.listen()
        process, log = start(environment)
        assert process.wait(30) == 1
    assert log.read_text().count("\n") == 1
    assert f"127.0.0.1:{environment['API_PORT']} is taken" in log.read_text()


def test_a_service_that_dies_is_named_with_its_log(place, start):
    _, environment = place
    process, log = start({**environment, "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing"})
    assert process.wait(120) == 1
    assert "Traceback" not in log.read_text()
    assert "logs/" in log.read_text()
