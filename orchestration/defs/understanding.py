"""What tickets are about: one champion a target, chosen among families, trained when there is more to learn."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl

from ml.card import Card
from ml.classify.champion import Champion
from ml.duration import RESOLUTION_TIME
from ml.targets import TARGETS
from ml.understand import STORED, Past, learn_resolution_time, learn_target
from orchestration.defs.embeddings import NAME as ENCODER
from orchestration.defs.models import Training, code, outgrown, serving
from orchestration.defs.studied import NAME as TUNED
from orchestration.defs.studied import hyperparameters
from orchestration.past import PAST, read_past
from orchestration.resources import RETRIES, LakeResource, artifact_ins, artifact_result
from warehouse import artifacts
from warehouse.artifacts import Artifact
from warehouse.contracts import audit, silver
from warehouse.delta import Lake
from warehouse.errors import NothingToLearn
from warehouse.settings import settings

NAMES = {name: f"models/{name}" for name in (*(target.name for target in TARGETS), RESOLUTION_TIME)}
Produced = Iterator[dg.MaterializeResult[Artifact | None]]


def _spec(name: str, artifact: str) -> dg.AssetSpec:
    return dg.AssetSpec(
        artifact.split("/"),
        deps=[*(table.key for table in PAST), audit.TARGETS.key, ENCODER.split("/"), TUNED.split("/")],
        group_name="models",
        kinds={"python", "catboost", "xgboost", "tensorflow", "pytorch"},
        owners=["team:machine-learning"],
        description=f"Predicts a ticket's {name.replace('_', ' ')} from what is known when it is opened.",
    ).with_io_manager_key("artifacts")


@dg.multi_asset(
    name="understand",
    specs=[_spec(name, artifact) for name, artifact in NAMES.items()],
    ins={**artifact_ins(ENCODER), "tuned": dg.AssetIn(key=TUNED.split("/"))},
    can_subset=True,
    retry_policy=RETRIES,
)
def understand(
    context: dg.AssetExecutionContext, config: Training, lake: LakeResource, encoder: Artifact, tuned: Artifact | None
) -> Produced:
    """Every family fitted on the past, one chosen on what followed, judged on the most recent tickets."""
    tables = lake.of(context)
    chosen = {name: path for name, path in NAMES.items() if dg.AssetKey(path.split("/")) in context.selected_asset_keys}
    labelled = tables.row_count(silver.TICKETS)
    now = {"code": code(), "encoder": encoder.card["encoder"], "families": settings().families, "seed": config.seed}
    now |= {"hyperparameters": tuned.digest if tuned else None}
    better = hyperparameters(tuned) if tuned else {}
    known = {name: serving(tables, path) for name, path in chosen.items()}
    due = {name for name, artifact in known.items() if outgrown(artifact, labelled, now, config.growth)}
    past: Past | None = None
    learned: dict[str, Champion] = {}
    for name, path in chosen.items():
        if name not in due:
            yield artifact_result(path, known[name], "up to date")
            continue
        try:
            past = past or read_past(tables, encoder)
            context.log.info(f"{name}: training")
            save, card = _learn(past, name, learned, better, seed=config.seed, tell=context.log.info)
        except NothingToLearn as error:
            yield artifact_result(path, None, str(error))
            continue
        details = {**card.as_dict(), **now, "labelled": labelled, "learnability": _audited(tables, card.target)}
        yield artifact_result(path, artifacts.stage(tables.root, path, save, details), "trained")


def _learn(
    past: Past,
    name: str,
    learned: dict[str, Champion],
    better: Mapping[str, Mapping[str, Any]],
    *,
    seed: int,
    tell: Callable[[str], object],
) -> tuple[Callable[[Path], None], Card]:
    """What writes the trained model, and its card; `learned` gains it. Raises `NothingToLearn`."""
    if name == RESOLUTION_TIME:
        time, card = learn_resolution_time(past, seed=seed)
        return time.save, card
    target = next(target for target in TARGETS if target.name == name)
    families = settings().families.split(",")
    above = learned.get(target.within or "")
    chosen = {**STORED, **better}
    found = learn_target(past, target, families, seed=seed, parameters=chosen, above=above, tell=tell)
    learned[name] = found.champion
    return found.save, found.card


def _audited(lake: Lake, column: str) -> dict[str, str] | None:
    """Verdict and reason of the audit; None for what it did not look at."""
    found = lake.scan(audit.TARGETS).filter(pl.col("target") == column).select("verdict", "reason").collect()
    return found.row(0, named=True) if found.height else None
