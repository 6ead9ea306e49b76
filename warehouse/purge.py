"""Taking rows away for good: out of the newest version, and then every older version with them.

A table that was purged has one version left. Older versions are answered with it, because what they held may no longer
be read; who followed the table up to its last change of rows goes on from there, and who was behind begins anew.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import unquote

import polars as pl

from warehouse.contracts import bronze
from warehouse.delta import Lake
from warehouse.kept import PURGED
from warehouse.table import Table
from warehouse.tombstones import MARK, Tombstones

SCRUBBED = "scrubbed"
"""Under this bronze records the version that last took bytes away; until it is purged they lie in old files."""


def scrub(lake: Lake, table: Table, gone: pl.DataFrame, stones: Tombstones) -> int:
    """Take the bytes of bronze rows (`sequence`, `record_hash`) away; the rows stay and keep their places."""
    fresh = gone.filter(~pl.col("record_hash").str.starts_with(MARK)).unique("sequence")
    marked = pl.col("record_hash").map_elements(stones.marked, return_dtype=pl.String)
    return rewrite(lake, table, fresh.select("sequence", marked, record=pl.lit(None, pl.Binary)))


def rewrite(lake: Lake, table: Table, rows: pl.DataFrame) -> int:
    """Put other bytes into bronze rows (`sequence`, `record_hash`, `record`); how many. They keep their places."""
    if rows.is_empty():
        return 0
    with lake.lock(table):
        merge = lake.open(table).merge(
            rows,
            "s.sequence = t.sequence",
            source_alias="s",
            target_alias="t",
            commit_properties=lake.commit(table, {SCRUBBED: (lake.version(table) or 0) + 1}, data=True),
        )
        merge.when_matched_update({"record_hash": "s.record_hash", "record": "s.record"}).execute()
    return rows.height


def rest(lake: Lake) -> None:
    """Purge the tables of bronze out of which bytes were taken since they were purged last."""
    for table in bronze.TABLES:
        scrubbed = lake.progress(table, SCRUBBED)
        if scrubbed is not None and scrubbed > (lake.progress(table, PURGED) or -1):
            purge(lake, table)


def purge(lake: Lake, table: Table) -> int:
    """Leave one version of the table, whose files hold its rows and nothing else; how many files went.

    Killed at any point it may be done again. Readers that are under way with an older version lose its files.
    """
    if not lake.exists(table):
        return 0
    with lake.lock(table):
        lake.append(table, [], progress={PURGED: lake.data_version(table) or 0})
        delta = lake.open(table)
        delta.create_checkpoint()
        gone = [*_older_log(lake.path(table), delta.version()), *_unused(lake, table, delta.file_uris())]
        for file in gone:
            file.unlink(missing_ok=True)
    return len(gone)


def _older_log(folder: Path, version: int) -> Iterator[Path]:
    """The oldest first, so that what is left has no gap whenever this ends."""
    for file in sorted((folder / "_delta_log").iterdir()):
        stem = file.name.split(".", maxsplit=1)[0]
        if stem.isdigit() and int(stem) < version:
            yield file


def _unused(lake: Lake, table: Table, used: Iterable[str]) -> Iterator[Path]:
    """Data files that the newest version does not refer to, and those of changes; under the table's lock."""
    names = {unquote(uri.rsplit("/", maxsplit=1)[-1]) for uri in used}
    yield from (file for file in lake.path(table).rglob("*.parquet") if _is_data(file) and file.name not in names)


def _is_data(file: Path) -> bool:
    return "_delta_log" not in file.parts
