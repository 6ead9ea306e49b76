"""`ticketlake worker`: the inbox into the lake, signals into incidents, requests into results, again and again."""

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from socket import gethostname
from threading import Event
from time import monotonic, time  # noqa: TID251 the age of a heartbeat
from typing import TYPE_CHECKING

import click

from warehouse.errors import SettingsInvalid, TicketlakeError
from warehouse.settings import Settings, process_environment, settings

if TYPE_CHECKING:
    from pathlib import Path

    from api.telemetry import Telemetry
    from operations.store import Store
    from service.erasing import Finisher
    from service.serving import Serving
    from service.working import RequestWorkers
    from warehouse.delta import Lake

EXAMPLES = """\b
Examples:
  ticketlake worker
  ticketlake worker --once
  ticketlake worker --requests-only
  ticketlake worker --healthy
  ticketlake worker --requests-only --healthy
"""
HEALTHY_SECONDS = 60.0
FINISH = (sys.executable, "-m", "cli.main", "erase", "--finish")
GATHERED = 16
"""Drains that brought something, after which small files are merged."""
LOOK_SECONDS = 0.5
"""Between two looks for signals and decisions, which are cheap."""


@click.command(epilog=EXAMPLES)
@click.option("--every", type=click.FloatRange(0.1), default=5.0, show_default=True, help="Seconds between drains.")
@click.option("--once", is_flag=True, help="Do what there is to do and end.")
@click.option("--requests-only", is_flag=True, help="Work on requests and nothing else, beside any number of workers.")
@click.option("--healthy", is_flag=True, help="Exit 0 if such a worker looked for work within the last minute, else 1.")
def worker(every: float, once: bool, requests_only: bool, healthy: bool) -> int:
    """Drain the inbox, exactly once, work on requests, and watch for incidents; until interrupted.

    One worker drains and watches. Of those that only work on requests there may be many, on any machine that sees the
    lake and the operational store; QUEUE_URL wakes them sooner than they would look. Each turn at a request is a line
    of the log. With WORKER_METRICS (host:port) Prometheus is told there what models said of requests.
    """
    from api import logs
    from operations.store import open_store
    from service.serving import Serving
    from warehouse.delta import Lake
    from warehouse.reading import writable

    chosen = settings()
    heartbeat = _heartbeat(chosen, requests_only=requests_only)
    if healthy:
        return 0 if heartbeat.exists() and time() - heartbeat.stat().st_mtime < HEALTHY_SECONDS else 1
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    store, lake = open_store(chosen.database_url), Lake(chosen.lake_root)
    with writable(lake.root):
        heartbeat.parent.mkdir(parents=True, exist_ok=True)
        logs.configure(None if once or requests_only else lake.root / "logs", chosen.log_level, "worker")
    serving = Serving(lake.root)
    with ExitStack() as stack:
        counts = stack.enter_context(_counting(chosen)) if chosen.worker_metrics and not once else None
        workers = _workers(chosen, lake, store, serving, counts)
        if once:
            done = workers.flush()
            if done:
                click.echo(f"{done} requests")
        else:
            stack.enter_context(workers)
        if not requests_only:
            _drain_and_watch(chosen, lake, store, serving, heartbeat, counts=counts, stop=stop, every=every, once=once)
        elif not once:
            _beat(heartbeat, workers, stop)
    return 0


def _heartbeat(chosen: Settings, *, requests_only: bool) -> "Path":
    """Touched at each look for work: by the worker that drains, and by those of this machine that do requests only."""
    name = f"requests-{gethostname()}" if requests_only else "worker"
    return chosen.lake_root / "operations" / f"{name}.heartbeat"


def _beat(heartbeat: "Path", workers: "RequestWorkers", stop: Event) -> None:
    seen = -1
    while not stop.is_set():
        if workers.looks != seen:
            seen = workers.looks
            heartbeat.touch()
        stop.wait(LOOK_SECONDS)


def _drain_and_watch(
    chosen: Settings,
    lake: "Lake",
    store: "Store",
    serving: "Serving",
    heartbeat: "Path",
    *,
    counts: "Telemetry | None",
    stop: Event,
    every: float,
    once: bool,
) -> None:
    from operations.inbox import Inbox
    from service.erasing import Finisher
    from service.monitor import Monitor
    from service.watch import Watch
    from warehouse.opened import OpenTables

    inbox, taken_at = Inbox(store), float("-inf")
    taking = Taking(lake, store, None if once else Finisher(store, FINISH, process_environment(chosen)))
    tables = OpenTables(lake.root)
    monitor = Monitor(tables, false_incidents_a_year=chosen.false_incidents_a_year)
    said: str | None = None
    failed: str | None = None

    def wrong(said: str) -> None:
        click.echo(f"incidents: {said}", err=True)

    with Watch(chosen, tables, store, _now, wrong, serving=serving, counts=counts) as watch:

        def look() -> None:
            told = watch.look(monitor.look(inbox))
            if told:
                click.echo(f"{told} changes of incidents")

        while not stop.is_set():
            if monotonic() - taken_at >= every:
                failed, taken_at = tried(taking.look, alone=once), monotonic()
            failed = tried(look, alone=once) or failed
            if failed is None:
                heartbeat.touch()
            if failed is not None and failed != said:
                click.echo(f"worker: {failed}. It is tried again.", err=True)
            said = failed
            if once:
                watch.flush()
                break
            stop.wait(min(every, LOOK_SECONDS))


@contextmanager
def _counting(chosen: Settings) -> "Iterator[Telemetry]":
    """Counts of this process, told to Prometheus at `WORKER_METRICS` meanwhile. Raises `SettingsInvalid`."""
    from prometheus_client import start_http_server

    from api.telemetry import Telemetry

    host, _, port = chosen.worker_metrics.rpartition(":")
    counts = Telemetry()
    try:
        server, thread = start_http_server(int(port), host, counts.registry)
    except (OSError, OverflowError) as error:
        found = f"WORKER_METRICS: {chosen.worker_metrics} cannot be listened at ({error})"
        raise SettingsInvalid(f"{found}. Choose a free port of this machine.") from None
    try:
        yield counts
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _workers(
    chosen: Settings, lake: "Lake", store: "Store", serving: "Serving", counts: "Telemetry | None"
) -> "RequestWorkers":
    from msgspec.structs import asdict
    from structlog import get_logger

    from operations.inbox import Inbox
    from operations.requests import Requests
    from service.requests import RequestWork
    from service.working import RequestTurns, RequestWorkers, Worked

    log = get_logger("worker.request")

    def told(one: Worked) -> None:
        (log.info if one.error is None else log.warning)("worked", **asdict(one))

    def failed(said: str) -> None:
        click.echo(f"requests: {said}", err=True)

    turns = RequestTurns(Requests(store), RequestWork(lake, serving, Inbox(store), counts), _now, told=told)
    queue = chosen.queue_url.get_secret_value()
    return RequestWorkers(turns, threads=chosen.request_threads, queue_url=queue, failed=failed)


class Taking:
    """What comes in, and who is to be forgotten: looked for again and again."""

    def __init__(self, lake: "Lake", store: "Store", finisher: "Finisher | None") -> None:
        """`finisher` has erasures finished beside; without one they wait."""
        from operations.inbox import Inbox
        from service.erasing import Eraser

        self._lake, self._inbox, self._finisher = lake, Inbox(store), finisher
        self._eraser = Eraser(lake, store)
        self._refined, self._taken = False, 0

    def look(self) -> None:
        """Drain and refine what is there, whatever failed the last time, then forget."""
        from operations.drain import drain
        from warehouse.contracts import silver
        from warehouse.maintenance import gather
        from warehouse.refine import refine

        drained = drain(self._inbox, self._lake)
        if drained.changed or not self._refined:
            self._refined = False
            refine(self._lake)
            self._refined = True
            self._taken += 1
            if self._taken % GATHERED == 0:
                for table in (silver.TICKETS, silver.EVENTS, silver.SEARCH_EVENTS):
                    gather(self._lake, table)
        if drained.changed:
            click.echo(f"{drained.tickets} tickets, {drained.events} events")
        if self._eraser.look(_now()):
            click.echo("someone was forgotten")
        if self._finisher is not None:
            self._finisher.look()


def tried(work: Callable[[], None], *, alone: bool) -> str | None:
    """In a line why the work failed, such as a full disk or a database that is gone. `alone`: it is raised."""
    try:
        work()
    except Exception as error:
        if alone:
            raise
        return str(error) if isinstance(error, TicketlakeError | OSError) else type(error).__name__
    return None


def _now() -> datetime:
    """The wall clock: this is an edge."""
    return datetime.now(UTC)  # noqa: TID251
