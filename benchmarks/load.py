"""Load at a stated rate: requests are due at times of their own, and wait where the server is behind.

Times are counted from when a request was due, so that a server that stands still is not asked less (Tene: coordinated
omission).
"""

from collections.abc import Callable, Sequence
from http.client import HTTPConnection, HTTPException
from queue import SimpleQueue
from threading import Event, Thread
from time import perf_counter, sleep
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
NO_ANSWER = 0


class Ask(NamedTuple):
    """One request. `kind` is what it counts as."""

    kind: str
    method: str
    path: str
    body: bytes | None = None


class Done(NamedTuple):
    """What became of one: seconds after the start when it was due, milliseconds until it was answered, status."""

    kind: str
    due: float
    took: float
    status: int


class Slope(NamedTuple):
    """Change a minute, with the ends of its interval (95 %)."""

    value: float
    low: float
    high: float


def due_times(rate: float, seconds: float, seed: int) -> Floats:
    """When requests are due, (n,): a Poisson process, as many people make one."""
    rng = np.random.default_rng(seed)
    gaps = rng.exponential(1 / rate, size=int(rate * seconds * 1.5) + 20)
    times = np.cumsum(gaps)
    return times[times < seconds]


def press(port: int, make: Callable[[int], Ask], times: Floats, clients: int) -> list[Done]:
    """Ask what `make` makes of 0, 1, ... at these times, by at most so many at once."""
    waiting: SimpleQueue[tuple[float, Ask] | None] = SimpleQueue()
    done: list[Done] = []
    began = perf_counter()

    def client() -> None:
        connection = HTTPConnection("127.0.0.1", port, timeout=60)
        while (next_ := waiting.get()) is not None:
            due, ask = next_
            status = _status(connection, ask)
            done.append(Done(ask.kind, due, (perf_counter() - began - due) * 1e3, status))
        connection.close()

    threads = [Thread(target=client, daemon=True) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for number, due in enumerate(times.tolist()):
        ask = make(number)
        sleep(max(0.0, began + due - perf_counter()))
        waiting.put((due, ask))
    for _ in threads:
        waiting.put(None)
    for thread in threads:
        thread.join()
    return done


def beside(stop: Event, work: Callable[[], object], every: float) -> tuple[Thread, list[float]]:
    """Do something again and again while the load lasts; milliseconds of each."""
    took: list[float] = []

    def run() -> None:
        while not stop.wait(every):
            began = perf_counter()
            work()
            took.append((perf_counter() - began) * 1e3)

    thread = Thread(target=run, daemon=True)
    thread.start()
    return thread, took


def slope(minutes: Floats, values: Floats, blocks: int = 10) -> Slope:
    """Least squares over means of blocks: neighbours resemble each other, means of blocks hardly.

    Raises `ValueError` for fewer values than two a block.
    """
    if len(values) < 2 * blocks:
        raise ValueError(f"expected at least {2 * blocks} values, found {len(values)}")
    x = np.array([part.mean() for part in np.array_split(minutes, blocks)])
    y = np.array([part.mean() for part in np.array_split(values, blocks)])
    centred = x - x.mean()
    value = float(centred @ y / (centred @ centred))
    rest = y - y.mean() - value * centred
    error = float(np.sqrt(rest @ rest / (blocks - 2) / (centred @ centred)))
    half = _STUDENT[blocks - 2] * error
    return Slope(value, value - half, value + half)


def at_most(failures: int, asked: int) -> float:
    """Upper end of the 95 % interval of a share of failures (Clopper and Pearson 1934)."""
    from scipy.stats import beta

    return 1.0 if failures >= asked else float(beta.ppf(0.975 if failures else 0.95, failures + 1, asked - failures))


def quantiles(done: Sequence[Done]) -> dict[str, tuple[int, float, float, float]]:
    """By kind: how many, p50, p99 and the longest, in milliseconds; `all` is all of them."""
    kinds = sorted({one.kind for one in done})
    groups = {kind: [one.took for one in done if one.kind == kind] for kind in kinds}
    groups["all"] = [one.took for one in done]
    found = {}
    for kind, took in groups.items():
        p50, p99 = np.percentile(took, [50, 99])
        found[kind] = (len(took), float(p50), float(p99), max(took))
    return found


def _status(connection: HTTPConnection, ask: Ask) -> int:
    headers = {"content-type": "application/json"} if ask.body is not None else {}
    try:
        connection.request(ask.method, ask.path, ask.body, headers)
        reply = connection.getresponse()
        reply.read()
    except (OSError, HTTPException):
        connection.close()
        return NO_ANSWER
    return reply.status


_STUDENT = {8: 2.306, 18: 2.101}
"""97.5 % points of Student's t by degrees of freedom."""
