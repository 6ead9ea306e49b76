"""MLflow: what is released, for those who look for models there."""

from typing import Any

import dagster as dg

from orchestration import registry
from orchestration.defs import release
from orchestration.resources import LakeResource
from warehouse.releases import open_release


@dg.asset(
    key=["release", "mlflow"],
    deps=[release.current],
    group_name="release",
    kinds={"mlflow", "sqlite"},
    owners=["team:machine-learning"],
)
def mirrored(context: dg.AssetExecutionContext, lake: LakeResource) -> dg.MaterializeResult[None]:
    """A run and a registered version for each released model, the alias `champion` on those that serve."""
    root = lake.whole().root
    opened = open_release(root)
    versions = registry.mirror(root, opened)
    metadata: dict[str, Any] = {"release": opened.id, "versions": versions}
    return dg.MaterializeResult(metadata=metadata, data_version=dg.DataVersion(opened.id))
