"""What every learner keeps beside its own files: format, classes, parameters."""

from pathlib import Path
from typing import Any

import msgspec

from warehouse.errors import ContractBroken

FORMAT = 1
FILE = "model.json"


def write(folder: Path, classes: list[str], parameters: dict[str, Any], **more: Any) -> None:
    """Write `model.json`."""
    described = {"format": FORMAT, "classes": classes, "parameters": parameters, **more}
    (folder / FILE).write_bytes(msgspec.json.encode(described))


def read(folder: Path) -> dict[str, Any]:
    """What `write` wrote. Raises `ContractBroken` for another format."""
    described: dict[str, Any] = msgspec.json.decode((folder / FILE).read_bytes())
    if described.get("format") != FORMAT:
        found = described.get("format")
        raise ContractBroken(f"{folder}: expected format {FORMAT}, found {found}. Build it again.")
    return described
