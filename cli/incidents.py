"""`ticketlake incidents`: what goes wrong, in the terminal or as a page."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli.examples import Exampled
from warehouse.errors import NotKnown
from warehouse.settings import settings

if TYPE_CHECKING:
    from operations.incidents import IncidentStore
    from operations.store import Store
    from service.incident_views import View
    from warehouse.delta import Lake

EXAMPLES = """\b
Examples:
  ticketlake incidents list
  ticketlake incidents show INC-0f1e2d3c4b5a6978
  ticketlake incidents report INC-0f1e2d3c4b5a6978 --out incident.html
  ticketlake incidents replay
"""


@click.group(cls=Exampled, epilog=EXAMPLES)
def incidents() -> None:
    """What goes wrong: signals that belong together, as the worker keeps them."""


@incidents.command("list")
@click.option("--all", "every", is_flag=True, help="Also those that are over.")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True)
def list_(every: bool, limit: int) -> None:
    """The newest first."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from service.incident_views import listed

    store = _store()[1]
    found, _ = listed(store, [] if every else ["open", "calm"], limit, None)
    table = Table("incident", "state", "severity", "since", "tickets", "customers", "what", box=None)
    for one in found:
        counts = (f"{one.tickets:,}", f"{one.customers:,}")
        name = escape(one.name)
        table.add_row(one.incident_id, one.state, one.severity, f"{one.opened_at:%Y-%m-%d %H:%M}", *counts, name)
    Console().print(table if found else "nothing")


@incidents.command()
@click.argument("incident_id")
def show(incident_id: str) -> None:
    """Everything about one, as JSON."""
    import msgspec

    click.echo(msgspec.json.format(msgspec.json.encode(_view(incident_id)), indent=2).decode())


@incidents.command()
@click.argument("incident_id")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="File to write.  [default: stdout]")
def report(incident_id: str, out: Path | None) -> None:
    """One page of HTML that opens without a network."""
    from service.incident_page import page

    text = page(_view(incident_id), _now())
    if out is None:
        click.echo(text)
    else:
        out.write_text(text, encoding="utf-8")


@incidents.command()
def replay() -> None:
    """Send again what webhooks were never told because they did not answer."""
    from cli.operator import operator
    from operations.audit import AuditLog
    from operations.outbox import Outbox

    store, moment = _opened()[1], _now()
    count = Outbox(store).replay(moment)
    if count:
        AuditLog(store).append(operator().did("webhooks.replay", "outbox", moment, messages=str(count)))
    click.echo(f"{count:,} messages wait to be sent again")


def _opened() -> "tuple[Lake, Store]":
    from operations.store import open_store
    from warehouse.delta import Lake

    chosen = settings()
    return Lake(chosen.lake_root), open_store(chosen.database_url)


def _store() -> "tuple[Lake, IncidentStore]":
    from operations.incidents import IncidentStore
    from service.incident_views import ready

    lake, opened = _opened()
    store = IncidentStore(opened)
    ready(lake, store)
    return lake, store


def _view(incident_id: str) -> "View":
    from service.incident_views import view

    found = view(*_store(), incident_id)
    if found is None:
        raise NotKnown(incident_id, "`ticketlake incidents list --all` names those that are known")
    return found


def _now() -> datetime:
    """The wall clock: this is an edge."""
    return datetime.now(UTC)  # noqa: TID251
