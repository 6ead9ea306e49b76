"""The long look at learning: tuned hyperparameters, cross-validation and ablations, when somebody asks for it."""

from typing import Any

import dagster as dg
import msgspec
from pydantic import Field

from ml.study import report
from ml.study.run import Setting, study
from ml.targets import TARGETS
from ml.understand import STORED
from orchestration import registry
from orchestration.defs.embeddings import NAME as ENCODER
from orchestration.past import PAST, read_past
from orchestration.resources import LakeResource, artifact_ins, expected_errors
from warehouse import artifacts
from warehouse.artifacts import Artifact
from warehouse.settings import settings

NAME = "models/hyperparameters"
FILE = "hyperparameters.json"


class Studying(dg.Config):
    """How long, and from which seed."""

    budget_minutes: float = Field(default=90.0, gt=0)
    seed: int = 7


@dg.asset(
    key=NAME.split("/"),
    deps=[table.key for table in PAST],
    ins=artifact_ins(ENCODER),
    group_name="models",
    kinds={"python", "optuna"},
    owners=["team:machine-learning"],
    io_manager_key="artifacts",
)
def study_learning(
    context: dg.AssetExecutionContext, config: Studying, lake: LakeResource, encoder: Artifact
) -> dg.MaterializeResult[Artifact]:
    """Cross-validation, tuning and ablations on time-ordered folds; what is better is learned with from now on."""
    tables = lake.of(context)
    families = settings().families.split(",")
    with expected_errors():
        past = read_past(tables, encoder)
        setting = Setting(config.seed, context.log.info, registry.trials(tables.root))
        found = study(past, TARGETS, families, STORED, budget_minutes=config.budget_minutes, setting=setting)
    page = report.write(found, tables.root / report.FOLDER)
    card: dict[str, Any] = {"name": NAME, "inputs": dict(past.versions), "study": msgspec.to_builtins(found)}

    def write(folder: Any) -> None:
        (folder / FILE).write_bytes(msgspec.json.encode(found.hyperparameters()))

    artifact = artifacts.stage(tables.root, NAME, write, card)
    metadata: dict[str, Any] = {"page": dg.MetadataValue.path(str(page)), "better": found.hyperparameters()}
    return dg.MaterializeResult(value=artifact, metadata=metadata, data_version=dg.DataVersion(artifact.digest))


def hyperparameters(tuned: Artifact) -> dict[str, dict[str, Any]]:
    """By family, what was better than what is stored."""
    return msgspec.json.decode((tuned.path / FILE).read_bytes(), type=dict[str, dict[str, Any]])
