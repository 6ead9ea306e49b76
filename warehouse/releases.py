"""Releases: what belongs together, under one pointer.

`releases/<id>.json` names every artifact with its digest, the Delta versions and how far the inbox was drained; it is
never changed. `releases/CURRENT` names one of them and is swapped in one step, under a lock and only from the release
that the publisher knew. Killed anywhere, either the old pointer stands or the new one.
"""

import json
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b
from pathlib import Path
from typing import Any

from filelock import FileLock

from warehouse import artifacts, pointers
from warehouse.artifacts import Artifact, write_durably
from warehouse.delta import Lake
from warehouse.errors import ArtifactDamaged, Conflict, ContractBroken, NotMaterialized, TicketlakeError

FOLDER = "releases"
CURRENT = "CURRENT"
UNPUBLISHED_FOR = timedelta(days=1)
_ID = re.compile(r"\d{6}-[0-9a-f]{12}")


@dataclass(frozen=True)
class Manifest:
    """What `releases/<id>.json` says; `artifacts` maps names to digests, `tables` paths to Delta versions."""

    id: str
    created_at: datetime
    previous: str | None
    artifacts: Mapping[str, str]
    tables: Mapping[str, int]
    inbox_seq: int

    @property
    def number(self) -> int:
        """Counts releases of this lake, from 1."""
        return int(self.id.split("-")[0])


@dataclass(frozen=True)
class Release:
    """An opened release: its manifest and its artifacts, whose digests were checked."""

    manifest: Manifest
    artifacts: Mapping[str, Artifact]

    @property
    def id(self) -> str:
        """Number and content digest."""
        return self.manifest.id

    def artifact(self, name: str) -> Artifact:
        """Raises `NotMaterialized` naming the asset when the release has none of that name."""
        if name not in self.artifacts:
            raise NotMaterialized(name, f"run `{artifacts.made_by(name)}`")
        return self.artifacts[name]


def stage(lake: Lake, name: str, write: Callable[[Path], None], card: Mapping[str, Any]) -> Artifact:
    """`artifacts.stage` in this lake."""
    return artifacts.stage(lake.root, name, write, card)


def publish(
    lake: Lake,
    parts: Iterable[Artifact],
    tables: Mapping[str, int],
    inbox_seq: int,
    *,
    expected: str | None,
    now: datetime,
) -> Release:
    """Make these artifacts and table versions the current release; `expected` is the id that was current, or None.

    The same content as the current release, or as an older one, is that release again. Raises `Conflict` when somebody
    else published meanwhile, `ContractBroken` for parts that do not fit together.
    """
    found = {part.name: part for part in parts}
    check_fit(found, tables)
    with _lock(lake.root):
        current = current_id(lake.root)
        digests = {name: part.digest for name, part in found.items()}
        content = {"artifacts": digests, "tables": dict(tables), "inbox_seq": inbox_seq}
        same = next((m for m in history(lake.root) if _content(m) == content), None)
        if current is not None and same is not None and same.id == current:
            return open_release(lake.root)
        if current != expected:
            raise Conflict(f"release {current} is current, expected {expected}: somebody published. Build again.")
        for name, digest in digests.items():
            artifacts.load(lake.root, name, digest)
        manifest = same or _write_manifest(lake.root, content, current, now)
        write_durably(lake.root / FOLDER / CURRENT, f"{manifest.id}\n")
    return open_release(lake.root)


def rollback(lake: Lake, release_id: str) -> Release:
    """Point to an older release. Raises `NotMaterialized` when it, or a part of it, is gone."""
    with _lock(lake.root):
        found = opened(lake.root, release_id)
        write_durably(lake.root / FOLDER / CURRENT, f"{found.id}\n")
    return found


def opened(root: Path, release_id: str) -> Release:
    """That release, whole, current or not. Raises `NotMaterialized`."""
    return _whole(*_open(root, release_id))


def open_release(root: Path) -> Release:
    """The current release, whole. Raises `NotMaterialized("release")` before the first."""
    return _whole(*open_parts(root))


def open_parts(root: Path) -> tuple[Release, dict[str, TicketlakeError]]:
    """The current release with those of its artifacts that are whole, and by name what is wrong with the others.

    Raises `NotMaterialized("release")` before the first.
    """
    for _ in range(3):
        release_id = current_id(root)
        if release_id is None:
            raise NotMaterialized("release")
        try:
            release, faults = _open(root, release_id)
        except NotMaterialized:
            if release_id == current_id(root):
                raise
            continue
        if not faults or release_id == current_id(root):
            return release, faults
    raise Conflict("the current release changed three times while it was opened. Try again.")


def current(root: Path) -> Manifest | None:
    """What the current release says, without opening its artifacts; None before the first."""
    release_id = current_id(root)
    return _manifest(root, release_id) if release_id else None


def current_id(root: Path) -> str | None:
    """The pointer alone: cheap enough to ask at every request."""
    try:
        return (root / FOLDER / CURRENT).read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return None


def history(root: Path) -> list[Manifest]:
    """All releases that are kept, newest first."""
    ids = sorted((p.stem for p in (root / FOLDER).glob("*.json") if _ID.fullmatch(p.stem)), reverse=True)
    return [_manifest(root, release_id) for release_id in ids]


def retain(lake: Lake, keep: int, *, now: datetime, also: Collection[tuple[str, str]] = ()) -> list[str]:
    """Keep the newest `keep` releases and the current one; remove the others, and artifacts that nothing cites.

    An artifact that no release cites stays for a day: the build that staged it may be about to publish it. Those of
    `also` (name and digest) stay in any case.
    """

    def old(place: Path) -> bool:
        return now.timestamp() - place.stat().st_mtime > UNPUBLISHED_FOR.total_seconds()

    with _lock(lake.root):
        kept = history(lake.root)[:keep]
        live = {manifest.id for manifest in kept} | {current_id(lake.root)}
        gone = [manifest for manifest in history(lake.root) if manifest.id not in live]
        for manifest in gone:
            _place(lake.root, manifest.id).unlink()
        cited = {item for manifest in history(lake.root) for item in manifest.artifacts.items()} | {*also}
        dropped = {item for manifest in gone for item in manifest.artifacts.items()}
        for name, digest, place in list(artifacts.stored(lake.root)):
            if (name, digest) not in cited and ((name, digest) in dropped or old(place)):
                artifacts.remove(lake.root, place)
        for place in filter(old, artifacts.abandoned(lake.root)):
            artifacts.remove(lake.root, place)
    return [manifest.id for manifest in gone]


def forget_all_but(lake: Lake, current: Manifest) -> int:
    """Remove every other release and every artifact that this one does not name, at once; how many of both went."""
    with _lock(lake.root):
        others = [manifest for manifest in history(lake.root) if manifest.id != current.id]
        for manifest in others:
            _place(lake.root, manifest.id).unlink(missing_ok=True)
        named = set(current.artifacts.items()) | set(pointers.stood_for(lake.root))
        gone = [place for name, digest, place in artifacts.stored(lake.root) if (name, digest) not in named]
        for place in (*gone, *artifacts.abandoned(lake.root)):
            artifacts.remove(lake.root, place)
    return len(others) + len(gone)


def check_fit(parts: Mapping[str, Artifact], tables: Mapping[str, int]) -> None:
    """Raises `ContractBroken` unless every part finds what it requires and was made from no later rows than these."""
    for part in parts.values():
        for name, digest in part.requires.items():
            found = parts[name].digest if name in parts else "nothing"
            if found != digest:
                message = f"{part.name} requires {name} {digest}, the release has {found}."
                raise ContractBroken(f"{message} Build both again before publishing.")
        for path, version in part.inputs.items():
            if tables.get(path, -1) < version:
                message = f"{part.name} was made from {path} at version {version}"
                raise ContractBroken(f"{message}, the release names {tables.get(path, 'none')}. Publish that version.")


def _open(root: Path, release_id: str) -> tuple[Release, dict[str, TicketlakeError]]:
    manifest = _manifest(root, release_id)
    found: dict[str, Artifact] = {}
    faults: dict[str, TicketlakeError] = {}
    for name, digest in manifest.artifacts.items():
        try:
            found[name] = artifacts.load(root, name, digest)
        except (ArtifactDamaged, NotMaterialized) as error:
            faults[name] = error
    return Release(manifest, found), faults


def _whole(release: Release, faults: Mapping[str, TicketlakeError]) -> Release:
    for error in faults.values():
        raise error
    return release


def _write_manifest(root: Path, content: Mapping[str, Any], previous: str | None, now: datetime) -> Manifest:
    number = max((manifest.number for manifest in history(root)), default=0) + 1
    text = json.dumps(content, sort_keys=True)
    release_id = f"{number:06d}-{blake2b(text.encode(), digest_size=6).hexdigest()}"
    body = {"id": release_id, "created_at": now.isoformat(), "previous": previous, **content}
    write_durably(_place(root, release_id), json.dumps(body, indent=1, sort_keys=True) + "\n")
    return _manifest(root, release_id)


def _manifest(root: Path, release_id: str) -> Manifest:
    if not _ID.fullmatch(release_id):
        raise ContractBroken(f"{release_id[:40]!r} is no release, expected an id such as 000001-0123456789ab.")
    try:
        body = json.loads(_place(root, release_id).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise NotMaterialized(f"releases/{release_id}", "no release of that id is kept") from None
    return Manifest(**{**body, "created_at": datetime.fromisoformat(body["created_at"])})


def _content(manifest: Manifest) -> dict[str, Any]:
    named = {"artifacts": manifest.artifacts, "tables": manifest.tables}
    return {**{key: dict(value) for key, value in named.items()}, "inbox_seq": manifest.inbox_seq}


def _place(root: Path, release_id: str) -> Path:
    return root / FOLDER / f"{release_id}.json"


def _lock(root: Path) -> FileLock:
    file = root / ".locks" / "releases.lock"
    file.parent.mkdir(parents=True, exist_ok=True)
    return FileLock(file)
