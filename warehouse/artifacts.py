"""Artifacts: directories with a card, named by the digest of what they hold, never changed once they are there.

`artifacts/<name>/<digest>/card.json` says what the others files are: inputs with versions, measures, seed, libraries.
The digest covers the card too. Nothing in here is ever loaded as code.
"""

import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any
from uuid import uuid4

from warehouse.errors import ArtifactDamaged, ContractBroken, NotMaterialized

CARD = "card.json"
FOLDER = "artifacts"
STAGING = ".staging"
LEARN = "ticketlake build --learn"
MADE_BY = {
    "indexes/articles": "ticketlake build",
    "indexes/articles_delta": "ticketlake build",
    "indexes/graph": "ticketlake build",
    "indexes/solutions": "ticketlake build",
    "indexes/tickets": "ticketlake build",
    "indexes/tickets_delta": "ticketlake build",
    "models/category_baseline": "ticketlake build",
    "models/decision_policy": "ticketlake build",
    "models/encoder": "ticketlake build",
    "models/hyperparameters": "ticketlake build --study",
}
"""What makes an artifact again; `LEARN` for all others."""
Trace = tuple[tuple[str, int, int], ...]
_BLOCK = 1 << 20


@dataclass(frozen=True)
class Artifact:
    """One version of a model or an index. `name` is its asset, such as `models/category_baseline`."""

    name: str
    digest: str
    path: Path
    card: Mapping[str, Any]

    @property
    def root(self) -> Path:
        """The lake that it lies in."""
        return self.path.parents[self.name.count("/") + 2]

    @property
    def requires(self) -> Mapping[str, str]:
        """Digests of other artifacts without which this one means nothing."""
        return dict(self.card.get("requires", {}))

    @property
    def inputs(self) -> Mapping[str, int]:
        """Delta versions that it was made from, by table path."""
        return dict(self.card.get("inputs", {}))


def stage(root: Path, name: str, write: Callable[[Path], None], card: Mapping[str, Any]) -> Artifact:
    """Let `write` fill a directory, add the card, and put it where its digest says. Same content, same place.

    Nothing is visible before everything is on the disk; what lies there damaged is replaced. Raises `ContractBroken`
    for a name that is no asset's.
    """
    _check_name(name)
    staging = root / FOLDER / STAGING / uuid4().hex
    staging.mkdir(parents=True)
    try:
        write(staging)
        text = json.dumps(card, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False)
        (staging / CARD).write_text(text + "\n", encoding="utf-8")
        digest = _digest(staging)
        place = root / FOLDER / name / digest
        if place.exists() and sound(root, name, digest) is None:
            remove(root, place)
        if not place.exists():
            _persist(staging)
            place.parent.mkdir(parents=True, exist_ok=True)
            with _lost_race(place):
                staging.rename(place)
            sync(place.parent)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return load(root, name, digest)


def load(root: Path, name: str, digest: str) -> Artifact:
    """The artifact, after its digest was checked. Raises `NotMaterialized` where its directory is gone, and
    `ArtifactDamaged` where a file in it is missing or was changed.
    """
    _check_name(name)
    place = root / FOLDER / name / digest
    try:
        found = _digest(place)
    except FileNotFoundError:
        found = "none, while its files went away"
    if not place.is_dir():
        raise NotMaterialized(name, f"{place} is gone, run `{made_by(name)}`")
    if found != digest:
        message = f"{name} has digest {found}, expected {digest}: a file below {place} was changed or is missing."
        raise ArtifactDamaged(f"{message} Delete that directory and run `{made_by(name)}`.")
    return Artifact(name, digest, place, json.loads((place / CARD).read_text(encoding="utf-8")))


def sound(root: Path, name: str, digest: str) -> Artifact | None:
    """The artifact; None where its directory is gone, or damaged, so that it has to be made again."""
    try:
        return load(root, name, digest)
    except (ArtifactDamaged, NotMaterialized):
        return None


def place(root: Path, name: str, digest: str) -> Path:
    """Where the files of an artifact are."""
    return root / FOLDER / name / digest


def made_by(name: str) -> str:
    """The command that makes the artifact of this name again when its directory is gone."""
    return MADE_BY.get(name, LEARN)


def trace(root: Path, name: str, digest: str) -> Trace:
    """Changes when a file of the artifact does; tells much less than the digest, at the cost of a look at each file."""
    place = root / FOLDER / name / digest
    try:
        found = [(path.as_posix(), path.stat()) for path in sorted(place.rglob("*"))]
    except FileNotFoundError:
        return ()
    return tuple((path, stat.st_mtime_ns, stat.st_size) for path, stat in found)


def remove(root: Path, place: Path) -> None:
    """Take an artifact away in one step: a reader finds all of it or none."""
    gone = root / FOLDER / STAGING / uuid4().hex
    gone.parent.mkdir(parents=True, exist_ok=True)
    place.rename(gone)
    shutil.rmtree(gone)


def abandoned(root: Path) -> Iterator[Path]:
    """Staging directories: in use, or left by a process that was killed."""
    yield from (root / FOLDER / STAGING).glob("*")


def stored(root: Path) -> Iterator[tuple[str, str, Path]]:
    """Name, digest and place of every artifact on the disk, cited by a release or not."""
    for card in sorted((root / FOLDER).rglob(CARD)):
        place = card.parent
        name = place.parent.relative_to(root / FOLDER).as_posix()
        if not name.startswith(STAGING):
            yield name, place.name, place


def write_durably(path: Path, text: str) -> None:
    """Put `text` at `path` in one step: whoever looks sees the old content or the new, also after a power cut."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{uuid4().hex}")
    with beside.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    sync(path.parent)


def sync(path: Path) -> None:
    """Make a file's content, or a directory's entries, survive a power cut."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _persist(folder: Path) -> None:
    for path in sorted(folder.rglob("*")):
        sync(path)
    sync(folder)


def _digest(folder: Path) -> str:
    """BLAKE2b (128 bit, hex) over the names, sizes and bytes of all files, in the order of their names."""
    total = blake2b(digest_size=16)
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        total.update(f"{path.relative_to(folder).as_posix()}\0{path.stat().st_size}\0".encode())
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                total.update(block)
    return total.hexdigest()


def _check_name(name: str) -> None:
    parts = name.split("/")
    if not all(part.isidentifier() for part in parts):
        raise ContractBroken(f"artifact name {name!r}, expected an asset such as models/category_baseline.")


@contextmanager
def _lost_race(place: Path) -> Iterator[None]:
    """Somebody else staged the same content meanwhile: theirs is as good as ours."""
    try:
        yield
    except OSError:
        if not place.exists():
            raise
