"""Who judges answers: learned from past tickets, answered from what was known before them."""

import dagster as dg
import polars as pl

from ml.answer.learned import Known, learn
from ml.answer.score import NAME
from ml.graph.walker import NAME as GRAPH
from ml.graph.walker import Walker
from ml.text.entities import Catalogue
from orchestration.defs import indexes
from orchestration.defs.embeddings import NAME as ENCODER
from orchestration.defs.embeddings import compared_by
from orchestration.defs.models import Training, code, outgrown, serving
from orchestration.resources import RETRIES, LakeResource, artifact_ins, artifact_result, expected_errors
from warehouse import artifacts
from warehouse.artifacts import Artifact
from warehouse.contracts import graph, search
from warehouse.delta import Lake
from warehouse.errors import NothingToLearn

READ = (*indexes.ASKED, search.PASSAGES, graph.ISSUE_MEMBERS)
LEARNED = ("answer", "retrieve", "graph")
"""Rooms of `ml` whose code a judge depends on."""


@dg.asset(
    key=NAME.split("/"),
    ins=artifact_ins(ENCODER, GRAPH),
    deps=[table.key for table in READ],
    group_name="models",
    kinds={"python", "numpy"},
    owners=["team:machine-learning"],
    retry_policy=RETRIES,
    io_manager_key="artifacts",
)
def answer_quality(
    context: dg.AssetExecutionContext, config: Training, lake: LakeResource, encoder: Artifact, graph: Artifact | None
) -> dg.MaterializeResult[Artifact | None]:
    """How likely an answer resolves its ticket, learned from what became of past ones."""
    tables = lake.of(context)
    if any(not tables.exists(table) for table in READ):
        return artifact_result(NAME, None, "nothing to learn from")
    tried = tables.row_count(search.ATTEMPTS)
    now = {"code": code(LEARNED), "encoder": encoder.card["encoder"], "seed": config.seed, "graph": graph is not None}
    held = serving(tables, NAME)
    if not outgrown(held, tried, now, config.growth):
        return artifact_result(NAME, held, "up to date")
    with expected_errors():
        walk = Walker.load(graph.path) if graph is not None else None
        try:
            made, card = learn(read(tables, encoder), walk, seed=config.seed, tell=context.log.info)
        except NothingToLearn as error:
            return artifact_result(NAME, None, str(error))
        inputs = {table.path: tables.data_version(table) or 0 for table in READ}
        card |= {"name": NAME, "labelled": tried, "inputs": inputs, **now}
        return artifact_result(NAME, artifacts.stage(tables.root, NAME, made.save, card), "trained")


def read(lake: Lake, encoder: Artifact) -> Known:
    """What answers rest on."""
    past, passages = indexes.read(lake, encoder), lake.read(search.PASSAGES).sort("passage_id")
    names = past.problems.select("product", "product_module").cast(pl.String).unique()
    return Known(
        past=past,
        passages=indexes.documented(passages),
        vectors=compared_by(lake, encoder, passages["text_hash"]),
        members=lake.read(graph.ISSUE_MEMBERS),
        catalogue=Catalogue.of(names["product"], names["product_module"]),
    )
