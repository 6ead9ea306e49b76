"""The API under mixed load for a while, beside a bare handler and a bare model call, and what it does to memory.

    python -m benchmarks.serve [--lake FOLDER] [--seconds 60] [--rate 50] [--workers 1] [--clients 64]
    python -m benchmarks.serve --lake FOLDER --seconds 1800        the long form

Predictions, searches, intake of tickets and events, and reads arrive as a Poisson process; times are counted from when
a request was due. In the same minutes a handler that does nothing is asked over HTTP, and models are asked in this
process, every two seconds each. A worker drains the inbox meanwhile, as it does in production. The server writes into
its lake: `--lake` takes one that `ticketlake build --learn` made, and works on a copy.
"""

import argparse
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from typing import Any, NamedTuple

import msgspec
import numpy as np
import psutil

from benchmarks.clients import family, served
from benchmarks.figures import write_section
from benchmarks.lakes import lake_in, ticketlake
from benchmarks.load import NO_ANSWER, Ask, Done, Floats, Slope, at_most, beside, due_times, press, quantiles, slope
from benchmarks.search import asking
from service.serving import Serving
from warehouse.contracts import silver
from warehouse.delta import Lake

MIX = (("predict-ticket", 0.4), ("solutions", 0.2), ("tickets in", 0.1), ("events in", 0.1), ("reads", 0.2))
"""Shares of requests."""
QUESTIONS = 400
OFTEN, SAMPLED = 2.0, 5.0
"""Seconds between two bare requests, and two looks at memory."""
FAST, FLAT = 500.0, 1.0
"""Targets: milliseconds that one request in a hundred may take, megabytes a minute."""


class Measured(NamedTuple):
    """Requests that were done; what was asked beside them, in milliseconds; memory in megabytes by minute."""

    done: list[Done]
    bare: list[float]
    model: list[float]
    minutes: Floats
    memory: Floats
    load: float


class Mixed:
    """Requests of all kinds, the same for the same seed; what is sent in is new each time."""

    def __init__(self, tickets: Sequence[dict[str, Any]], known: Sequence[str], seed: int) -> None:
        self._bodies = [msgspec.json.encode(one) for one in tickets]
        self._asked = [msgspec.json.encode({"ticket": one, "k": 5}) for one in tickets]
        self._tickets, self._known = tickets, known
        self._rng = np.random.default_rng(seed)
        self._run = f"{seed}-{datetime.now(UTC):%H%M%S%f}"  # noqa: TID251 so that a second run sends other tickets
        self._makers: dict[str, Callable[[int], Ask]] = {
            "predict-ticket": lambda at: Ask("predict-ticket", "POST", "/v1/predict-ticket", self._bodies[at]),
            "solutions": lambda at: Ask("solutions", "POST", "/v1/solutions", self._asked[at]),
            "tickets in": self._ticket,
            "events in": self._event,
            "reads": self._read,
        }
        self._number = 0

    def __call__(self, _: int) -> Ask:
        """The next request."""
        self._number += 1
        kind = self._rng.choice([name for name, _ in MIX], p=[share for _, share in MIX])
        return self._makers[str(kind)](int(self._rng.integers(len(self._bodies))))

    def _ticket(self, at: int) -> Ask:
        body = {**self._tickets[at], "ticket_id": f"LOAD-{self._run}-{self._number}"}
        return Ask("tickets in", "POST", "/v1/tickets", msgspec.json.encode(body))

    def _event(self, at: int) -> Ask:
        body = {
            "type": "MessageAdded", "version": 1, "event_time": "2026-06-30T00:00:00Z",
            "actor": {"kind": "agent", "id": "bench"}, "ticket_id": self._known[at % len(self._known)],
            "idempotency_key": f"load-{self._run}-{self._number}", "payload": {"text": "looked at it again"},
        }  # fmt: skip
        return Ask("events in", "POST", "/v1/events", msgspec.json.encode(body))

    def _read(self, at: int) -> Ask:
        ticket = self._known[at % len(self._known)]
        paths = (f"/v1/tickets/{ticket}", "/v1/metrics", "/health/ready", "/console")
        return Ask("reads", "GET", paths[at % len(paths)])


def measure(root: Path, tickets: Sequence[dict[str, Any]], options: argparse.Namespace) -> Measured:
    """One run; changes the lake at `root`."""
    known = Lake(root).scan(silver.TICKETS).select("ticket_id").head(2_000).collect()["ticket_id"].to_list()
    mixed, model = Mixed(tickets, known, options.seed), _model(root, tickets)
    times = due_times(options.rate, options.seconds, options.seed)
    stop, memory = Event(), list[float]()
    with (
        served(root, "cli.main", "serve", "--port", workers=options.workers) as (port, process),
        served(root, "benchmarks.bare") as (bare_port, _),
        _draining(root),
    ):
        press(port, mixed, due_times(options.rate / 2, 5.0, options.seed + 1), options.clients)
        threads, took = [], []
        for work, every in (
            (
                lambda: press(bare_port, lambda _: Ask("bare", "POST", "/v1/predict-ticket", b"{}"), np.zeros(1), 1),
                OFTEN,
            ),
            (model, OFTEN),
            (lambda: memory.append(_held(process)), SAMPLED),
        ):
            thread, times_taken = beside(stop, work, every)
            threads.append(thread)
            took.append(times_taken)
        done = press(port, mixed, times, options.clients)
        stop.set()
        for thread in threads:
            thread.join()
    minutes = np.arange(len(memory)) * SAMPLED / 60
    return Measured(done, took[0], took[1], minutes, np.array(memory), os.getloadavg()[0])


def told(found: Measured, options: argparse.Namespace) -> str:
    """The text of the section."""
    failed = [one for one in found.done if one.status >= 500 or one.status == NO_ANSWER]
    refused = sorted({one.status for one in found.done if 400 <= one.status < 500})
    rows = quantiles(found.done)
    head = ["| request | asked | p50 | p99 | longest |", "| --- | --- | --- | --- | --- |"]
    table = [
        f"| {kind} | {n:,} | {p50:.1f} ms | {p99:.1f} ms | {most:.0f} ms |"
        for kind, (n, p50, p99, most) in rows.items()
    ]
    for name, took in (("bare: a Litestar handler", found.bare), ("bare: the models, in this process", found.model)):
        if took:
            p50, p99 = np.percentile(took, [50, 99])
            table.append(f"| {name} | {len(took):,} | {p50:.1f} ms | {p99:.1f} ms | {max(took):.0f} ms |")
    bound = at_most(len(failed), len(found.done))
    second = len(found.memory) // 3
    grown = _slope(found.minutes[second:], found.memory[second:])
    flat = "too short a run to tell" if grown is None else _told_slope(grown)
    return "\n".join(
        [
            f"{len(found.done):,} requests in {options.seconds:.0f} s, {options.rate:.0f} a second as a Poisson "
            f"process, {options.workers} worker(s), a worker that drains beside them; load of the machine over the "
            f"last minute {found.load:.1f}.",
            "",
            *head,
            *table,
            "",
            f"No answer or a 5xx: {len(failed)} (at most {bound:.3%} of requests, 95 %; target: none). "
            f"Refused: {', '.join(map(str, refused)) or 'none'}. Target of the p99 of all: "
            f"{FAST:.0f} ms. {_carried(found.done):.1f} answers a second; the last came {_behind(found.done):.1f} s "
            "after it was due. Memory "
            f"{found.memory[0]:.0f} MB at first, {found.memory[-1]:.0f} MB at the end; last two thirds: {flat}.",
        ]
    )


def main() -> None:
    """Measure, print, and write the section of docs/benchmarks.md."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lake", type=Path, help="a lake that `ticketlake build --learn` made")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--rate", type=float, default=50.0)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--dry", action="store_true", help="print only")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="ticketlake-"))
    try:
        root = lake_in(folder, options.lake)
        text = told(measure(root, asking(folder, QUESTIONS), options), options)
    finally:
        shutil.rmtree(folder)
    print(text)
    asked = f"--seconds {options.seconds:.0f} --rate {options.rate:g} --workers {options.workers}"
    if not options.dry:
        write_section("Serving under load", f"python -m benchmarks.serve {asked}", text)


def _model(root: Path, tickets: Sequence[dict[str, Any]]) -> Callable[[], object]:
    """What the models say of one ticket, without HTTP, history of the inbox and a store."""
    from api.drafts import drafts

    serving, now = Serving(root), datetime.now(UTC)  # noqa: TID251 when they are asked
    rows = [drafts([one], ["$"], now) for one in tickets[:50]]
    places = iter(range(10**9))

    def ask() -> object:
        return serving.understand(rows[next(places) % len(rows)], None)

    ask()
    return ask


@contextmanager
def _draining(root: Path) -> Iterator[None]:
    worker = ticketlake(root, "worker")
    try:
        yield
    finally:
        worker.terminate()
        worker.wait(60)


def _held(process: int) -> float:
    return sum(psutil.Process.memory_full_info(one).pss for one in family(process)) / 1e6


def _carried(done: Sequence[Done]) -> float:
    return len(done) / max(one.due + one.took / 1e3 for one in done)


def _behind(done: Sequence[Done]) -> float:
    return max(done, key=lambda one: one.due + one.took / 1e3).took / 1e3


def _slope(minutes: Floats, memory: Floats) -> Slope | None:
    try:
        return slope(minutes, memory)
    except ValueError:
        return None


def _told_slope(grown: Slope) -> str:
    verdict = "flat" if grown.low <= 0 <= grown.high or abs(grown.value) < FLAT else "not flat"
    return (
        f"{grown.value:+.2f} MB a minute ({grown.low:+.2f} to {grown.high:+.2f}; target: under {FLAT:.0f}): {verdict}"
    )


if __name__ == "__main__":
    main()
