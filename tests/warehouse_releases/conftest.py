from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from warehouse import releases
from warehouse.artifacts import Artifact
from warehouse.delta import Lake

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "lake")


@pytest.fixture
def make_artifact(lake: Lake) -> Callable[..., Artifact]:
    def make(content: str = "weights", name: str = "models/category_baseline", **card: Any) -> Artifact:
        def write(folder: Path) -> None:
            (folder / "parts").mkdir()
            (folder / "parts" / "weights.txt").write_text(content)

        return releases.stage(lake, name, write, {"measured": 1, **card})

    return make


@pytest.fixture
def publish(lake: Lake) -> Callable[..., releases.Release]:
    def publish(*parts: Artifact, inbox_seq: int = 0, tables: dict[str, int] | None = None) -> releases.Release:
        expected = releases.current_id(lake.root)
        return releases.publish(lake, parts, tables or {}, inbox_seq, expected=expected, now=NOW)

    return publish
