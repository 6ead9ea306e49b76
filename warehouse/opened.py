"""Tables that are read again and again stay open: a read costs a look at the log, whatever was committed before."""

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from warehouse.reading import Tables
from warehouse.table import Table

if TYPE_CHECKING:
    from deltalake import DeltaTable

MOST = 64
"""Tables and versions of tables that are open at once."""


class _Held(NamedTuple):
    delta: "DeltaTable"
    files: list[str]
    commit: Path
    trace: tuple[int, int] | None
    """What the system says of the file of its commit; None where that is gone."""
    newest: bool

    def stands(self) -> bool:
        """Whether the log still says so: this commit is as it was, and where the newest is wanted none follows."""
        if self.trace is None or _trace(self.commit) != self.trace:
            return False
        return not (self.newest and _commit(self.commit.parent, self.delta.version() + 1).exists())


class OpenTables(Tables):
    """Threads share one, for reading alone. A table that was committed to is opened anew; none is changed in place."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self._held: dict[tuple[str, int | None], _Held] = {}

    def open(self, table: Table, version: int | None = None) -> "DeltaTable":
        """The Delta table, at a version or the newest. Raises `NotMaterialized`."""
        return self._hold(table, version).delta

    def files(self, table: Table, version: int | None = None) -> list[str]:
        """Paths of the table's data files. Raises `NotMaterialized`."""
        return self._hold(table, version).files

    def _hold(self, table: Table, version: int | None) -> _Held:
        held = self._held.get((table.path, version))
        if held is None or not held.stands():
            delta = super().open(table, version)
            commit = _commit(self.path(table) / "_delta_log", delta.version())
            files = self._files(table, delta)["path"].to_list()
            held = _Held(delta, files, commit, _trace(commit), newest=version is None)
            self._held[table.path, version] = held
            for oldest in [*self._held][:-MOST]:
                self._held.pop(oldest, None)
        return held


def _commit(log: Path, version: int) -> Path:
    return log / f"{version:020}.json"


def _trace(file: Path) -> tuple[int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns
