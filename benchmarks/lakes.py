"""Lakes to measure on: simulated ones that have learned, or copies of what is given; and servers of them."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from time import sleep

import httpx

from cli.main import EXIT_QUARANTINED
from simulator import simulate

DAYS = 180
SMALL, FEW = 1_200, "majority,logistic"
"""Tickets and families of models of a lake that is to be there rather than good."""


def environment(root: Path, **more: str) -> dict[str, str]:
    """Of a process that is to see that lake."""
    return {**os.environ, "LAKE_ROOT": str(root), "DATABASE_URL": "", **more}  # noqa: TID251 handed on to the child


def ticketlake(root: Path, *arguments: str, **more: str) -> subprocess.Popen[bytes]:
    """The command, on that lake."""
    command = [str(Path(sys.executable).with_name("ticketlake")), *arguments]
    return subprocess.Popen(
        command, env=environment(root, **more), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def learn(root: Path, file: Path, tickets: int, families: str) -> None:
    """A lake of simulated tickets with a champion for every target."""
    simulate("realistic", tickets, DAYS, 7, file)
    settings = {"FAMILIES": families} if families else {}
    code = ticketlake(root, "build", str(file), "--learn", **settings).wait()
    if code not in (0, EXIT_QUARANTINED):
        raise SystemExit(f"the lake could not be built: exit code {code}")


def lake_in(folder: Path, given: Path | None, tickets: int = SMALL, families: str = FEW) -> Path:
    """A lake in the folder that may be changed: a copy of the given one, else one that has learned."""
    root = folder / "lake"
    if given:
        shutil.copytree(given, root, symlinks=True)
    else:
        learn(root, folder / "tickets.json", tickets, families)
    return root


def until_ready(client: httpx.Client, server: subprocess.Popen[bytes]) -> None:
    """Wait until everything is loaded. Raises `SystemExit` where the server ends before."""
    for _ in range(600):
        if server.poll() is not None:
            raise SystemExit(f"the API ended with {server.returncode}")
        try:
            if client.get("/health/ready").status_code == 200:
                return
        except httpx.TransportError:
            sleep(0.1)
    raise SystemExit("the API did not become ready")
