"""`ticketlake worker`: the inbox into the lake, again and again."""

import signal
from threading import Event

import click

from warehouse.settings import settings

EXAMPLES = """\b
Examples:
  ticketlake worker
  ticketlake worker --once
"""


@click.command(epilog=EXAMPLES)
@click.option("--every", type=click.FloatRange(0.1), default=5.0, show_default=True, help="Seconds between looks.")
@click.option("--once", is_flag=True, help="Drain what is there and end.")
def worker(every: float, once: bool) -> None:
    """Drain the inbox into bronze and refine silver, exactly once, until interrupted."""
    from warehouse.refine import refine

    from operations.drain import drain
    from operations.inbox import Inbox
    from operations.store import open_store
    from warehouse.delta import Lake

    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    chosen = settings()
    inbox, lake = Inbox(open_store(chosen.database_url)), Lake(chosen.lake_root)
    while not stop.is_set():
        drained = drain(inbox, lake)
        if drained.changed:
            refine(lake)
            click.echo(f"{drained.tickets} tickets, {drained.events} events")
        if once:
            return
        stop.wait(every)
