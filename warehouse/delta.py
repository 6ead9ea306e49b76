"""Delta tables with contracts, locks and progress.

Three rules hold for whoever writes (guarantees 1 and 2 of the architecture):

- A write holds the table's lock from reading its inputs to the commit.
- The versions of the inputs that a write consumed are committed with its rows, as application transactions
  (Delta protocol, "Transaction Identifiers"), so after a kill a table knows where it stands without any cursor.
- A commit that changes rows also records its own version under `DATA`; commits that only move progress or only
  rearrange files do not. `Lake.data_version` is therefore the version that downstream steps compare.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any

import polars as pl

from warehouse.enforcement import check
from warehouse.reading import DATA, Tables, writable
from warehouse.streams import Counted, ahead, batches
from warehouse.table import Table

if TYPE_CHECKING:
    from deltalake import CommitProperties, WriterProperties

TARGET_FILE_BYTES = 64 * 1024 * 1024

_held: ContextVar[frozenset[str]] = ContextVar("held", default=frozenset())
"""Files of the locks that this flow of control holds."""


@dataclass(frozen=True)
class Commit:
    """What a write did: the table's Delta version afterwards, and rows by what happened to them."""

    table: Table
    version: int
    inserted: int = 0
    updated: int = 0
    deleted: int = 0

    @property
    def changed(self) -> bool:
        """Whether any row is different now."""
        return bool(self.inserted or self.updated or self.deleted)


class Lake(Tables):
    """The lake below one directory: every table read and written through its contract."""

    @contextmanager
    def lock(self, *tables: Table) -> Iterator[None]:
        """Hold the tables against every other writer, in another thread or process. Re-entrant."""
        from filelock import FileLock

        folder = self.root / ".locks"
        files = {str(folder / f"{table.path.replace('/', '.')}.lock") for table in tables}
        before = _held.get()
        with ExitStack() as stack:
            with writable(self.root):
                folder.mkdir(parents=True, exist_ok=True)
                for file in sorted(files - before):
                    # A lock of its own, because the system keeps apart whoever opened the file, not threads.
                    stack.enter_context(FileLock(file, thread_local=False))
            token = _held.set(before | files)
            try:
                yield
            finally:
                _held.reset(token)

    def append(
        self, table: Table, rows: pl.DataFrame | Iterable[pl.DataFrame], *, progress: Mapping[str, int] | None = None
    ) -> Commit:
        """Add rows in one commit; an iterable of frames is streamed. The caller vouches that their keys are new.

        What the iterable raises is raised here, and nothing is committed.
        """
        with self.lock(table):
            if isinstance(rows, pl.DataFrame):
                check(table, rows)
                return self._append_checked(table, [rows], progress or {})
            return self._append_checked(table, map(partial(check, table), rows), progress or {})

    def ensure(self, table: Table) -> None:
        """Make the table exist, empty if it has to."""
        if not self.exists(table):
            self.append(table, pl.DataFrame(schema=table.schema))

    def merge(self, table: Table, rows: pl.DataFrame, *, progress: Mapping[str, int] | None = None) -> Commit:
        """Insert rows whose key is new and update those that differ; rows that are the same are not rewritten."""
        with self.lock(table):
            check(table, rows)
            if not self.exists(table):
                return self._append_checked(table, [rows], progress or {})
            known = self.matching(table, rows.select(table.primary_key))
            new = rows.join(known, on=table.primary_key, how="anti", nulls_equal=True)
            changed = _differing(table, rows, known)
            if changed.is_empty():
                return self._append_checked(table, [new] if new.height else [], progress or {})
            self._merge_checked(table, [changed, new], progress or {})
            return Commit(table, self.open(table).version(), inserted=new.height, updated=changed.height)

    def upsert(self, table: Table, rows: Iterable[pl.DataFrame], *, progress: Mapping[str, int]) -> Commit:
        """`merge` of streamed rows. The caller vouches that each is new or differs, and that no key repeats."""
        with self.lock(table):
            before = self.row_count(table)
            counted = Counted(map(partial(check, table), rows))
            self._merge_checked(table, counted, progress)
            inserted = self.row_count(table) - before
            return Commit(table, self.open(table).version(), inserted=inserted, updated=counted.rows - inserted)

    def replace(self, table: Table, rows: pl.DataFrame, *, progress: Mapping[str, int] | None = None) -> Commit:
        """Make the table hold exactly these rows; the same rows in another order are the same."""
        with self.lock(table):
            check(table, rows)
            if not self.exists(table):
                return self._append_checked(table, [rows], progress or {})
            before = self.read(table)
            if _same_rows(before, rows):
                return self._append_checked(table, [], progress or {})
            self._write(table, rows, "overwrite", self.commit(table, progress or {}, data=True))
            return Commit(table, self.open(table).version(), inserted=rows.height, deleted=before.height)

    def delete(self, table: Table, keys: pl.DataFrame, *, progress: Mapping[str, int] | None = None) -> Commit:
        """Remove the rows with these keys (a frame of the primary-key columns)."""
        with self.lock(table):
            known = self.matching(table, keys).select(table.primary_key) if self.exists(table) else keys.clear()
            if known.is_empty():
                return self._append_checked(table, [], progress or {})
            commit = self.commit(table, progress or {}, data=True)
            merge = self.open(table).merge(
                known, _on(table), source_alias="s", target_alias="t", commit_properties=commit
            )
            merge.when_matched_delete().execute()
            return Commit(table, self.open(table).version(), deleted=known.height)

    def exchange(
        self, table: Table, known: pl.DataFrame, rows: pl.DataFrame, *, progress: Mapping[str, int] | None = None
    ) -> Commit:
        """`merge` of rows that stand in the place of those with the keys `known`: keys that no row has are deleted."""
        with self.lock(table):
            gone = known.select(table.primary_key).join(rows, on=table.primary_key, how="anti")
            deleted = self.delete(table, gone).deleted if gone.height else 0
            return replace(self.merge(table, rows, progress=progress), deleted=deleted)

    def _append_checked(self, table: Table, rows: Iterable[pl.DataFrame], progress: Mapping[str, int]) -> Commit:
        """Append what is left after `check`; where there is nothing, commit progress alone, if it moved."""
        counted = Counted(rows)
        exists = self.exists(table)
        first = next(counted, None)
        if first is None and exists:
            delta = self.open(table)
            if all(delta.transaction_version(source) == version for source, version in progress.items()):
                return Commit(table, delta.version())
        data = first is not None or not exists
        stream = chain([first if first is not None else pl.DataFrame(schema=table.schema)], counted)
        self._write(table, stream, "append", self.commit(table, progress, data=data))
        return Commit(table, self.open(table).version(), inserted=counted.rows)

    def _merge_checked(self, table: Table, rows: Iterable[pl.DataFrame], progress: Mapping[str, int]) -> None:
        import pyarrow as pa

        schema = pl.DataFrame(schema=table.schema).to_arrow().schema
        failure: list[BaseException] = []
        with ahead(rows) as made:
            merge = self.open(table).merge(
                pa.RecordBatchReader.from_batches(schema, batches(made, schema, failure)),
                _on(table),
                source_alias="s",
                target_alias="t",
                commit_properties=self.commit(table, progress, data=True),
                writer_properties=_writer(table),
            )
            try:
                merge.when_matched_update_all().when_not_matched_insert_all().execute()
            except Exception:
                if failure:
                    raise failure[0] from None
                raise

    def commit(self, table: Table, progress: Mapping[str, int], *, data: bool) -> "CommitProperties":
        """What rides on the table's next commit: progress, and with `data` that rows change; under the table's lock."""
        from deltalake import CommitProperties, Transaction

        version = self.version(table)
        own = {DATA: 0 if version is None else version + 1} if data else {}
        return CommitProperties(app_transactions=[Transaction(source, v) for source, v in {**progress, **own}.items()])

    def _write(
        self, table: Table, rows: "pl.DataFrame | Iterator[pl.DataFrame]", mode: Any, commit: "CommitProperties"
    ) -> None:
        import pyarrow as pa
        from deltalake import write_deltalake

        path = self.path(table)
        path.parent.mkdir(parents=True, exist_ok=True)
        frames = iter([rows]) if isinstance(rows, pl.DataFrame) else rows
        schema = pl.DataFrame(schema=table.schema).to_arrow().schema
        failure: list[BaseException] = []
        with ahead(frames) as made:
            reader = pa.RecordBatchReader.from_batches(schema, batches(made, schema, failure))
            try:
                write_deltalake(
                    path,
                    reader,
                    mode=mode,
                    configuration={"delta.enableChangeDataFeed": "true"},
                    target_file_size=TARGET_FILE_BYTES,
                    writer_properties=_writer(table),
                    commit_properties=commit,
                    description=table.grain,
                )
            except Exception:
                if failure:
                    raise failure[0] from None
                raise


def _on(table: Table) -> str:
    return " AND ".join(f"s.{name} = t.{name}" for name in table.primary_key)


def _differing(table: Table, rows: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    values = [name for name in table.schema if name not in table.primary_key]
    if not values:
        return rows.clear()
    paired = rows.join(known, on=table.primary_key, how="inner", suffix="__known")
    differs = pl.any_horizontal(pl.col(name).ne_missing(pl.col(f"{name}__known")) for name in values)
    return paired.filter(differs).select(table.schema.names())


def _same_rows(before: pl.DataFrame, after: pl.DataFrame) -> bool:
    """Whether two frames hold the same rows in any order."""
    if before.height != after.height:
        return False
    if before.equals(after):
        return True
    order = [pl.struct(pl.all()).hash(seed=0).alias("_hash")]
    ordered = (f.with_columns(order).sort("_hash").drop("_hash") for f in (before, after.select(before.columns)))
    first, second = ordered
    return first.equals(second)


def _writer(table: Table) -> "WriterProperties":
    """Compression that is nearly free; no dictionary is tried where it would hold every value."""
    from deltalake import ColumnProperties, WriterProperties

    plain = {column.name: ColumnProperties(dictionary_enabled=False) for column in table.columns if column.distinct}
    return WriterProperties(compression="ZSTD", compression_level=1, column_properties=plain)
