"""Clients of the API in a process of its own: how long each request takes, and how many are answered."""

import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from time import perf_counter
from typing import NamedTuple

import httpx
import numpy as np
import psutil
from numpy.typing import NDArray

from benchmarks.lakes import environment, until_ready

Floats = NDArray[np.float64]


class Answered(NamedTuple):
    """Milliseconds of each request, how many were answered a second, and milliseconds of all cores for one."""

    took: Floats
    rate: float
    effort: float


@contextmanager
def served(root: Path, *command: str, workers: int = 1) -> Iterator[tuple[int, int]]:
    """A module of ours that serves the lake at the port it is given last, with so many workers: port and process."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    server = subprocess.Popen(
        [sys.executable, "-m", *command, str(port)],
        env=environment(root, API_WORKERS=str(workers)),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
            until_ready(client, server)
        yield port, server.pid
    finally:
        server.terminate()
        server.wait(60)


def ask(port: int, server: int, bodies: Sequence[bytes], clients: int) -> Answered:
    """Every body once, by so many clients at a time. Raises `SystemExit` for an answer that is none."""
    waiting: SimpleQueue[bytes] = SimpleQueue()
    for body in bodies:
        waiting.put(body)
    took: list[float] = []
    refused: list[int] = []

    def client() -> None:
        connection = HTTPConnection("127.0.0.1", port, timeout=120)
        try:
            while not refused:
                body = waiting.get_nowait()
                began = perf_counter()
                connection.request("POST", "/v1/solutions", body, {"content-type": "application/json"})
                reply = connection.getresponse()
                reply.read()
                took.append((perf_counter() - began) * 1e3)
                if reply.status != 200:
                    refused.append(reply.status)
        except Empty:
            return
        finally:
            connection.close()

    threads = [Thread(target=client) for _ in range(clients)]
    worked, began = _worked(server), perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if refused or len(took) < len(bodies):
        raise SystemExit(f"{len(took)} of {len(bodies)} searches were answered, the last with {refused or 'nothing'}")
    rate = len(bodies) / (perf_counter() - began)
    return Answered(np.array(took), rate, (_worked(server) - worked) * 1e3 / len(bodies))


def family(process: int) -> list[psutil.Process]:
    """A process and its children."""
    parent = psutil.Process(process)
    return [parent, *parent.children(recursive=True)]


def _worked(process: int) -> float:
    return sum(times.user + times.system for times in (one.cpu_times() for one in family(process)))
