"""Runs a command, and ends all that it started when whoever started this is gone, even by `kill -9`.

A service may start others, which nobody would end in its place. All stay in one process group, which this leads;
SIGUSR1 says that the parent is gone (`prctl(2)`, PR_SET_PDEATHSIG). Any other signal goes to the group as a whole.
"""

import os
import signal
import subprocess
import sys
from contextlib import suppress
from threading import Event

GRACE_SECONDS = 10.0
LOOK_SECONDS = 1.0
ORPHANED = signal.SIGUSR1


def keep(command: list[str]) -> int:
    """The command's exit code."""
    orphaned = Event()
    signal.signal(ORPHANED, lambda *_: orphaned.set())
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    running = subprocess.Popen(command)
    while not orphaned.is_set():
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
    sys.exit(keep(sys.argv[1:]))
