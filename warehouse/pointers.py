"""Which artifact an asset stands for: what was made last, whether or not a release cites it.

`artifacts/<asset>/STAGED` is JSON: name and digest, or null. The asset's name may be another than the artifact's, as
`challengers/category` stands for a `models/category`.
"""

import json
from collections.abc import Iterator
from pathlib import Path

from warehouse import artifacts
from warehouse.artifacts import FOLDER, Artifact

STAGED = "STAGED"


def pointed(root: Path, asset: str) -> tuple[str, str] | None:
    """Name and digest of the artifact that an asset stands for; None where it was never made, or stands for none."""
    place = root / FOLDER / asset / STAGED
    pointer = json.loads(place.read_text(encoding="utf-8")) if place.exists() else None
    return (pointer["name"], pointer["digest"]) if pointer else None


def staged(root: Path, asset: str) -> Artifact | None:
    """The artifact itself; None also where it is gone, or damaged."""
    found = pointed(root, asset)
    return artifacts.sound(root, *found) if found else None


def point(root: Path, asset: str, name: str, digest: str | None) -> None:
    """Let an asset stand for this artifact, or for none, as the step that makes it does."""
    pointer = json.dumps({"name": name, "digest": digest} if digest else None)
    artifacts.write_durably(root / FOLDER / asset / STAGED, pointer)


def stood_for(root: Path) -> Iterator[tuple[str, str]]:
    """Name and digest of the artifacts that assets stand for now, published or not."""
    for place in sorted((root / FOLDER).rglob(STAGED)):
        found = pointed(root, place.parent.relative_to(root / FOLDER).as_posix())
        if found:
            yield found
