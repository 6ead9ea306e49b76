"""Keeping tables small: compaction, and removal of files that nothing refers to."""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from warehouse import artifacts, releases
from warehouse.delta import Lake
from warehouse.errors import NotMaterialized
from warehouse.table import Table

RETENTION_HOURS = 7 * 24
MANY = 32
SMALL_BYTES = 4 * 1024 * 1024
"""What drains leave is gathered up to this size; larger files are left to `maintain`."""


@dataclass(frozen=True)
class Maintained:
    """What was done to one table."""

    files_merged: int
    files_removed: int


def maintain(lake: Lake, table: Table, *, keep_versions: list[int] | None = None) -> Maintained | None:
    """Merge small files into larger ones and vacuum what is older than a week; None where the table is not there.

    `keep_versions` are versions that a release or a card cites: their files stay. Rows do not change, so nothing
    downstream runs again.
    """
    if not lake.exists(table):
        return None
    with lake.lock(table):
        delta = lake.open(table)
        merged = delta.optimize.compact()["numFilesRemoved"]
        removed = lake.open(table).vacuum(
            retention_hours=RETENTION_HOURS, dry_run=False, keep_versions=keep_versions or None
        )
    return Maintained(files_merged=int(merged), files_removed=len(removed))


def gather(lake: Lake, table: Table) -> int:
    """Merge small files, where there are many; how many were. Who reads the table opens every one of its files."""
    if not lake.exists(table) or len(lake.files(table)) < MANY:
        return 0
    with lake.lock(table):
        return int(lake.open(table).optimize.compact(target_size=SMALL_BYTES)["numFilesRemoved"])


def pinned_versions(root: Path) -> dict[str, list[int]]:
    """Delta versions by table path that a kept release or a card in it cites: maintenance leaves their files alone.

    A card that is gone cites nothing.
    """
    pins: dict[str, set[int]] = {}
    for manifest in releases.history(root):
        cited = []
        for item in manifest.artifacts.items():
            with suppress(NotMaterialized):
                cited.append(artifacts.load(root, *item).inputs)
        for versions in (manifest.tables, *cited):
            for path, version in versions.items():
                pins.setdefault(path, set()).add(version)
    return {path: sorted(versions) for path, versions in sorted(pins.items())}
