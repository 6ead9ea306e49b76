"""`ticketlake worker`: the inbox into the lake, again and again."""

import signal
from threading import Event
from time import time  # noqa: TID251 the age of a heartbeat

import click

from warehouse.settings import settings

EXAMPLES = """\b
Examples:
  ticketlake worker
  ticketlake worker --once
  ticketlake worker --healthy
"""
HEALTHY_SECONDS = 60.0


@click.command(epilog=EXAMPLES)
@click.option("--every", type=click.FloatRange(0.1), default=5.0, show_default=True, help="Seconds between looks.")
@click.option("--once", is_flag=True, help="Drain what is there and end.")
@click.option("--healthy", is_flag=True, help="Exit 0 if a worker looked at the inbox within the last minute, else 1.")
def worker(every: float, once: bool, healthy: bool) -> int:
    """Drain the inbox into bronze and refine silver, exactly once, until interrupted."""
    from operations.drain import drain
    from operations.inbox import Inbox
    from operations.store import open_store
    from warehouse.delta import Lake
    from warehouse.refine import refine

    chosen = settings()
    heartbeat = chosen.lake_root / "operations" / "worker.heartbeat"
    if healthy:
        return 0 if heartbeat.exists() and time() - heartbeat.stat().st_mtime < HEALTHY_SECONDS else 1
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    inbox, lake = Inbox(open_store(chosen.database_url)), Lake(chosen.lake_root)
    while not stop.is_set():
        heartbeat.touch()
        drained = drain(inbox, lake)
        if drained.changed:
            refine(lake)
            click.echo(f"{drained.tickets} tickets, {drained.events} events")
        if once:
            break
        stop.wait(every)
    return 0
