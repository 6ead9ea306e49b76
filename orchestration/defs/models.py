"""Models: trained when there is something new to learn, staged with their cards."""

from collections.abc import Collection, Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Any

import dagster as dg

import ml
from ml.classify import baseline
from orchestration.resources import RETRIES, LakeResource, artifact_result, expected_errors
from warehouse import artifacts, flagged, pins, releases
from warehouse.artifacts import Artifact
from warehouse.contracts import audit, silver
from warehouse.delta import Lake
from warehouse.errors import NothingToLearn, NotMaterialized

NAME = baseline.NAME


APART = frozenset(
    {
        "anomaly", "answer", "documents", "errors", "graph", "plots.py", "queueing.py", "retrieve", "review", "study",
    }
)  # fmt: skip
"""Of `ml`, what tells of classifiers, searches or watches, and makes none."""


class Training(dg.Config):
    """When to train again, and how."""

    seed: int = 7
    growth: float = 0.1
    """Train again when labelled tickets grew by this share since the last time."""
    because: str = ""
    """Why to train whatever grew: a reason that only those know who look at what models said, such as drift."""


@dg.asset(
    key=NAME.split("/"),
    deps=[silver.TICKETS.key, audit.TARGETS.key],
    group_name="models",
    kinds={"python", "scikitlearn"},
    owners=["team:machine-learning"],
    retry_policy=RETRIES,
    io_manager_key="artifacts",
)
def category_baseline(
    context: dg.AssetExecutionContext, config: Training, lake: LakeResource
) -> dg.MaterializeResult[Artifact | None]:
    """Category from the customer's words: TF-IDF and logistic regression, judged on the most recent tickets."""
    tables = lake.of(context)
    with expected_errors():
        known, now = serving(tables, NAME), {"code": code(), "seed": config.seed}
    labelled = tables.scan(silver.TICKETS).select("category").count().collect().item()
    held = pins.pinned(tables.root)
    if known is not None and held is not None and NAME in held.models:
        return artifact_result(NAME, known, f"held back: {held.told}")
    if known is not None and not outgrown(known, labelled, now, config.growth):
        return artifact_result(NAME, known, "up to date")
    version = tables.data_version(silver.TICKETS) or 0
    rows = tables.read(silver.TICKETS, columns=baseline.COLUMNS)
    try:
        model, card = baseline.train(rows, seed=config.seed, inputs={silver.TICKETS.path: version})
    except NothingToLearn as error:
        return artifact_result(NAME, None, str(error))
    details = {**card.as_dict(), "labelled": labelled, **now}
    return artifact_result(NAME, artifacts.stage(tables.root, NAME, model.save, details), "trained")


INDEXES = "indexes/"


def serving(tables: Lake, name: str) -> Artifact | None:
    """The model of the current release; None where it has none, or its directory is gone.

    An index that is damaged is none, for every build makes it again; a model that is damaged is refused.
    """
    manifest = releases.current(tables.root)
    digest = manifest.artifacts.get(name) if manifest else None
    if digest and name.startswith(INDEXES):
        return artifacts.sound(tables.root, name, digest)
    try:
        return artifacts.load(tables.root, name, digest) if digest else None
    except NotMaterialized:
        return None


def outgrown(known: Artifact | None, labelled: int, now: Mapping[str, Any], growth: float) -> bool:
    """Whether to train again: there is no model, it was made otherwise, tickets grew by more than that share, or some
    that it had learned from were erased.
    """
    if known is None or any(known.card.get(name) != value for name, value in now.items()):
        return True
    if known.digest in flagged.models(known.root):
        return True
    return bool(labelled > known.card["labelled"] * (1 + growth))


def code(rooms: Collection[str] | None = None) -> str:
    """Changes when a module does that learning may use: of these rooms of `ml`, or of all but those `APART`."""
    digest, folder = blake2b(digest_size=8), Path(ml.__path__[0])
    for file in sorted(folder.rglob("*.py")):
        room = file.relative_to(folder).parts[0]
        if (room in rooms) if rooms is not None else (room not in APART):
            digest.update(file.read_bytes())
    return digest.hexdigest()
