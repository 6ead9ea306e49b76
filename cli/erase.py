"""`ticketlake erase`: forget a customer or a ticket, everywhere below LAKE_ROOT."""

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from cli.operator import operator
from warehouse.settings import settings

if TYPE_CHECKING:
    from operations.store import Store
    from warehouse.delta import Lake

EXAMPLES = """\b
Examples:
  ticketlake erase --customer CUST-0042 --reason "request of 2 March" --now
  ticketlake erase --ticket TK-2026-004711 --reason "sent by mistake"
  ticketlake erase --finish
"""


@click.command(epilog=EXAMPLES)
@click.option("--customer", help="Id of the customer: they and all their tickets.")
@click.option("--ticket", help="Id of a ticket.")
@click.option("--reason", default="asked for on the command line", show_default=True, help="Kept with the receipt.")
@click.option("--who", default="command line", show_default=True, help="Who asks for it.")
@click.option("--now", "at_once", is_flag=True, help="Carry it out here; else the worker does.")
@click.option("--finish", "finishing", is_flag=True, help="Build and take older versions away for what is forgotten.")
def erase(*, customer: str | None, ticket: str | None, reason: str, who: str, at_once: bool, finishing: bool) -> None:
    """Forget a customer or a ticket: what was received, what was made of it, and every older version.

    The receipt is printed as JSON.
    """
    from contextlib import closing

    from operations.entries import fault_of_ticket
    from operations.erasures import Erasures
    from operations.store import open_store
    from service.erasing import Eraser, ask
    from warehouse.delta import Lake

    if bool(customer) + bool(ticket) + finishing != 1:
        raise click.UsageError("Give one of --customer, --ticket and --finish.")
    if ticket and (fault := fault_of_ticket(ticket)):
        raise click.BadParameter(f"{ticket!r} {fault}.", param_hint="--ticket")
    chosen = settings()
    lake = Lake(chosen.lake_root)
    with closing(open_store(chosen.database_url)) as store:
        if customer or ticket:
            kind, subject = ("customer", customer) if customer else ("ticket", ticket)
            asked, _ = ask(
                lake,
                store,
                kind,  # type: ignore[arg-type]
                subject or "",
                who=who,
                reason=reason,
                at=_now(),
                by=operator(),
            )
            if at_once:
                Eraser(lake, store).look(_now())
            else:
                click.echo(asked.erasure_id)
        if at_once or finishing:
            for done in _finish(lake, store):
                found = Erasures(store).find(done)
                click.echo(json.dumps(_receipt(found), default=str))


def _finish(lake: "Lake", store: "Store") -> list[str]:
    from filelock import FileLock

    from orchestration.build import build, outcome
    from service.erasing import finish

    def run(job: str) -> None:
        merged = {"index": {"merge": True}}
        outcome(build(lake.root, job=job, config=merged))

    with FileLock(lake.root / ".locks" / "erasing.lock"):
        return [one.erasure_id for one in finish(lake.root, store, run, now=_now)]


def _receipt(found: object) -> dict[str, object]:
    names = ("erasure_id", "kind", "who", "reason", "requested_at", "completed_at", "receipt", "models")
    return {name: getattr(found, name) for name in names}


def _now() -> datetime:
    """The wall clock: this is an edge."""
    return datetime.now(UTC)  # noqa: TID251
