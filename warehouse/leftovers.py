"""What is left of someone below the lake's directory: a search through every file, and what is done about it."""

import gzip
import os
import re
import zlib
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

import polars as pl

from warehouse import marts, releases
from warehouse.contracts import silver
from warehouse.contracts.inventory import TABLES
from warehouse.delta import Lake
from warehouse.table import Table

BLOCK = 1 << 22
TELLING = 6
"""Characters from which on an id is found by its bytes alone; what is shorter, or a word, may stand anywhere."""
LISTED = "ticket_ids"
PACKED = (".parquet", ".gz")
DISPOSABLE = ("dbt/warehouse.duckdb", "dbt/warehouse.duckdb.wal", "dbt/target", "dbt/logs")
"""What is made anew whenever it is missing."""


def telling(id_: str) -> bool:
    """Whether whatever holds these characters says this id."""
    return len(id_) >= TELLING and not id_.isalpha()


def found(root: Path, words: Collection[str], *, apart: Iterable[str] = ()) -> list[Path]:
    """Every file below `root` whose bytes hold one of the words, those within Parquet's and gzip's pages included."""
    skipped = {root / one for one in apart}
    files = (file for file in sorted(root.rglob("*")) if file.is_file() and not file.is_symlink())
    return [file for file in files if not skipped & {file, *file.parents} and mentions(file, words)]


def mentions(file: Path, words: Collection[str]) -> bool:
    """Whether the file's bytes hold one of the words, as UTF-8 or UTF-16, raw or unpacked. One that is gone: no."""
    wanted = [spelt for word in words if word for spelt in (word.encode(), word.encode("utf-16-le"))]
    if not wanted:
        return False
    pattern = re.compile(b"|".join(re.escape(one) for one in sorted(wanted, key=len, reverse=True)))
    longest = max(map(len, wanted))
    try:
        return any(pattern.search(block) for block in _blocks(file, longest)) or (
            file.suffix in PACKED and any(pattern.search(block) for block in _unpacked(file, longest))
        )
    except FileNotFoundError:
        return False


def said_by_others(lake: Lake, ids: Collection[str]) -> set[str]:
    """Of these ids those that what silver still holds says, whole or within a word, and those that do not tell."""
    said = {one for one in ids if not telling(one)}
    for table in silver.TABLES:
        if not lake.exists(table) or not (left := sorted(set(ids) - said)):
            continue
        texts = [name for name, dtype in table.schema.items() if dtype == pl.String]
        lists = [pl.col(name).list.join("\n") for name, dtype in table.schema.items() if dtype == pl.List(pl.String)]
        row = pl.concat_str([*texts, *lists], separator="\n", ignore_nulls=True)
        found = lake.scan(table).select(row.alias("row")).filter(pl.col("row").str.contains_any(left)).collect()
        said |= {one for one in left if found["row"].str.contains(one, literal=True).any()}
    return said


def hide(file: Path, words: Collection[str]) -> int:
    """Write asterisks over the words in a file that others may be adding to; how many places."""
    places = 0
    pattern = re.compile(b"|".join(re.escape(word.encode()) for word in sorted(words, key=len, reverse=True)))
    with file.open("r+b") as stream:
        for match in list(pattern.finditer(stream.read())):
            stream.seek(match.start())
            stream.write(b"*" * len(match[0]))
            places += 1
        stream.flush()
        os.fsync(stream.fileno())
    return places


def sweep(lake: Lake, tickets: Collection[str], customers: Collection[str]) -> dict[str, int]:
    """Delete derived rows that are still about them, and take their tickets out of lists; how many rows of each table.

    For tables that no build brings up to date by itself.
    """
    done: dict[str, int] = {}
    for table, mine, listed in _derived(lake, tickets, customers):
        keys = lake.scan(table).filter(mine).select(table.primary_key).collect()
        done[table.path] = lake.delete(table, keys).deleted
        if LISTED in table.schema:
            left = pl.element().filter(~pl.element().is_in(list(tickets)))
            rows = lake.scan(table).filter(listed).with_columns(pl.col(LISTED).list.eval(left)).collect()
            done[table.path] += lake.merge(table, rows.select(table.schema.names())).updated
    return {path: count for path, count in done.items() if count}


def about(lake: Lake, tickets: Collection[str], customers: Collection[str]) -> dict[str, int]:
    """How many derived rows are about them or list a ticket of theirs, by table."""
    counts = {
        table.path: lake.scan(table).filter(mine | listed).select(pl.len()).collect().item()
        for table, mine, listed in _derived(lake, tickets, customers)
    }
    return {path: count for path, count in counts.items() if count}


def _derived(
    lake: Lake, tickets: Collection[str], customers: Collection[str]
) -> Iterator[tuple[Table, pl.Expr, pl.Expr]]:
    """Derived tables that name tickets or customers; whether a row is about them, whether it lists one of theirs."""
    by = {"ticket_id": list(tickets), "customer_id": list(customers)}
    for table in TABLES:
        if not table.primary_key or table.layer in ("bronze", "silver") or not lake.exists(table):
            continue
        mine, listed = pl.lit(value=False), pl.lit(value=False)
        for name, ids in by.items():
            if name in table.schema:
                mine |= pl.col(name).is_in(ids)
        if LISTED in table.schema:
            listed = pl.col(LISTED).list.set_intersection(list(tickets)).list.len() > 0
        if LISTED in table.schema or by.keys() & table.schema.keys():
            yield table, mine.fill_null(value=False), listed.fill_null(value=False)


def drop_versions(root: Path) -> int:
    """Remove published metrics but the newest, and what dbt makes anew; how many files went."""
    kept = (root / marts.LINK).readlink().name if (root / marts.LINK).is_symlink() else None
    files = [file for file in (root / "metrics").glob("*") if file.is_file() and file.name != kept]
    for name in DISPOSABLE:
        place = root / name
        files += [file for file in place.rglob("*") if file.is_file()] if place.is_dir() else [place]
    gone = [file for file in files if file.exists()]
    for file in gone:
        file.unlink(missing_ok=True)
    return len(gone)


def drop_releases(lake: Lake) -> int:
    """Remove every release but the current one, and artifacts that it does not name; how many of both went.

    An earlier release is made of what was erased: nobody can go back to it.
    """
    current = releases.current(lake.root)
    if current is None:
        return 0
    return releases.forget_all_but(lake, current)


def _blocks(file: Path, longest: int) -> Iterator[bytes]:
    with file.open("rb") as stream:
        before = b""
        while block := stream.read(BLOCK):
            yield before + block
            before = block[-longest:]


def _unpacked(file: Path, longest: int) -> Iterator[bytes]:
    if file.suffix == ".gz":
        try:
            with gzip.open(file, "rb") as stream:
                before = b""
                while block := stream.read(BLOCK):
                    yield before + block
                    before = block[-longest:]
        except (OSError, EOFError, zlib.error):
            return
        return
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        parquet = pq.ParquetFile(file)
    except (pa.ArrowInvalid, OSError):
        return
    for batch in parquet.iter_batches(batch_size=4_096):
        for column in batch.columns:
            yield from _buffers(column)


def _buffers(column: object) -> Iterator[bytes]:
    for buffer in column.buffers():  # type: ignore[attr-defined]
        if buffer is not None:
            yield buffer.to_pybytes()
