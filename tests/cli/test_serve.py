"""`ticketlake serve` with several workers: they answer at one port and count as one."""

import os
import signal
import socket
import subprocess
import sys
from http.client import HTTPConnection
from pathlib import Path
from time import monotonic, sleep

import httpx
import psutil
import pytest

TICKETLAKE = Path(sys.executable).with_name("ticketlake")
ASKED = 60


@pytest.fixture
def served(tmp_path):
    """Two workers over an empty lake: their address and the process that started them."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {**os.environ, "LAKE_ROOT": str(tmp_path / "lake"), "DATABASE_URL": ""}
    command = [TICKETLAKE, "serve", "--port", str(port), "--workers", "2"]
    log = (tmp_path / "log").open("wb")
    process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)
    address = f"http://127.0.0.1:{port}"
    try:
        end = monotonic() + 120
        while len(workers(process)) < 2 or not answers(address):
            assert process.poll() is None, (tmp_path / "log").read_text()
            assert monotonic() < end, (tmp_path / "log").read_text()
            sleep(0.2)
        yield address, process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        log.close()


def workers(process):
    """Children that answer; the resource tracker of multiprocessing does not."""
    children = [child for child in psutil.Process(process.pid).children() if child.status() != psutil.STATUS_ZOMBIE]
    return [child for child in children if "spawn_main" in " ".join(child.cmdline())]


def answers(address):
    try:
        return httpx.get(f"{address}/health/live", timeout=5).status_code == 200
    except httpx.TransportError:
        return False


def counted(address):
    lines = httpx.get(f"{address}/metrics").text.splitlines()
    [line] = [line for line in lines if line.startswith("ticketlake_http_requests_total{") and "/health/live" in line]
    return float(line.rpartition(" ")[2])


def test_workers_count_as_one_are_replaced_when_they_die_and_end_together(served):
    address, process = served
    before = counted(address)
    for _ in range(ASKED):
        assert httpx.get(f"{address}/health/live").status_code == 200

    assert {counted(address) for _ in range(8)} == {before + ASKED}

    lost, kept = workers(process)
    lost.kill()
    end = monotonic() + 60
    while len(workers(process)) < 2 or lost.pid in {worker.pid for worker in workers(process)}:
        assert monotonic() < end
        sleep(0.2)
    assert kept.is_running()
    assert counted(address) >= before + ASKED

    everyone = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) in (0, -signal.SIGTERM)
    _, alive = psutil.wait_procs(everyone, timeout=20)
    assert alive == []


def test_a_connection_outlives_the_time_that_clients_keep_theirs(served):
    address, _ = served
    connection = HTTPConnection(address.removeprefix("http://"), timeout=5)
    for _ in range(2):
        connection.request("GET", "/health/live")
        assert connection.getresponse().read()
        sleep(6)
    connection.close()
