"""The command in a process of its own, as people run it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

TICKETLAKE = Path(sys.executable).with_name("ticketlake")


@pytest.fixture(scope="session")
def run():
    """`run(lake_root, *arguments)`; `lake_root=None` leaves LAKE_ROOT unset."""

    def command(lake_root, *arguments, cwd=None):
        environment = {name: value for name, value in os.environ.items() if name != "LAKE_ROOT"}
        environment |= {"DATABASE_URL": ""} | ({"LAKE_ROOT": str(lake_root)} if lake_root else {})
        return subprocess.run(
            [TICKETLAKE, *map(str, arguments)],
            env=environment,
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
            cwd=cwd,
        )

    return command
