"""Who works at this terminal, and what they are told of keys."""

import os
from datetime import UTC, datetime

import click

from operations.audit import Who
from warehouse.settings import Settings


def operator() -> Who:
    """Whoever runs this command: who may read the store needs no key, but is named in the audit log."""
    import pwd

    try:
        name = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        name = str(os.getuid())
    return Who(subject=f"terminal:{name}", role="operator")


def tell_of_doors(chosen: Settings) -> None:
    """Say that doors are open; where they are not and there is no key yet, make the first one and show it once.

    Raises `SettingsInvalid` for doors that are open beyond loopback and were not confirmed.
    """
    if not chosen.guarded:
        who = "Whoever reaches this address" if chosen.exposed else "Everybody on this machine"
        click.echo(f"No key is needed (API_AUTH={chosen.api_auth}): {who.lower()} may read and change all.", err=True)
        return
    from contextlib import closing

    from operations.keys import Keys
    from operations.store import open_store

    with closing(open_store(chosen.database_url)) as store:
        made = Keys(store).first(by=operator(), now=now())
    if made is not None:
        click.echo(f"The first key, of role admin. It is shown this once:\n\n  {made[1]}\n", err=True)
        click.echo("Make others with `ticketlake keys make`, and then revoke this one.", err=True)


def now() -> datetime:
    """The wall clock: this is an edge."""
    return datetime.now(UTC)  # noqa: TID251
