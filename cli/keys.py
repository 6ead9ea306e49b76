"""`ticketlake keys`: who may call the API, and who changed what."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from cli.examples import Exampled
from cli.operator import now, operator
from warehouse.settings import settings

if TYPE_CHECKING:
    from operations.audit import AuditRow
    from operations.keys import ApiKey
    from operations.store import Store

ROLES = ("agent", "lead", "service", "admin")
EXAMPLES = """\b
Examples:
  ticketlake keys make A-7 --role agent
  ticketlake keys make helpdesk-import --role service --days 365 --rate 12000
  ticketlake keys list
  ticketlake keys rotate 3f9c0a1b2d4e --grace-hours 24
  ticketlake keys revoke 3f9c0a1b2d4e
  ticketlake keys log --json
"""
AS_JSON = click.option("--json", "as_json", is_flag=True, help="For programs.")


@click.group(cls=Exampled, epilog=EXAMPLES)
def keys() -> None:
    """Keys of callers. Only their hashes are kept: a key is shown once, when it is made.

    \b
    agent    reads, gives feedback, reviews
    lead     also changes policy, decides about incidents, replays
    service  also sends tickets, events and requests, and reads what is measured
    admin    all of that, and keys, erasures, models
    """


@keys.command("list")
@click.option("--all", "every", is_flag=True, help="Also those that ended.")
@AS_JSON
def list_(every: bool, as_json: bool) -> None:
    """Who may call."""
    from operations.keys import Keys

    moment = now()
    found = [key for key in Keys(_store()).all() if every or key.state(moment) == "valid"]
    if as_json:
        _print([_shown(key, moment) for key in found])
        return
    _table(("key", "role", "state", "a minute", "ends", "name"), [_row(key, moment) for key in found])


@keys.command()
@click.argument("name")
@click.option("--role", type=click.Choice(ROLES), required=True, help="What it may do.")
@click.option("--days", type=click.IntRange(1, 36_500), help="Days that it holds.  [default: until it is revoked]")
@click.option("--rate", type=click.IntRange(1, 1_000_000), help="Requests a minute.  [default: 600, service 6,000]")
@AS_JSON
def make(name: str, role: Any, days: int | None, rate: int | None, as_json: bool) -> None:
    """Make a key for NAME: an agent's id, as events name it, or what a program is called."""
    from operations.keys import Keys

    moment = now()
    end = None if days is None else moment + timedelta(days=days)
    _show(*Keys(_store()).make(name, role, by=operator(), now=moment, expires_at=end, rate=rate), as_json=as_json)


@keys.command()
@click.argument("key_id")
@click.option("--grace-hours", type=click.FloatRange(0), default=24.0, show_default=True, help="The old one goes on.")
@AS_JSON
def rotate(key_id: str, grace_hours: float, as_json: bool) -> None:
    """Make a key like this one, which ends after a while."""
    from operations.keys import Keys

    grace = timedelta(hours=grace_hours)
    _show(*Keys(_store()).rotate(key_id, by=operator(), now=now(), grace=grace), as_json=as_json)


@keys.command()
@click.argument("key_id")
@AS_JSON
def revoke(key_id: str, as_json: bool) -> None:
    """End a key, and every token made of it, within seconds."""
    from operations.keys import Keys

    moment = now()
    ended = Keys(_store()).revoke(key_id, by=operator(), now=moment)
    if as_json:
        _print(_shown(ended, moment))
    else:
        click.echo(f"{key_id} ({ended.name}, {ended.role}) opens nothing any more")


@keys.command()
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True)
@AS_JSON
def log(limit: int, as_json: bool) -> None:
    """Who changed what: the newest first."""
    import msgspec

    from operations.audit import AuditLog

    rows = AuditLog(_store()).page(limit)
    if as_json:
        _print([msgspec.to_builtins(row) for row in rows])
        return
    _table(("when", "what", "of", "who", "ids"), [_line(row) for row in rows])


def _row(key: "ApiKey", moment: datetime) -> tuple[str, ...]:
    ends = "" if key.expires_at is None else f"{key.expires_at:%Y-%m-%d}"
    return (key.key_id, key.role, key.state(moment), f"{key.rate:,}", ends, key.name)


def _line(row: "AuditRow") -> tuple[str, ...]:
    ids = ", ".join(f"{name} {value}" for name, value in row.detail.items())
    return (f"{row.at:%Y-%m-%d %H:%M}", row.action, row.object, row.subject, ids)


def _show(made: "ApiKey", secret: str, *, as_json: bool) -> None:
    if as_json:
        _print({**_shown(made, made.made_at), "secret": secret})
        return
    click.echo(f"{made.role} {made.name}, {made.rate:,} requests a minute, {_end(made)}", err=True)
    click.echo("It is shown this once:", err=True)
    click.echo(secret)


def _shown(key: "ApiKey", moment: datetime) -> dict[str, Any]:
    """A key without its hash."""
    import msgspec

    said: dict[str, Any] = msgspec.to_builtins(key)
    del said["hash"]
    return {**said, "state": key.state(moment)}


def _print(value: Any) -> None:
    import msgspec

    click.echo(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())


def _table(columns: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Column, Table

    table = Table(*(Column(name, overflow="fold") for name in columns), box=None)
    for row in rows:
        table.add_row(*map(escape, row))
    Console().print(table if rows else "nothing")


def _end(key: "ApiKey") -> str:
    return "holds until it is revoked" if key.expires_at is None else f"ends {key.expires_at:%Y-%m-%d %H:%M} UTC"


def _store() -> "Store":
    from operations.store import open_store

    return open_store(settings().database_url)
