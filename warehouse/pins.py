"""What people put back stays: models that a rollback brought back, and that no build may replace until one is promoted.

`releases/PINNED` is JSON beside the pointer of the release; none there: nothing is pinned.
"""

import json
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from warehouse.artifacts import write_durably
from warehouse.releases import FOLDER

FILE = "PINNED"


@dataclass(frozen=True)
class Pin:
    """The release that was gone back to, the models that are held, who wanted it, when, why, and what served before.

    `models` are digests by name; None: there was none in that release, and none is to serve.
    """

    release: str
    models: dict[str, str | None]
    by: str
    at: datetime
    reason: str
    previous: str

    @property
    def told(self) -> str:
        """In a line."""
        return f"{', '.join(sorted(self.models))} as in release {self.release}, by {self.by}: {self.reason}"

    def as_dict(self) -> dict[str, Any]:
        """As JSON sees it."""
        return {**asdict(self), "at": self.at.isoformat()}


def pinned(root: Path) -> Pin | None:
    """What is held; None where nothing is."""
    try:
        found = json.loads((root / FOLDER / FILE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return Pin(**{**found, "at": datetime.fromisoformat(found["at"])})


def pin(root: Path, held: Pin) -> None:
    """Hold these models, and those that were held before and are not named."""
    before = pinned(root)
    models = {**(before.models if before else {}), **held.models}
    write_durably(root / FOLDER / FILE, json.dumps(replace(held, models=models).as_dict(), indent=1) + "\n")


def lift(root: Path, name: str) -> None:
    """Hold this model no longer."""
    held = pinned(root)
    if held is None or name not in held.models:
        return
    models = {one: digest for one, digest in held.models.items() if one != name}
    if models:
        write_durably(root / FOLDER / FILE, json.dumps(replace(held, models=models).as_dict(), indent=1) + "\n")
    else:
        (root / FOLDER / FILE).unlink()
