"""Pictures for people, kept as files of the lake and shown with the asset that drew them."""

from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dagster as dg

FOLDER = Path("reports") / "anomalies"


def shown(root: Path, name: str, draw: Callable[[], Any], *, changed: bool) -> dict[str, dg.MetadataValue[Any]]:
    """Metadata with the picture of this name; drawn (a matplotlib figure) where something changed or there is none.

    Where nothing changed, the metadata only say where it lies: an event holds a copy of every picture that it shows.
    """
    file = root / FOLDER / f"{name}.svg"
    told: dict[str, dg.MetadataValue[Any]] = {"report": dg.MetadataValue.path(str(file))}
    if changed or not file.exists():
        from ml.plots import save

        file.parent.mkdir(parents=True, exist_ok=True)
        save(draw(), file)
        picture = b64encode(file.read_bytes()).decode()
        told["picture"] = dg.MetadataValue.md(f"![{name}](data:image/svg+xml;base64,{picture})")
    return told
