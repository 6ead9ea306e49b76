"""Runs a command, and ends all that it started when whoever started this is gone, even by `kill -9`.

A service may start others, which nobody would end in its place. All stay in one process group, which this leads. The
first argument is the process whose child this is; any signal goes to the group as a whole.
"""

import os
import signal
import subprocess
import sys
from contextlib import suppress

GRACE_SECONDS = 10.0
LOOK_SECONDS = 0.5


def keep(parent: int, command: list[str]) -> int:
    """The command's exit code."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    running = subprocess.Popen(command)
    while os.getppid() == parent:
        try:
            return running.wait(LOOK_SECONDS)
        except subprocess.TimeoutExpired:
            continue
    os.killpg(0, signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        running.wait(GRACE_SECONDS)
    os.killpg(0, signal.SIGKILL)
    return running.wait()


if __name__ == "__main__":
    sys.exit(keep(int(sys.argv[1]), sys.argv[2:]))
