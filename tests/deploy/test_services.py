"""Every service of the compose file, run by its own command outside a container until its own health check holds."""

import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path
from time import monotonic, sleep

import pytest
import yaml

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
SERVICES = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
SECONDS = 120


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


@pytest.fixture(scope="module")
def outside(tmp_path_factory, encoder_folder):
    """What the image and the compose file set, with this machine's folders and free ports in their place."""
    root = tmp_path_factory.mktemp("services") / "lake"
    ports = {inside: free_port() for inside in ("8000", "3000", "5000")}
    environment = {
        **os.environ,
        "PATH": f"{BIN}:{os.environ['PATH']}",
        "LAKE_ROOT": str(root),
        "DAGSTER_HOME": str(root / "dagster"),
        "DATABASE_URL": "",
        "ENCODER": str(encoder_folder),
        "FAMILIES": "majority,logistic",
        "API_HOST": "127.0.0.1",
        "API_PORT": ports["8000"],
        "DAGSTER_DISABLE_TELEMETRY": "yes",
    }
    simulated = root / "simulated" / "tickets.json"
    simulated.parent.mkdir(parents=True)
    simulate = [BIN / "ticketlake", "simulate", "--tickets", "200", "--days", "20", "--out", simulated]
    subprocess.run(simulate, env=environment, check=True, capture_output=True)
    return environment, ports


def here(command, ports):
    """The service's command with the image's folder and ports put where the test has them."""
    command = [part.replace("/app/", f"{ROOT}/").replace("0.0.0.0", "127.0.0.1") for part in command]
    for inside, port in ports.items():
        command = [port if part == inside else part.replace(f":{inside}/", f":{port}/") for part in command]
    found = shutil.which(command[0], path=str(BIN))
    assert found, command[0]
    return [found, *command[1:]]


def healthy(service, environment, ports):
    check = service["healthcheck"]["test"]
    done = subprocess.run(here(check[1:], ports), env=environment, capture_output=True, check=False, timeout=60)
    return done.returncode == 0


def test_the_one_shot_build_ends_well(outside):
    environment, ports = outside
    done = subprocess.run(
        here(SERVICES["build"]["command"], ports),
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr
    assert "release/current" in done.stdout


@pytest.mark.parametrize("name", ["api", "worker", "dagster-webserver", "dagster-daemon", "mlflow"])
def test_a_service_becomes_healthy_and_ends_when_told(outside, name, tmp_path):
    environment, ports = outside
    service = SERVICES[name]
    log = tmp_path / "service.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            here(service["command"], ports), env=environment, stdout=output, stderr=output, start_new_session=True
        )
    try:
        end = monotonic() + SECONDS
        while not healthy(service, environment, ports):
            assert process.poll() is None, log.read_text()
            assert monotonic() < end, log.read_text()
            sleep(1)
        process.send_signal(signal.SIGTERM)
        process.wait(30)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
