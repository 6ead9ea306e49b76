"""Delta tables with contracts, locks and progress.

Three rules hold for whoever writes (guarantees 1 and 2 of the architecture):

- A write holds the table's lock from reading its inputs to the commit.
- The versions of the inputs that a write consumed are committed with its rows, as application transactions
  (Delta protocol, "Transaction Identifiers"), so after a kill a table knows where it stands without any cursor.
- A commit that changes rows also records its own version under `DATA`; commits that only move progress or only
  rearrange files do not. `Lake.data_version` is therefore the version that downstream steps compare.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import polars as pl

from warehouse.enforcement import check
from warehouse.errors import FormatMismatch, NotMaterialized, SettingsInvalid
from warehouse.streams import Counted, ahead, batches
from warehouse.table import Table

if TYPE_CHECKING:
    from deltalake import CommitProperties, DeltaTable, WriterProperties

FORMAT = 1
IMPOSSIBLE = re.compile(r"[\[\]^|\\\x00-\x1f]|%[0-9A-Fa-f]{2}")
"""What a path must not hold, because Delta's URL of it would be none or another's."""
DATA = "data"
TARGET_FILE_BYTES = 64 * 1024 * 1024
FEED_ROWS = 16_384
CHANGE_COLUMNS = ("_change_type", "_commit_version")

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


class Lake:
    """The lake below one directory: every table read and written through its contract."""

    def __init__(self, root: Path) -> None:
        """Open, or on the first use create, the lake. Raises `FormatMismatch` for one that other code wrote."""
        impossible = IMPOSSIBLE.search(str(root))
        if impossible:
            found = f"a directory with {impossible[0]!r} in its name"
            raise SettingsInvalid(f"{root}: Delta tables cannot lie below {found}. Choose another LAKE_ROOT.")
        self.root = root
        _check_format(root)

    def path(self, table: Table) -> Path:
        """Where the table lies."""
        return self.root / table.path

    def exists(self, table: Table) -> bool:
        """Whether the table has ever been written."""
        log = self.path(table) / "_delta_log"
        return log.is_dir() and any(name.suffix == ".json" and name.stem.isdigit() for name in log.iterdir())

    def open(self, table: Table, version: int | None = None) -> "DeltaTable":
        """The Delta table, at a version or the newest. Raises `NotMaterialized`."""
        from deltalake import DeltaTable

        if not self.exists(table):
            raise NotMaterialized(table.path)
        return DeltaTable(self.path(table), version=version)

    def version(self, table: Table) -> int | None:
        """The newest Delta version, None where the table is not there."""
        return self.open(table).version() if self.exists(table) else None

    def data_version(self, table: Table) -> int | None:
        """The newest version that changed a row, None where the table is not there."""
        return self.progress(table, DATA)

    def progress(self, table: Table, source: str) -> int | None:
        """The version of `source` whose rows this table has taken in; None: nothing yet."""
        return self.open(table).transaction_version(source) if self.exists(table) else None

    def row_count(self, table: Table) -> int:
        """Rows in the newest version, from the log alone."""
        return self.open(table).count()

    def scan(self, table: Table, *, version: int | None = None) -> pl.LazyFrame:
        """The table as a lazy frame. Raises `NotMaterialized`."""
        files = self._files(table, self.open(table, version))["path"].to_list()
        # By name, for `pl.scan_delta` does not find files below a directory with a space in its name.
        return pl.scan_parquet(files, glob=False) if files else pl.LazyFrame(schema=table.schema)

    def _files(self, table: Table, delta: "DeltaTable") -> pl.DataFrame:
        """The table's data files, with what the log knows of each."""
        files = pl.DataFrame(delta.get_add_actions(flatten=True))
        paths = [str(self.path(table) / unquote(path)) for path in files["path"]]
        return files.with_columns(pl.Series("path", paths, dtype=pl.String))

    def read(self, table: Table, *, columns: Sequence[str] | None = None, version: int | None = None) -> pl.DataFrame:
        """The table in memory. Raises `NotMaterialized`."""
        frame = self.scan(table, version=version)
        return (frame.select(columns) if columns else frame).collect()

    def changes(
        self, table: Table, since: int | None, until: int | None = None, *, columns: Sequence[str] | None = None
    ) -> pl.DataFrame:
        """Rows inserted, updated (as they are now) or deleted after version `since`, with `CHANGE_COLUMNS`.

        `since=None` gives every row as an insert. Raises `NotMaterialized`.
        """
        batches = list(self.stream_changes(table, since, until, columns=columns))
        return pl.concat(batches) if batches else self._no_changes(table, columns)

    def stream_changes(
        self, table: Table, since: int | None, until: int | None = None, *, columns: Sequence[str] | None = None
    ) -> Iterator[pl.DataFrame]:
        """`changes` in batches, for feeds that do not fit in memory. The order of rows is not that of the commits."""
        import pyarrow.parquet as pq

        delta = self.open(table, until)
        end = delta.version()
        if since is None:
            names = [*(columns or table.schema.names())]
            for path in self._files(table, delta)["path"]:
                for batch in pq.ParquetFile(path).iter_batches(batch_size=FEED_ROWS, columns=names):
                    yield _conform(pl.DataFrame(batch), table).with_columns(
                        pl.lit("insert").alias("_change_type"), pl.lit(end, pl.Int64).alias("_commit_version")
                    )
            return
        if since >= end:
            return
        wanted = [*(columns or table.schema.names()), *CHANGE_COLUMNS]
        for batch in delta.load_cdf(starting_version=since + 1, ending_version=end, columns=wanted):
            frame = _conform(pl.DataFrame(batch), table).cast({"_commit_version": pl.Int64})
            frame = frame.filter(pl.col("_change_type") != "update_preimage").select(wanted)
            if frame.height:
                yield frame

    def ordered(
        self, table: Table, column: str, *, after: int, size: int, version: int | None = None
    ) -> Iterator[pl.DataFrame]:
        """Rows whose `column` is above `after`, in its order, `size` at a time, without holding them all.

        For append-only tables that are written in the order of an ascending integer column.
        """
        import pyarrow.parquet as pq

        delta = self.open(table, version)
        stats = self._files(table, delta)
        files = stats.filter(pl.col(f"max.{column}") > after).sort(f"min.{column}")
        apart = (files[f"min.{column}"].shift(-1) > files[f"max.{column}"]).all()
        if not apart or not all(_is_sorted(path, column) for path in files["path"]):
            rows = self.scan(table, version=version).filter(pl.col(column) > after).sort(column).collect()
            yield from rows.iter_slices(size)
            return
        for path in files["path"]:
            for batch in pq.ParquetFile(path).iter_batches(batch_size=size):
                rows = _conform(pl.DataFrame(batch), table).filter(pl.col(column) > after)
                if rows.height:
                    yield rows

    def _no_changes(self, table: Table, columns: Sequence[str] | None) -> pl.DataFrame:
        names = columns or table.schema.names()
        return pl.DataFrame(
            schema={
                **{name: table.schema[name] for name in names},
                "_change_type": pl.String,
                "_commit_version": pl.Int64,
            }
        )

    @contextmanager
    def lock(self, *tables: Table) -> Iterator[None]:
        """Hold the tables against every other writer, in another thread or process. Re-entrant."""
        from filelock import FileLock

        folder = self.root / ".locks"
        folder.mkdir(parents=True, exist_ok=True)
        files = {str(folder / f"{table.path.replace('/', '.')}.lock") for table in tables}
        before = _held.get()
        with ExitStack() as stack:
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
            self._write(table, rows, "overwrite", self._commit(table, progress or {}, data=True))
            return Commit(table, self.open(table).version(), inserted=rows.height, deleted=before.height)

    def delete(self, table: Table, keys: pl.DataFrame, *, progress: Mapping[str, int] | None = None) -> Commit:
        """Remove the rows with these keys (a frame of the primary-key columns)."""
        with self.lock(table):
            known = self.matching(table, keys).select(table.primary_key) if self.exists(table) else keys.clear()
            if known.is_empty():
                return self._append_checked(table, [], progress or {})
            commit = self._commit(table, progress or {}, data=True)
            merge = self.open(table).merge(
                known, _on(table), source_alias="s", target_alias="t", commit_properties=commit
            )
            merge.when_matched_delete().execute()
            return Commit(table, self.open(table).version(), deleted=known.height)

    def matching(self, table: Table, keys: pl.DataFrame) -> pl.DataFrame:
        """The rows that have one of these keys."""
        first = table.primary_key[0]
        near = self.scan(table).filter(pl.col(first).is_in(keys[first].unique().implode()))
        return near.join(keys.lazy().unique(), on=table.primary_key, how="semi", nulls_equal=True).collect()

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
        self._write(table, stream, "append", self._commit(table, progress, data=data))
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
                commit_properties=self._commit(table, progress, data=True),
                writer_properties=_writer(table),
            )
            try:
                merge.when_matched_update_all().when_not_matched_insert_all().execute()
            except Exception:
                if failure:
                    raise failure[0] from None
                raise

    def _commit(self, table: Table, progress: Mapping[str, int], *, data: bool) -> "CommitProperties":
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


def _check_format(root: Path) -> None:
    marker = root / "FORMAT"
    if marker.exists():
        found = marker.read_text(encoding="utf-8").strip()
        if found != str(FORMAT):
            message = f"{root} has lake format {found}, this code expects {FORMAT}."
            raise FormatMismatch(f"{message} Use the release that wrote it, or build a new lake from landing.")
        return
    root.mkdir(parents=True, exist_ok=True)
    marker.write_text(f"{FORMAT}\n", encoding="utf-8")


def _conform(frame: pl.DataFrame, table: Table) -> pl.DataFrame:
    """Arrow's idea of our types (views, dictionaries) turned back into the declared ones."""
    return frame.cast({name: dtype for name, dtype in table.schema.items() if name in frame.columns})


def _is_sorted(path: str, column: str) -> bool:
    return bool(pl.scan_parquet(path, glob=False).select(pl.col(column).is_sorted()).collect().item())


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
