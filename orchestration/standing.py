"""Where models stand: the one that serves, the one that was trained last, and what has come since."""

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from ml.duration import RESOLUTION_TIME
from ml.learning.reasons import Reason, Standing, why
from ml.targets import TARGETS
from warehouse import artifacts, releases
from warehouse.artifacts import Artifact
from warehouse.contracts import silver
from warehouse.delta import Lake
from warehouse.pointers import pointed
from warehouse.settings import settings

NAMES = {name: f"models/{name}" for name in (*(target.name for target in TARGETS), RESOLUTION_TIME)}
"""By target the model that serves: name of the artifact, and of the asset that the gate makes."""
CHALLENGERS = {name: f"challengers/{name}" for name in NAMES}
"""By target the asset that stands for the model that was trained last: an artifact of the name in `NAMES`."""
_COLUMNS = {target.name: target for target in TARGETS}


def trained_last(root: Path, target: str) -> Artifact | None:
    """The model that was trained last, whatever became of it; before there are challengers, the one that serves."""
    pointer = pointed(root, CHALLENGERS[target])
    if pointer is not None:
        return artifacts.sound(root, *pointer)
    manifest = releases.current(root)
    digest = manifest.artifacts.get(NAMES[target]) if manifest else None
    return artifacts.sound(root, NAMES[target], digest) if digest else None


def count(facts: pl.DataFrame, target: str) -> int:
    """How many corrections there are of a target; all of them for what has no label of its own."""
    if target not in _COLUMNS:
        return 0
    return facts.filter(pl.col("field") == _COLUMNS[target].column).height


def reasons(lake: Lake, known: Mapping[str, Artifact], facts: pl.DataFrame, *, growth: float) -> list[Reason]:
    """Why to train these models again, by what came since they were trained."""
    chosen = settings()
    labelled, found = lake.row_count(silver.TICKETS), []
    for name, model in known.items():
        one = Standing(
            target=name,
            labelled=labelled,
            labelled_then=model.card.get("labelled", labelled),
            corrections=count(facts, name),
            corrections_then=model.card.get("corrections", 0),
            labels=_labels(lake, name),
            classes=model.card.get("classes", []),
        )
        found += why(one, growth=growth, corrections=chosen.retrain_corrections)
    return found


def _labels(lake: Lake, target: str) -> Mapping[str, int]:
    if target not in _COLUMNS:
        return {}
    labels = lake.scan(silver.TICKETS).select(label=_COLUMNS[target].labels()).drop_nulls()
    return dict(labels.group_by("label").len().collect().iter_rows())
