"""`ticketlake demo`: stories that are lived through in a lake of their own."""

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from cli.examples import Exampled
from warehouse.settings import Settings, load, process_environment

EXAMPLES = """\b
Examples:
  ticketlake demo loop
  ticketlake demo loop --json
  ticketlake demo loop --keep loop-lake
"""
FAMILIES = "majority,naive_bayes,logistic"
"""Learned in seconds."""


@click.group(cls=Exampled, epilog=EXAMPLES)
def demo() -> None:
    """Stories that are lived through in a lake of their own, with simulated tickets and wall times."""


@demo.command()
@click.option("--tickets", type=click.IntRange(300), default=600, show_default=True, help="Simulated.")
@click.option("--keep", type=click.Path(file_okay=False, path_type=Path), help="Directory to keep the lake in.")
@click.option("--json", "as_json", is_flag=True, help="The story as the last line of stdout.")
def loop(tickets: int, keep: Path | None, as_json: bool) -> int:
    """A label appears that no model knows; people correct; a challenger learns it, is judged, serves, is put back."""
    with TemporaryDirectory(prefix="ticketlake-loop-") as folder:
        root = keep.resolve() if keep is not None else Path(folder)
        told = [sys.executable, "-m", "cli.demo_loop", str(tickets), *(["--json"] if as_json else [])]
        return subprocess.run(told, env=_environment(load(lake_root=root), root), check=False).returncode


def _environment(chosen: Settings, root: Path) -> dict[str, str]:
    """Settings of a lake that is built in a minute; an encoder that was chosen stays."""
    usual = chosen.encoder == Settings.model_fields["encoder"].default
    store = f"sqlite:///{root / 'operations' / 'store.db'}"
    given = {"LAKE_ROOT": str(root), "DATABASE_URL": store, "FAMILIES": FAMILIES}
    return process_environment(chosen, **given, ENCODER="minilm" if usual else chosen.encoder)
