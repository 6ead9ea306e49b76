"""The README, followed literally: every command in it is run, in its order."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path
from time import monotonic, sleep

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
COMMANDS = [line for block in re.findall(r"```bash\n(.*?)```", README, re.S) for line in block.splitlines() if line]
SERVERS = [command for command in COMMANDS if command.startswith("make run")]
SUITES = ["make check", "make test"]
PLAIN = [command for command in COMMANDS if command not in (*SERVERS, *SUITES)]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def place(tmp_path_factory, encoder_folder):
    """A lake with few simulated tickets in the place of the many of a first run, and the ports to use."""
    folder = tmp_path_factory.mktemp("readme")
    file = folder / "lake" / "simulated" / "tickets.json"
    file.parent.mkdir(parents=True)
    ticketlake = Path(sys.executable).with_name("ticketlake")
    for out in (file, folder / "tickets.json.gz"):
        subprocess.run(
            [ticketlake, "simulate", "--tickets", "400", "--days", "40", "--end", "yesterday", "--out", out], check=True
        )
    ports = {"API_PORT": str(free_port()), "DAGSTER_PORT": str(free_port())}
    own = {
        "LAKE_ROOT": str(folder / "lake"),
        "DATABASE_URL": "",
        "ENCODER": str(encoder_folder),
        "FAMILIES": "majority,logistic",
        "CI": "true",
    }
    return folder, {**os.environ, **ports, **own}


def here(command, folder, environment):
    """The command with the README's places and ports put where the test has them."""
    command = command.replace("127.0.0.1:8000", f"127.0.0.1:{environment['API_PORT']}")
    command = command.replace("$PWD/lake", str(folder / "lake")).replace("more.json.gz", str(folder / "more.json.gz"))
    return command.replace("TICKETS=", f"TICKETS={folder}/").replace("$PWD", str(ROOT))


def test_the_readme_has_under_150_lines():
    assert len(README.splitlines()) < 150


def test_the_readme_names_no_command_that_this_test_does_not_know():
    assert len(SERVERS) == 2
    assert set(SUITES) < set(COMMANDS)
    assert {command.split()[0] for command in PLAIN} == {"curl", "export", "ticketlake"}


@pytest.mark.parametrize("target", [command.split()[1] for command in SUITES] + ["test-long", "bench"])
def test_a_target_of_the_makefile_exists(target):
    done = subprocess.run(["make", "-n", target], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_every_link_of_the_readme_leads_somewhere():
    for link in re.findall(r"\]\(([^)]+)\)", README):
        assert (ROOT / link).exists(), link


@pytest.mark.parametrize("command", SERVERS)
def test_make_run_serves_and_every_other_command_works_meanwhile(command, place, tmp_path):
    folder, environment = place
    log = tmp_path / "run.log"
    with log.open("wb") as output:
        server = subprocess.Popen(
            here(command, folder, environment).split(),
            cwd=ROOT,
            env=environment,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        end = monotonic() + 240
        while "Ctrl-C ends everything" not in log.read_text():
            assert server.poll() is None, log.read_text()
            assert monotonic() < end, log.read_text()
            sleep(0.5)
        if command == SERVERS[0]:
            fed = "|| [ $? -eq 3 ]"
            lines = [here(plain, folder, environment) for plain in PLAIN]
            script = "\n".join(["set -e", *(f"{line} {fed}" if " ingest " in line else line for line in lines)])
            script = script.replace("curl -s ", "curl -sf ")
            done = subprocess.run(
                ["bash", "-c", script],
                cwd=folder,
                env=environment,
                capture_output=True,
                text=True,
                timeout=300,
                check=False,
            )
            assert done.returncode == 0, done.stdout + done.stderr
            received, new = re.search(r"([\d,]+) received: ([\d,]+) new", done.stdout).groups()
            assert int(new) > 0.9 * int(received)
    finally:
        os.killpg(server.pid, signal.SIGINT)
        server.wait(60)
    shutil.copy(log, folder / "last.log")
