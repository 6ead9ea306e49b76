"""Keeping tables small: compaction, and removal of files that nothing refers to."""

from dataclasses import dataclass

from warehouse.delta import Lake
from warehouse.table import Table

RETENTION_HOURS = 7 * 24


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
