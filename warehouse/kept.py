"""Which versions of a table are kept: all that maintenance left, or, of one that was purged, the last."""

from pathlib import Path
from typing import TYPE_CHECKING

from warehouse.errors import VersionGone

if TYPE_CHECKING:
    from deltalake import DeltaTable

PURGED = "purged"
"""Under this a table records the last change of its rows before all older versions were taken away."""


def first_kept(folder: Path) -> int:
    """The oldest version whose commit is still in the log of the Delta table in that folder."""
    log = folder / "_delta_log"
    return min((int(file.stem) for file in log.glob("*.json") if file.stem.isdigit()), default=0)


def answering(folder: Path, version: int | None) -> int | None:
    """The version that is opened for this one: itself, or the first that is left where it was purged."""
    if version is None:
        return None
    first = first_kept(folder)
    if version >= first:
        return version
    from deltalake import DeltaTable

    purged = DeltaTable(folder, version=first).transaction_version(PURGED)
    return version if purged is None else first


def gone(folder: Path, since: int) -> bool:
    """Whether a purge took changes after this version."""
    if (folder / "_delta_log" / f"{since:020}.json").exists() or since + 1 >= first_kept(folder):
        return False
    from deltalake import DeltaTable

    purged = DeltaTable(folder).transaction_version(PURGED)
    return purged is not None and since < purged


def resumed(folder: Path, delta: "DeltaTable", since: int) -> int:
    """The version from which changes after `since` are read: those that a purge left out changed no row.

    Raises `VersionGone` where they did.
    """
    first = first_kept(folder)
    purged = delta.transaction_version(PURGED) if since + 1 < first else None
    if purged is None:
        return since + 1
    if since < purged:
        name = "/".join(folder.parts[-2:])
        raise VersionGone(f"{name} was purged at version {purged}: changes since {since} are gone.")
    return first
