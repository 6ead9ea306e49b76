"""Carrying erasures out: at once where things are received and refined, then, with a build, wherever they went.

Each step may be done again. Killed at any point, the erasure is unfinished and is begun anew from its step; whose rows
go follows from the tombstones, which are set first.
"""

import subprocess
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from time import monotonic
from typing import Any
from uuid import uuid4

import polars as pl

from operations import forgetting
from operations.audit import Who
from operations.erasures import FORGOTTEN, WAITING, Counts, Erasure, Erasures, Kind, NewErasure
from operations.store import Store
from warehouse import erasing, flagged, leftovers, releases, tombstones
from warehouse.contracts.inventory import TABLES
from warehouse.delta import Lake
from warehouse.errors import TicketlakeError
from warehouse.purge import SCRUBBED, purge
from warehouse.reading import Tables
from warehouse.tombstones import MARK, Tombstones

INBOX = "inbox"
AGAIN_SECONDS = 300.0
"""After one that failed."""
LOGS, REPORTS = "logs", "reports"
KEPT = (tombstones.FOLDER, "operations")
"""Where ids may be in clear, or hashed, while an erasure is under way."""
Step = Callable[[str], None]
Build = Callable[[str], None]


class LeftBehind(TicketlakeError):
    """Files, or tables of the store, still hold what was to be erased."""


def ask(
    lake: Tables, store: Store, kind: Kind, subject: str, *, who: str, reason: str, at: datetime, by: Who | None = None
) -> tuple[Erasure, bool]:
    """Keep the request, with whoever it is `by` in the audit log, and whether the same was under way."""
    new = NewErasure(
        erasure_id=f"ERA-{uuid4().hex[:16]}",
        kind=kind,
        digest=tombstones.sealed(lake.root).digest(kind, subject),
        subject=subject,
        who=who,
        reason=reason,
        requested_at=at,
    )
    return Erasures(store).ask(new, [by.did("erasure.ask", new.erasure_id, at)] if by else [])


class Eraser:
    """The worker's part: looks cheaply, and does nothing where nobody is to be forgotten."""

    def __init__(self, lake: Lake, store: Store, *, on_step: Step | None = None) -> None:
        """`on_step` hears of every durable step once it is done."""
        self._lake = lake
        self._store = store
        self._erasures = Erasures(store)
        self._step = on_step or _nobody
        self._seen: dict[str, int | None] = {}

    def look(self, now: datetime) -> int:
        """Forget whoever waits for it, and what came in from them since; how many erasures."""
        waiting = [one for one in self._erasures.unfinished() if one.state == WAITING]
        for one in waiting:
            self._forget(one, now)
        self._again()
        return len(waiting)

    def _forget(self, one: Erasure, now: datetime) -> None:
        subject = one.subject or ""
        more: set[str] = forgetting.tickets_of(self._store, subject) if one.kind == "customer" else set()
        tickets = sorted(erasing.mark(self._lake, one.kind, subject, more | set(one.tickets), now=now))
        self._erasures.name(one.erasure_id, tickets)
        self._step("set the tombstones")
        stones = tombstones.read(self._lake.root)
        flagged.note_words(self._lake, stones)
        models = flagged.flag(self._lake)
        self._step("flagged models")
        customers = [subject] if one.kind == "customer" else []
        receipt = one.receipt or leftovers.about(self._lake, tickets, customers)
        receipt = _sum(receipt, forgetting.forget(self._store, stones, tickets, customers))
        self._erasures.count(one.erasure_id, receipt)
        self._step("forgot in the operational store")
        done = erasing.erase(self._lake, stones, {subject, *tickets})
        receipt = _sum(receipt, done.counts, {"sources outside of the lake": len(done.elsewhere)})
        self._erasures.count(one.erasure_id, receipt)
        self._step("forgot in landing, bronze and silver")
        self._store.compact()
        self._erasures.advance(one.erasure_id, at=now, first_at=done.first_at, models=models if receipt else [])
        self._step("noted it")

    def _again(self) -> None:
        """What somebody erased sent since was refused, and its entries go, too."""
        for table in erasing.RECEIVED:
            scrubbed = self._lake.progress(table, SCRUBBED)
            if scrubbed is None or scrubbed == self._seen.get(table.path):
                continue
            self._seen[table.path] = scrubbed
            gone = pl.col("record_hash").str.starts_with(MARK)
            rows = self._lake.scan(table).filter(pl.col("load_id") == INBOX, gone)
            forgetting.forget_entries(self._store, rows.select("position").collect()["position"].to_list())


class Finisher:
    """Has a process of its own finish what is forgotten, one at a time: it takes a build."""

    def __init__(self, store: Store, command: Sequence[str], environment: Mapping[str, str]) -> None:
        """Nothing runs yet."""
        self._environment = dict(environment)
        self._erasures = Erasures(store)
        self._command = list(command)
        self._running: subprocess.Popen[bytes] | None = None
        self._again = 0.0

    def look(self) -> bool:
        """Begin where something is forgotten and nothing runs; whether it began. One that failed waits a while."""
        if self._running is not None and self._running.poll() is None:
            return False
        if self._running is not None and self._running.returncode:
            self._running, self._again = None, monotonic() + AGAIN_SECONDS
        if monotonic() < self._again or not any(one.state == FORGOTTEN for one in self._erasures.unfinished()):
            return False
        self._running = subprocess.Popen(self._command, env=self._environment, stdin=subprocess.DEVNULL)
        return True


def finish(
    root: Path, store: Store, build: Build, *, now: Callable[[], datetime], on_step: Step | None = None
) -> list[Erasure]:
    """Build anew what was made of those forgotten, and take every older version away; the erasures that are done.

    `build` runs a job by name. Raises `LeftBehind` where files are left that hold an id of theirs; it is tried again.
    """
    step, erasures = on_step or _nobody, Erasures(store)
    due = [one for one in erasures.unfinished() if one.state == FORGOTTEN]
    if not due:
        return []
    lake, stones = Lake(root), tombstones.read(root)
    try:
        if releases.current_id(root) is not None:
            build("learn" if flagged.spelling(root, stones) else "build")
        step("built")
        shared = _take_away(lake, store, stones, due)
        step("took older versions away")
    except TicketlakeError as error:
        for one in due:
            erasures.failed(one.erasure_id, str(error))
        raise
    left = _left(root, store, due)
    for name, files in left.items():
        erasures.failed(name, _told(files))
    store.compact()
    for one in due:
        if one.erasure_id not in left:
            erasures.finish(one.erasure_id, _sum(one.receipt, shared), at=now())
    if left:
        raise LeftBehind("; ".join(f"{name}: {_told(files)}" for name, files in left.items()))
    flagged.learned_anew(root)
    flagged.forget_words(root)
    store.compact()
    step("done")
    return [found for one in due if (found := erasures.find(one.erasure_id))]


def _take_away(lake: Lake, store: Store, stones: Tombstones, due: Sequence[Erasure]) -> Counts:
    ids = _ids(due)
    # What was counted when it was forgotten, and what others were still told of it at that moment.
    leftovers.sweep(lake, *ids)
    forgetting.forget(store, stones, *map(sorted, ids))
    erasing.unname(lake, stones)
    files = sum(purge(lake, table) for table in TABLES)
    gone = {
        "files of older versions": files,
        "releases and artifacts": leftovers.drop_releases(lake),
        "metrics and other files": leftovers.drop_versions(lake.root),
    }
    named = {*filter(leftovers.telling, ids[0] | ids[1])}
    for folder, act in ((LOGS, leftovers.hide), (REPORTS, _unlink), ("landing", _unlink), ("simulated", _unlink)):
        files_of = leftovers.found(lake.root / folder, named) if (lake.root / folder).is_dir() else []
        gone[folder] = sum(act(file, named) for file in files_of)
    return {place: count for place, count in gone.items() if count}


def _left(root: Path, store: Store, due: Sequence[Erasure]) -> dict[str, list[str]]:
    """By erasure the files and the store's tables, but those of erasures themselves, that still hold an id of theirs.

    Of an id that others say, in a record of theirs or within an id of theirs, nothing is to be found out so.
    """
    ids = set().union(*_ids(due))
    telling = ids - leftovers.said_by_others(Lake(root), ids)
    files = leftovers.found(root, telling, apart=KEPT)
    held = {}
    for one in due:
        mine = telling & set().union(*_ids([one]))
        named = [file.relative_to(root).as_posix() for file in files if leftovers.mentions(file, mine)]
        held[one.erasure_id] = [*named, *forgetting.left(store, sorted(mine))]
    return {name: places for name, places in held.items() if places}


def _told(places: Sequence[str]) -> str:
    shown = ", ".join(places[:5])
    held = f"{len(places)} places still hold an id that is to be erased: {shown}"
    return f"{held}. Delete what is yours; it is tried again."


def _ids(due: Sequence[Erasure]) -> tuple[set[str], set[str]]:
    tickets = {ticket for one in due for ticket in one.tickets}
    tickets |= {one.subject for one in due if one.kind == "ticket" and one.subject}
    return tickets, {one.subject for one in due if one.kind == "customer" and one.subject}


def _unlink(file: Path, _: Any) -> int:
    file.unlink(missing_ok=True)
    return 1


def _sum(*counted: Counts) -> Counts:
    total: Counts = {}
    for counts in counted:
        for place, count in counts.items():
            total[place] = total.get(place, 0) + count
    return {place: count for place, count in total.items() if count}


def _nobody(_: str) -> None:
    """Nobody listens."""
