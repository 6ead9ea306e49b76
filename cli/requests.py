"""`ticketlake requests`: tickets that are worked on in the background, and those that were given up."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, get_args

import click

from cli.examples import Exampled
from operations.request_rows import State
from warehouse.errors import NotKnown
from warehouse.settings import settings

if TYPE_CHECKING:
    from operations.requests import Requests

EXAMPLES = """\b
Examples:
  ticketlake requests list --status dead
  ticketlake requests show RQ-0f1e2d3c4b5a69788796a5b4
  ticketlake requests replay RQ-0f1e2d3c4b5a69788796a5b4
  ticketlake requests replay --all
"""


@click.group(cls=Exampled, epilog=EXAMPLES)
def requests() -> None:
    """Tickets that are worked on in the background, as workers keep them."""


@requests.command("list")
@click.option("--status", type=click.Choice(get_args(State)), help="Only these.  [default: all]")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True)
def list_(status: State | None, limit: int) -> None:
    """The newest first."""
    from operations.request_rows import Wanted

    found = _requests().page(Wanted(state=status), limit)
    for one in found:
        about = [one.ticket_id, one.category, one.priority, one.last_error and f"{one.attempts} times {one.last_error}"]
        told = "  ".join(part for part in about if part)
        click.echo(f"{one.id}  {one.state:<7}  {one.received_at:%Y-%m-%d %H:%M}  {told}")
    if not found:
        click.echo("nothing")


@requests.command()
@click.argument("request_id")
def show(request_id: str) -> None:
    """Everything about one, as JSON."""
    import msgspec

    from service.request_views import view

    found = _requests().find([request_id])
    if not found:
        raise NotKnown(request_id, "`ticketlake requests list` names those that are known")
    click.echo(msgspec.json.format(msgspec.json.encode(view(found[0])), indent=2).decode())


@requests.command()
@click.argument("request_ids", nargs=-1)
@click.option("--all", "every", is_flag=True, help="All that were given up.")
def replay(request_ids: tuple[str, ...], every: bool) -> None:
    """Queue those again that were given up, or that are done and are to be done anew; a worker finds them."""
    if every == bool(request_ids):
        raise click.UsageError("name requests, or say --all")
    again = _requests().replay(_now(), None if every else request_ids)
    click.echo(f"{len(again):,} requests are queued again")


def _requests() -> "Requests":
    from operations.requests import Requests
    from operations.store import open_store

    return Requests(open_store(settings().database_url))


def _now() -> datetime:
    """The wall clock: this is an edge."""
    return datetime.now(UTC)  # noqa: TID251
