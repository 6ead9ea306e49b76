"""What tickets are about: one champion a target, chosen among families, trained when there is more to learn."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl

from ml.audit.verdicts import NOTHING
from ml.card import Card
from ml.classify.champion import Champion
from ml.duration import RESOLUTION_TIME
from ml.learning.reasons import told
from ml.targets import TARGETS
from ml.understand import STORED, Past, learn_resolution_time, learn_target
from orchestration import standing
from orchestration.defs.embeddings import NAME as ENCODER
from orchestration.defs.models import Training, code
from orchestration.defs.studied import NAME as TUNED
from orchestration.defs.studied import hyperparameters
from orchestration.past import PAST, corrections, read_past
from orchestration.resources import RETRIES, LakeResource, artifact_ins, artifact_result, expected_errors
from orchestration.standing import CHALLENGERS, NAMES
from warehouse import artifacts, flagged
from warehouse.artifacts import Artifact
from warehouse.contracts import audit, silver
from warehouse.delta import Lake
from warehouse.errors import NothingToLearn
from warehouse.settings import settings

PLAIN = frozenset({"majority", "naive_bayes", "logistic", "decision_tree", "linear_svm", "xgboost"})
"""Families that are fitted in seconds."""
FIRST = "nothing served yet"
Produced = Iterator[dg.MaterializeResult[Artifact | None]]


def _spec(name: str, artifact: str) -> dg.AssetSpec:
    return dg.AssetSpec(
        artifact.split("/"),
        deps=[*(table.key for table in PAST), audit.TARGETS.key, ENCODER.split("/"), TUNED.split("/")],
        group_name="challengers",
        kinds={"python", "catboost", "xgboost", "tensorflow", "pytorch"},
        owners=["team:machine-learning"],
        description=f"Predicts a ticket's {name.replace('_', ' ')} from what is known at the opening; not judged yet.",
    ).with_io_manager_key("artifacts")


@dg.multi_asset(
    name="understand",
    specs=[_spec(name, artifact) for name, artifact in CHALLENGERS.items()],
    ins={**artifact_ins(ENCODER), "tuned": dg.AssetIn(key=TUNED.split("/"))},
    can_subset=True,
    retry_policy=RETRIES,
)
def understand(
    context: dg.AssetExecutionContext, config: Training, lake: LakeResource, encoder: Artifact, tuned: Artifact | None
) -> Produced:
    """Every family fitted on the past, one chosen on what followed: challengers, where there is a reason to train."""
    tables = lake.of(context)
    selected = context.selected_asset_keys
    chosen = {name: path for name, path in CHALLENGERS.items() if dg.AssetKey(path.split("/")) in selected}
    labelled, facts = tables.row_count(silver.TICKETS), corrections(tables)
    now = {"code": code(), "encoder": encoder.card["encoder"], "seed": config.seed}
    now |= {"hyperparameters": tuned.digest if tuned else None}
    better = hyperparameters(tuned) if tuned else {}
    audited = {target.name: _audited(tables, target.column) for target in TARGETS}
    asked = {name: {**now, "families": _families(audited.get(name))} for name in chosen}
    with expected_errors():
        known = {name: standing.trained_last(tables.root, name) for name in chosen}
        due = {name: _why(tables, name, known[name], asked=asked[name], config=config, facts=facts) for name in chosen}
    past: Past | None = None
    for name, path in chosen.items():
        if not due[name]:
            yield artifact_result(path, known[name], "up to date")
            continue
        try:
            past = past or read_past(tables, encoder)
            context.log.info(f"{name}: training, because of {due[name]}")
            save, card = _learn(
                past, name, asked[name]["families"].split(","), known, better, seed=config.seed, tell=context.log.info
            )
        except NothingToLearn as error:
            known[name] = None
            yield artifact_result(path, None, str(error))
            continue
        details = {**card.as_dict(), **asked[name], "labelled": labelled, "learnability": audited.get(name)}
        details |= {"corrections": standing.count(facts, name), "because": due[name]}
        known[name] = artifacts.stage(tables.root, NAMES[name], save, details)
        yield artifact_result(path, known[name], "trained")


def _why(
    lake: Lake,
    name: str,
    known: Artifact | None,
    *,
    asked: Mapping[str, Any],
    config: Training,
    facts: pl.DataFrame,
) -> str:
    """Why to train, as people read it; empty where nothing asks for it."""
    if known is None:
        return config.because or FIRST
    if changed := [what for what, value in asked.items() if known.card.get(what) != value]:
        return f"{', '.join(changed)} changed"
    if known.digest in flagged.models(lake.root):
        return flagged.WHY
    found = standing.reasons(lake, {name: known}, facts, growth=config.growth)
    return config.because or told(found)


def _learn(
    past: Past,
    name: str,
    families: Sequence[str],
    known: Mapping[str, Artifact | None],
    better: Mapping[str, Mapping[str, Any]],
    *,
    seed: int,
    tell: Callable[[str], object],
) -> tuple[Callable[[Path], None], Card]:
    """What writes the trained model, and its card; `known` are the models so far. Raises `NothingToLearn`."""
    if name == RESOLUTION_TIME:
        time, card = learn_resolution_time(past, seed=seed)
        return time.save, card
    target = next(target for target in TARGETS if target.name == name)
    within = known.get(target.within or "")
    above = Champion.load(within.path) if within is not None else None
    chosen = {**STORED, **better}
    found = learn_target(past, target, families, seed=seed, parameters=chosen, above=above, tell=tell)
    return found.save, found.card


def _families(audited: Mapping[str, str] | None) -> str:
    """Where the audit found nothing to learn nothing is answered: the plain families show that it is so."""
    wanted = settings().families
    if audited is None or audited["verdict"] != NOTHING:
        return wanted
    return ",".join(family for family in wanted.split(",") if family in PLAIN) or wanted


def _audited(lake: Lake, column: str) -> dict[str, str] | None:
    """Verdict and reason of the audit; None for what it did not look at."""
    found = lake.scan(audit.TARGETS).filter(pl.col("target") == column).select("verdict", "reason").collect()
    return found.row(0, named=True) if found.height else None
