"""`ticketlake events`: the catalogue of events."""

import json
from pathlib import Path

import click

from cli.examples import Exampled

EXAMPLES = """\b
Examples:
  ticketlake events schema
  ticketlake events schema LabelCorrected.v2.json
  ticketlake events schema --write docs/events
"""


@click.group(cls=Exampled, epilog=EXAMPLES)
def events() -> None:
    """Types of events, with the schema of each version."""


@events.command()
@click.argument("name", required=False)
@click.option("--write", "folder", type=click.Path(file_okay=False, path_type=Path), help="Bring a folder up to date.")
def schema(name: str | None, folder: Path | None) -> None:
    """Name every schema, print one as JSON, or write all of them with the page that explains them.

    A version that was written before is not changed: that is refused, with what to do instead.
    """
    from operations.event_schemas import schemas, write

    known = schemas()
    if folder is not None:
        changed = write(folder)
        click.echo("\n".join(changed) if changed else "up to date")
    elif name is None:
        click.echo("\n".join(sorted(known)))
    elif name in known:
        click.echo(json.dumps(known[name], indent=1, sort_keys=True))
    else:
        raise click.UsageError(f"{name} is no schema; `ticketlake events schema` names them.")
