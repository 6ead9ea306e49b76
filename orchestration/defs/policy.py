"""What becomes of answers: the team's policy, and the confidence at which each champion meets it."""

from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg
import msgspec
import polars as pl

from ml.classify import decisions
from ml.classify.decisions import Policy, Rule
from ml.targets import TARGETS
from orchestration.resources import RETRIES, LakeResource, artifact_ins, expected_errors
from warehouse import artifacts
from warehouse.artifacts import Artifact
from warehouse.contracts import silver
from warehouse.contracts.gold import PROJECT
from warehouse.delta import Lake
from warehouse.errors import ContractBroken
from warehouse.payloads import PolicyChanged

NAME = decisions.NAME
SEED = PROJECT / "seeds" / "decision_policy.csv"


@dg.asset(
    key=NAME.split("/"),
    ins=artifact_ins(*(f"models/{target.name}" for target in TARGETS)),
    deps=[silver.EVENTS.key],
    group_name="models",
    kinds={"json"},
    owners=["team:machine-learning"],
    retry_policy=RETRIES,
    io_manager_key="artifacts",
)
def decision_policy(
    context: dg.AssetExecutionContext, lake: LakeResource, **champions: Artifact | None
) -> dg.MaterializeResult[Artifact]:
    """How often answers must be right, as the seed and the edits since say, and from which confidence they were.

    Follows an edit without training anything.
    """
    tables = lake.of(context)
    with expected_errors():
        policy = decisions.edited(seed(), _edits(tables))
    found = {name: model for name, model in champions.items() if model is not None}
    made = Policy(policy, _thresholds(policy, found))
    card = {"requires": {model.name: model.digest for model in found.values()}, "edits": sum(r.edited for r in policy)}
    artifact = artifacts.stage(tables.root, NAME, made.save, card)
    metadata: dict[str, Any] = {"digest": artifact.digest, "rules": dg.MetadataValue.json(msgspec.to_builtins(policy))}
    return dg.MaterializeResult(value=artifact, metadata=metadata, data_version=dg.DataVersion(artifact.digest))


def seed() -> list[Rule]:
    """The policy that experts keep beside the code. Raises `ContractBroken` for a row that is no rule."""
    try:
        return decisions.rules(pl.read_csv(SEED))
    except (msgspec.ValidationError, pl.exceptions.PolarsError) as error:
        expected = "expected target, label, decision (automate or suggest), precision"
        raise ContractBroken(f"{SEED.name}: {error}; {expected}. Mend that row.") from None


def _edits(lake: Lake) -> pl.DataFrame:
    if not lake.exists(silver.EVENTS):
        return pl.DataFrame(schema=silver.EVENTS.schema)
    return lake.scan(silver.EVENTS).filter(pl.col("type") == PolicyChanged.__name__).collect()


def _thresholds(policy: Sequence[Rule], champions: Mapping[str, Artifact]) -> dict[str, decisions.Thresholds]:
    return {name: decisions.thresholds(policy, name, decisions.load(model.path)) for name, model in champions.items()}
