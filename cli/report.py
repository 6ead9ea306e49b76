"""`ticketlake report`: documents about the released models."""

import shutil
from pathlib import Path

import click
import msgspec

from warehouse.settings import settings

EXAMPLES = """\b
Examples:
  ticketlake report
  ticketlake report --out docs/models
"""


@click.command(epilog=EXAMPLES)
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), help="Folder; default LAKE_ROOT/reports/models."
)
def report(out: Path | None) -> None:
    """Write what the released models are worth, from their cards: an overview, a page a target, how to repeat it."""
    from ml import documents
    from ml.classify.decisions import NAME, Policy
    from ml.study.report import FOLDER, PAGE, PLOT
    from warehouse.contracts.errors import TABLES
    from warehouse.delta import Lake
    from warehouse.releases import open_release

    root = settings().lake_root
    lake, release = Lake(root), open_release(root)
    usual = root / FOLDER
    folder = out or usual
    found = {
        name: release.artifacts[f"models/{name}"]
        for name in documents.CHAMPIONS
        if f"models/{name}" in release.artifacts
    }
    policy = release.artifact(NAME) if NAME in release.artifacts else None
    decided = msgspec.to_builtins(Policy.load(policy.path).thresholds) if policy else {}
    errors = {table: lake.read(table) for table in TABLES} if all(lake.exists(table) for table in TABLES) else {}
    pages = documents.write(
        release.id,
        {name: {**model.card, "decisions": decided.get(name, {})} for name, model in found.items()},
        {name: model.digest for name, model in found.items()},
        errors,
        folder,
        studied=(usual / PAGE).exists(),
    )
    if folder.resolve() != usual:
        for name in (PAGE, PLOT):
            if (usual / name).exists():
                shutil.copy(usual / name, folder / name)
    click.echo(f"{len(pages)} pages in {folder}, first {pages[0]}")
