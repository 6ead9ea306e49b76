"""A build killed at any step leaves nothing that the next one has to wait for."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from time import sleep

import pytest

from warehouse.contracts import silver
from warehouse.delta import Lake
from warehouse.releases import current

TICKETLAKE = Path(sys.executable).with_name("ticketlake")


@pytest.fixture
def killed_at(tickets, encoder_folder):
    """`killed_at(lake_root, step)`: a build that got `kill -9` when that step began."""

    def kill(root, step):
        environment = {**os.environ, "LAKE_ROOT": str(root), "DATABASE_URL": "", "ENCODER": str(encoder_folder)}
        process = subprocess.Popen(
            [TICKETLAKE, "build", tickets], env=environment, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL
        )
        for line in process.stderr:
            if f" {step} started" in line.decode():
                process.kill()
                break
        assert process.wait(60) == -signal.SIGKILL

    return kill


def test_after_kills_at_several_steps_the_next_build_ends_and_the_dead_runs_are_failures(
    tmp_path, tickets, killed_at, run
):
    root = tmp_path / "lake"
    for step in ("land", "refine", "dbt", "release__current"):
        killed_at(root, step)
    done = run(root, "build", tickets, "--json")
    assert done.returncode in (0, 3), done.stderr
    assert json.loads(done.stdout.splitlines()[-1])["failures"] == []
    assert Lake(root).row_count(silver.TICKETS) >= 590
    assert current(root) is not None
    runs = json.loads(run(root, "status", "--json").stdout)["runs"]
    finished = [found["status"] for found in runs]
    assert finished == ["SUCCESS"] * 3 + ["FAILURE"] * (len(runs) - 3)
    assert len(runs) > 3


@pytest.mark.parametrize("step", ["refine", "embed"])
def test_a_build_that_is_stopped_ends_at_once_and_marks_its_run(tmp_path, tickets, encoder_folder, run, step):
    root = tmp_path / "lake"
    environment = {**os.environ, "LAKE_ROOT": str(root), "DATABASE_URL": "", "ENCODER": str(encoder_folder)}
    command = f'"{TICKETLAKE}" build "{tickets}" & echo $!; wait'
    shell = subprocess.Popen(
        ["sh", "-c", command], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    process = int(shell.stdout.readline())
    while f" {step} started" not in shell.stderr.readline():
        assert shell.poll() is None
    sleep(0.3)
    os.kill(process, signal.SIGTERM)
    _, said = shell.communicate(timeout=15)
    assert "Traceback" not in said
    assert "nanobind" not in said
    runs = json.loads(run(root, "status", "--json").stdout)["runs"]
    assert [found["status"] for found in runs] == ["CANCELED"]
