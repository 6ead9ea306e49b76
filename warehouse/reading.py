"""Delta tables as readers see them: at a version, as changes since one, in an order; typed as declared."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote
from uuid import uuid4

import polars as pl

from warehouse.errors import FormatMismatch, NotMaterialized, SettingsInvalid
from warehouse.kept import answering, gone, resumed
from warehouse.table import Table

if TYPE_CHECKING:
    from deltalake import DeltaTable

FORMAT = 1
IMPOSSIBLE = re.compile(r"[\[\]^|\\\x00-\x1f]|%[0-9A-Fa-f]{2}")
"""What a path must not hold, because Delta's URL of it would be none or another's."""
DATA = "data"
"""The application transaction that a commit which changes rows records its own version under."""
FEED_ROWS = 16_384
CHANGE_COLUMNS = ("_change_type", "_commit_version")


class Tables:
    """The tables below one directory, for reading."""

    def __init__(self, root: Path) -> None:
        """Open, or on the first use create, the lake. Raises `FormatMismatch` for one that other code wrote."""
        impossible = IMPOSSIBLE.search(str(root))
        if impossible:
            found = f"a directory with {impossible[0]!r} in its name"
            raise SettingsInvalid(f"{root}: Delta tables cannot lie below {found}. Choose another LAKE_ROOT.")
        self.root = root
        with writable(root):
            _check_format(root)

    def path(self, table: Table) -> Path:
        """Where the table lies."""
        return self.root / table.path

    def exists(self, table: Table) -> bool:
        """Whether the table has ever been written."""
        log = self.path(table) / "_delta_log"
        return log.is_dir() and any(name.suffix == ".json" and name.stem.isdigit() for name in log.iterdir())

    def open(self, table: Table, version: int | None = None) -> "DeltaTable":
        """The Delta table, at a version or the newest; one that was purged is answered with the oldest that is kept.

        Raises `NotMaterialized`.
        """
        from deltalake import DeltaTable

        if not self.exists(table):
            raise NotMaterialized(table.path)
        return DeltaTable(self.path(table), version=answering(self.path(table), version))

    def version(self, table: Table) -> int | None:
        """The newest Delta version, None where the table is not there."""
        return self.open(table).version() if self.exists(table) else None

    def data_version(self, table: Table) -> int | None:
        """The newest version that changed a row, None where the table is not there."""
        return self.progress(table, DATA)

    def progress(self, table: Table, source: str) -> int | None:
        """The version of `source` whose rows this table has taken in; None: nothing yet, or they are to be taken anew.

        `source` is the path of a table, or something else that is counted; what follows an `@` is whose progress it is.
        """
        found = self.open(table).transaction_version(source) if self.exists(table) else None
        return None if found is None or gone(self.root / source.partition("@")[0], found) else found

    def row_count(self, table: Table) -> int:
        """Rows in the newest version, from the log alone."""
        return self.open(table).count()

    def scan(self, table: Table, *, version: int | None = None) -> pl.LazyFrame:
        """The table as a lazy frame. Raises `NotMaterialized`."""
        files = self.files(table, version)
        # By name, for `pl.scan_delta` does not find files below a directory with a space in its name.
        return pl.scan_parquet(files, glob=False) if files else pl.LazyFrame(schema=table.schema)

    def files(self, table: Table, version: int | None = None) -> list[str]:
        """Paths of the table's data files. Raises `NotMaterialized`."""
        found: list[str] = self._files(table, self.open(table, version))["path"].to_list()
        return found

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
        self,
        table: Table,
        since: int | None,
        until: int | None = None,
        *,
        columns: Sequence[str] | None = None,
        before: bool = False,
    ) -> pl.DataFrame:
        """Rows inserted, updated (as they are now) or deleted after version `since`, with `CHANGE_COLUMNS`.

        `since=None` gives every row as an insert; `before` adds updated rows as they were (`update_preimage`).
        Raises `NotMaterialized`, and `VersionGone` for what was purged meanwhile.
        """
        batches = list(self.stream_changes(table, since, until, columns=columns, before=before))
        return pl.concat(batches) if batches else self._no_changes(table, columns)

    def stream_changes(
        self,
        table: Table,
        since: int | None,
        until: int | None = None,
        *,
        columns: Sequence[str] | None = None,
        before: bool = False,
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
        start = resumed(self.path(table), delta, since)
        if start > end:
            return
        wanted = [*(columns or table.schema.names()), *CHANGE_COLUMNS]
        for batch in delta.load_cdf(starting_version=start, ending_version=end, columns=wanted):
            frame = _conform(pl.DataFrame(batch), table).cast({"_commit_version": pl.Int64})
            frame = frame.select(wanted)
            if not before:
                frame = frame.filter(pl.col("_change_type") != "update_preimage")
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

    def matching(self, table: Table, keys: pl.DataFrame) -> pl.DataFrame:
        """The rows that have one of these keys."""
        first = table.primary_key[0]
        near = self.scan(table).filter(pl.col(first).is_in(keys[first].unique().implode()))
        return near.join(keys.lazy().unique(), on=table.primary_key, how="semi", nulls_equal=True).collect()

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
def writable(root: Path) -> Iterator[None]:
    """Turns what the system refuses below the lake's directory into `SettingsInvalid`."""
    try:
        yield
    except OSError as error:
        why = f"{error.filename or root}: {error.strerror or error}"
        raise SettingsInvalid(f"{root} cannot be used as LAKE_ROOT ({why}). Choose a directory to write to.") from None


def _check_format(root: Path) -> None:
    marker = root / "FORMAT"
    if marker.exists():
        found = marker.read_text(encoding="utf-8").strip()
        if found != str(FORMAT):
            message = f"{root} has lake format {found}, this code expects {FORMAT}."
            raise FormatMismatch(f"{message} Use the release that wrote it, or build a new lake from landing.")
        return
    root.mkdir(parents=True, exist_ok=True)
    # In one step: whoever opens the lake at the same moment finds all of it or none.
    beside = marker.with_name(f".FORMAT.{uuid4().hex}")
    beside.write_text(f"{FORMAT}\n", encoding="utf-8")
    beside.replace(marker)


def _conform(frame: pl.DataFrame, table: Table) -> pl.DataFrame:
    """Arrow's idea of our types (views, dictionaries) turned back into the declared ones."""
    return frame.cast({name: dtype for name, dtype in table.schema.items() if name in frame.columns})


def _is_sorted(path: str, column: str) -> bool:
    return bool(pl.scan_parquet(path, glob=False).select(pl.col(column).is_sorted()).collect().item())


def newest(changes: pl.DataFrame, key: str) -> pl.DataFrame:
    """The last change of each row (`changes` of a table); of changes of one commit what is there afterwards counts."""
    there = pl.col("_change_type") != "delete"
    ordered = changes.filter(pl.col("_change_type") != "update_preimage").with_columns(_there=there)
    return ordered.sort("_commit_version", "_there").unique(key, keep="last", maintain_order=True).drop("_there")
