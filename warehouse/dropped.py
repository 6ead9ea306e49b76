"""The landing folder: files that somebody drops there are taken in by themselves, or refused with a reason."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from warehouse.delta import Lake
from warehouse.errors import TicketlakeError
from warehouse.landing import digest, land

FOLDER = "landing"
TAKEN = "taken"
REFUSED = "refused"
REASON = ".reason.txt"
QUIET = timedelta(seconds=2)
"""How long a dropped file must have lain there unchanged."""


@dataclass(frozen=True)
class Dropped:
    """A file that somebody put into the landing folder."""

    path: Path
    load_id: str


def waiting(root: Path, now: datetime) -> list[Dropped]:
    """Files in the landing folder that nobody has taken in yet, by name; one that may still be growing has to wait."""
    folder = root / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    files = sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))
    return [Dropped(path, digest(path)) for path in files if not _may_grow(path, now)]


def _may_grow(path: Path, now: datetime) -> bool:
    """Whether the file was written to just now; a time later than now is another clock's, and says nothing."""
    age = now - datetime.fromtimestamp(path.stat().st_mtime, UTC)
    return timedelta(0) <= age < QUIET


def take(lake: Lake, *, now: datetime) -> list[str]:
    """Land what was dropped; taken files move to `taken/`, others with a reason to `refused/`. Returns the reasons."""
    reasons = []
    for file in waiting(lake.root, now):
        try:
            land(lake, file.path, now=now)
            target = file.path.parent / TAKEN / file.load_id / file.path.name
        except TicketlakeError as error:
            reasons.append(str(error))
            target = file.path.parent / REFUSED / file.load_id / file.path.name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.with_name(f"{target.name}{REASON}").write_text(f"{error}\n", encoding="utf-8")
        target.parent.mkdir(parents=True, exist_ok=True)
        file.path.replace(target)
    return reasons


def refused(root: Path) -> list[Path]:
    """Dropped files that could not be read; beside each lies its reason."""
    return sorted(path for path in (root / FOLDER / REFUSED).glob("*/*") if not path.name.endswith(REASON))
