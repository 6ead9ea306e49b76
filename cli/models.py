"""`ticketlake models`: which there are, what was decided about them, and what people decide instead."""

import json
from datetime import UTC, datetime
from getpass import getuser
from typing import TYPE_CHECKING, Any

import click

from cli.examples import Exampled
from warehouse.settings import settings

if TYPE_CHECKING:
    from operations.events import Actor
    from operations.inbox import Inbox
    from warehouse.delta import Lake

EXAMPLES = """\b
Examples:
  ticketlake models list
  ticketlake models show category
  ticketlake models compare category 1f0c 93ab
  ticketlake models promote category 93ab --reason "agents asked for it"
  ticketlake models rollback --reason "calls every invoice a login"
  ticketlake models rollback 000007-0f1e2d3c4b5a --reason "as it was on Monday" --as dana
  ticketlake models reproduce 5f2b7c0e9d
"""
WIDE = 160
as_json_option = click.option("--json", "as_json", is_flag=True, help="As one line of JSON.")
reason_option = click.option("--reason", required=True, help="Why, for those who ask later; part of the event.")
as_option = click.option("--as", "who", help="Who decides.  [default: the user of the system]")


@click.group(cls=Exampled, epilog=EXAMPLES)
def models() -> None:
    """Models: a challenger serves when the gate promotes it, or when somebody decides so here."""


@models.command("list")
@click.option("--target", help="Of this target alone, such as category.")
@as_json_option
def list_(target: str | None, as_json: bool) -> None:
    """Every model that is kept: the one that serves, those that were promoted, those that were refused and why."""
    from orchestration.shown import listed

    found = [one for one in listed(_lake()) if target is None or one["name"] == f"models/{target}"]
    if as_json:
        click.echo(json.dumps(found))
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table("model", "digest", "state", "trained", "gain", "why", box=None, header_style="bold")
    for one in found:
        gain = "" if one["gain"] is None else f"{100 * one['gain']:+.1f}"
        why = escape(next(iter(one["reasons"]), ""))
        table.add_row(one["name"], one["digest"][:12], one["state"], one["trained_at"][:16], gain, why)
    console = Console()
    if not console.is_terminal:
        console.width = WIDE
    console.print(table if found else "nothing")


@models.command()
@click.argument("name")
@click.argument("digest", required=False)
@as_json_option
def show(name: str, digest: str | None, as_json: bool) -> None:
    """The card of model NAME, such as category, and what the gate said of it; the one that serves without DIGEST."""
    from orchestration.shown import card, find

    lake = _lake()
    _print(card(lake, find(lake, name, digest)), as_json)


models.add_command(show, "card")


@models.command()
@click.argument("name")
@click.argument("one")
@click.argument("other", required=False)
@as_json_option
def compare(name: str, one: str, other: str | None, as_json: bool) -> None:
    """Two models of NAME by (the start of) their digests; ONE beside the one that serves without OTHER."""
    from orchestration.shown import compared, find

    lake = _lake()
    _print(compared(lake, find(lake, name, one), find(lake, name, other)), as_json)


@models.command()
@click.argument("name")
@click.argument("digest")
@reason_option
@as_option
@as_json_option
def promote(name: str, digest: str, reason: str, who: str | None, as_json: bool) -> None:
    """Let model NAME of that DIGEST serve from now on, whatever the gate said. Lifts its pin."""
    from cli.operator import operator
    from orchestration.replacing import promote as run
    from orchestration.shown import find

    lake = _lake()
    model = find(lake, name, digest)
    release = run(lake, _inbox(), model, actor=_actor(who), by=operator(), reason=reason, now=_now())
    said = {"release": release.id, "name": model.name, "digest": model.digest}
    _say(said, f"{model.name} {model.digest[:12]} serves, in release {release.id}", as_json)


@models.command()
@click.argument("release", required=False)
@reason_option
@as_option
@as_json_option
def rollback(release: str | None, reason: str, who: str | None, as_json: bool) -> None:
    """Serve an earlier RELEASE again: the newest one with other models and none less, or the one that is named.

    Its models are pinned: later builds bring new tickets, and keep these models until one is promoted.
    """
    from cli.operator import operator
    from orchestration.replacing import rollback as run

    opened, held = run(_lake(), _inbox(), release, actor=_actor(who), by=operator(), reason=reason, now=_now())
    gone = [name for name in held if name not in opened.manifest.artifacts]
    kept = f"; pinned until `ticketlake models promote`: {', '.join(held)}" if held else ""
    without = f"; it has none of: {', '.join(gone)}, and nothing answers for them but the baseline" if gone else ""
    said = {"release": opened.id, "pinned": held, "without": gone}
    _say(said, f"release {opened.id} serves again{kept}{without}", as_json)


@models.command()
@click.argument("prediction_id")
@as_json_option
def reproduce(prediction_id: str, as_json: bool) -> None:
    """Ask the models of that release again what they said under PREDICTION_ID, and tell what differs."""
    from operations.store import open_store
    from service.reproducing import reproduce as run

    found = run(_lake(), open_store(settings().database_url), prediction_id)
    same = "the same answers" if found.same else "other answers"
    _say(found.as_dict(), f"release {found.release}: {same}\n" + "\n".join(found.lines()), as_json)


def _print(found: dict[str, Any], as_json: bool) -> None:
    click.echo(json.dumps(found, default=str) if as_json else json.dumps(found, indent=1, default=str))


def _say(found: dict[str, Any], line: str, as_json: bool) -> None:
    click.echo(json.dumps(found) if as_json else line)


def _lake() -> "Lake":
    from warehouse.delta import Lake

    return Lake(settings().lake_root)


def _inbox() -> "Inbox":
    from operations.inbox import Inbox
    from operations.store import open_store

    return Inbox(open_store(settings().database_url))


def _actor(who: str | None) -> "Actor":
    from operations.events import Actor

    return Actor("agent", who or getuser())


def _now() -> datetime:
    """The wall clock: this is an edge."""
    return datetime.now(UTC)  # noqa: TID251
