"""What each stage of finding is worth: the past is searched, the newest tickets ask."""

from collections.abc import Callable, Mapping
from pathlib import Path

import dagster as dg
import numpy as np
import polars as pl

from ml.documents import retrieval
from ml.evaluate import stages
from ml.evaluate.ablation import ablation
from ml.evaluate.asked import by_record, by_truth
from ml.graph.past import walker
from orchestration.defs import indexes
from orchestration.defs.embeddings import NAME as ENCODER
from orchestration.defs.graph import OUTCOMES
from orchestration.resources import RETRIES, LakeResource, Results, artifact_ins, expected_errors, result, spec
from warehouse.artifacts import Artifact
from warehouse.contracts import search, silver
from warehouse.contracts.search import ABLATION
from warehouse.delta import Lake
from warehouse.errors import NothingToLearn

ASKED = 0.15
"""Share of the tickets, the newest, that ask."""
FEWEST = 400
"""Tickets below which there is nothing to compare."""
FOLDER = "reports/retrieval"
READ = (*indexes.ASKED, search.PASSAGES, silver.TICKETS)


class Compared(dg.Config):
    """What the tickets are asked against."""

    against: str = ""
    """The folder of truth that a simulator wrote; empty: what is recorded to have solved each ticket."""
    questions: int = 1_500
    seed: int = 7


@dg.multi_asset(
    name="compare_stages",
    specs=[spec(ABLATION, deps=[*(table.key for table in READ), ENCODER.split("/")])],
    ins=artifact_ins(ENCODER),
    retry_policy=RETRIES,
)
def compare_stages(
    context: dg.AssetExecutionContext, config: Compared, lake: LakeResource, encoder: Artifact
) -> Results:
    """Recall, nDCG, reciprocal rank and first suggestions that resolve, of every stage of finding."""
    tables = lake.of(context)
    with expected_errors():
        found, about = compared(tables, encoder, config, context.log.info)
        tables.replace(ABLATION, found)
    page = retrieval.write(found, about, tables.root / FOLDER)
    made = result(tables, ABLATION)
    told = {"page": dg.MetadataValue.path(str(page)), "stages": dg.MetadataValue.md(retrieval.summary(found))}
    yield made._replace(metadata={**(made.metadata or {}), **told})


def compared(
    lake: Lake, encoder: Artifact, config: Compared, tell: Callable[[str], object]
) -> tuple[pl.DataFrame, Mapping[str, str]]:
    """The rows of `search/ablation`, and of what they are. Raises `NothingToLearn` for too few tickets."""
    everything = indexes.read(lake, encoder)
    created = everything.problems["created_at"]
    if len(created) < FEWEST:
        raise NothingToLearn(f"there are {len(created)} tickets, expected {FEWEST}")
    cut = created[int(len(created) * (1 - ASKED))]
    past = everything.until(cut)
    later = np.flatnonzero((created >= cut).to_numpy())
    rows = np.sort(np.random.default_rng(config.seed).permutation(later)[: config.questions])
    asked = everything.problems[rows]
    judged = (
        by_truth(Path(config.against), everything, past, asked)
        if config.against
        else by_record(everything, past, asked)
    )
    closed = pl.col("resolved_at") <= cut
    known = lake.read(silver.TICKETS, columns=OUTCOMES).join(past.problems.select("ticket_id"), on="ticket_id")
    outcomes = known.with_columns(
        pl.when(closed).then(pl.col(name)).alias(name) for name in OUTCOMES if name != "ticket_id"
    )
    passages = lake.read(search.PASSAGES)
    walk, unlinked = (walker(past, outcomes, passages, linked=linked) for linked in (True, False))
    tell("graphs")
    trial = stages.Trial(
        past=past,
        walk=walk,
        unlinked=unlinked,
        questions=everything.questions(rows.tolist()),
        recorded=judged.recorded,
    )
    pool = past.solutions["solution_id"].to_list()
    every = ablation(
        judged.cases,
        stages.rankings(trial, tell, seed=config.seed),
        single=stages.SINGLE,
        pool=pool,
        groups=judged.groups,
        seed=config.seed,
    )
    others = ablation(
        judged.cases,
        stages.across(trial, seed=config.seed),
        single=("keyword", "dense"),
        pool=pool,
        groups=judged.groups.select("language"),
        dimension="only in other languages",
        seed=config.seed,
    ).with_columns(
        dimension=pl.when(pl.col("dimension") == "language")
        .then(pl.lit("only in other languages, asked in"))
        .otherwise("dimension")
    )
    about = {
        "searched": f"{past.problems.height:,} tickets opened before {cut:%Y-%m-%d %H:%M}, as they were known then",
        "asked": f"{len(rows):,} tickets opened later",
        "judged by": "the simulator's truth" if config.against else "what is recorded to have solved each ticket",
        "command": "ticketlake evaluate search" + (" --truth truth-folder" if config.against else ""),
    }
    return pl.concat([every, others]), about
