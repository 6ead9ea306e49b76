"""The release: what serving reads, under one pointer."""

from datetime import UTC, datetime
from typing import Any

import dagster as dg

from ml.answer.score import NAME as JUDGE
from ml.graph.walker import NAME as GRAPH
from ml.retrieve.ranker import NAME as RANKER
from ml.retrieve.searcher import SOLUTIONS
from orchestration import promotions
from orchestration.defs import embeddings, indexes, models, policy
from orchestration.resources import RETRIES, LakeResource, artifact_ins, expected_errors
from orchestration.standing import NAMES
from warehouse import releases
from warehouse.artifacts import Artifact
from warehouse.contracts import features, gold, graph, learning, predictions, search, silver, ticket_features

TABLES = tuple(
    table
    for layer in (silver, features, ticket_features, predictions, learning, search, graph, gold)
    for table in layer.TABLES
)
LEARNED = (models.NAME, embeddings.NAME, *NAMES.values(), policy.NAME, RANKER, JUDGE)
PARTS = (*LEARNED, *indexes.NAMES, SOLUTIONS, GRAPH)
"""Every artifact that is served."""
KEPT = 20


@dg.asset(
    key=["release", "current"],
    ins=artifact_ins(*PARTS),
    deps=[*(table.key for table in TABLES), ["gold", "metrics"]],
    group_name="release",
    kinds={"json"},
    owners=["team:data-platform"],
    retry_policy=RETRIES,
)
def current(
    context: dg.AssetExecutionContext, lake: LakeResource, **staged: Artifact | None
) -> dg.MaterializeResult[None]:
    """Models and table versions that belong together, published by moving one pointer."""
    tables, now = lake.of(context), datetime.now(UTC)  # noqa: TID251 the edge where a release is made
    parts = [part for part in staged.values() if part is not None]
    versions = {table.path: version for table in TABLES if (version := tables.data_version(table)) is not None}
    with expected_errors():
        before = releases.current(tables.root)
        expected = before.id if before else None
        release = releases.publish(tables, parts, versions, lake.drained(), expected=expected, now=now)
        if context.run.job_name != promotions.BY_HAND:
            promotions.tell(tables, lake.inbox)
        releases.retain(tables, KEPT, now=now, also=promotions.judged(tables))
    digests = {part.name: part.digest for part in parts}
    metadata: dict[str, Any] = {"release": release.id, "artifacts": digests, "tables": versions}
    return dg.MaterializeResult(metadata=metadata, data_version=dg.DataVersion(release.id))
