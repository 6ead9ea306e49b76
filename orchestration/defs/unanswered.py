"""Unanswered questions: topics of searches that fail more than is usual."""

from datetime import datetime

import dagster as dg
import numpy as np
import polars as pl

from ml.anomaly.drawn_topics import drawn_topics
from ml.anomaly.unanswered import READ, WINDOW, Tickets, unanswered
from ml.text.vectors import unit
from orchestration.defs.embeddings import NAME as ENCODER
from orchestration.defs.embeddings import compared_by
from orchestration.pictures import shown
from orchestration.resources import RETRIES, LakeResource, Results, artifact_ins, expected_errors, result, spec
from warehouse.artifacts import Artifact
from warehouse.contracts.anomalies import UNANSWERED
from warehouse.contracts.features import EMBEDDINGS
from warehouse.contracts.search import PROBLEMS
from warehouse.contracts.silver import SEARCH_EVENTS
from warehouse.delta import Lake

_READ = (SEARCH_EVENTS, EMBEDDINGS, PROBLEMS)


@dg.multi_asset(
    name="unanswered_questions",
    specs=[spec(UNANSWERED, deps=[*(table.key for table in _READ), ENCODER.split("/")])],
    ins=artifact_ins(ENCODER),
    retry_policy=RETRIES,
)
def unanswered_questions(context: dg.AssetExecutionContext, lake: LakeResource, encoder: Artifact) -> Results:
    """What people search for and are not helped with, and what they search for before they write."""
    tables = lake.of(context)
    with expected_errors():
        tables.ensure(UNANSWERED)
        read = follow(tables, encoder)
        picture = shown(tables.root, "unanswered", lambda: drawn_topics(tables.read(UNANSWERED)), changed=bool(read))
    written = result(tables, UNANSWERED, searches_read=read)
    yield written._replace(metadata={**(written.metadata or {}), **picture})


def follow(lake: Lake, encoder: Artifact) -> int:
    """Bring the topics up to `silver/search_events`; how many searches were read, 0 where nothing changed."""
    source = f"{SEARCH_EVENTS.path}@{encoder.card['encoder']}"
    with lake.lock(UNANSWERED):
        version = lake.data_version(SEARCH_EVENTS)
        if version is None or lake.progress(UNANSWERED, source) == version:
            return 0
        searches = lake.read(SEARCH_EVENTS, columns=READ, version=version).sort("asked_at", "search_id")
        vectors = unit(compared_by(lake, encoder, searches["text_hash"]))
        rows = unanswered(searches, vectors, _tickets(lake, encoder, searches))
        lake.exchange(UNANSWERED, lake.read(UNANSWERED, columns=["topic_id"]), rows, progress={source: version})
        return searches.height


def _tickets(lake: Lake, encoder: Artifact, searches: pl.DataFrame) -> Tickets:
    """Tickets that were opened while people searched, or shortly before."""
    first, last = searches["asked_at"].min(), searches["asked_at"].max()
    if not lake.exists(PROBLEMS) or not isinstance(first, datetime):
        none = pl.Series([], dtype=PROBLEMS.schema["created_at"])
        return Tickets(none, np.zeros((0, 1), dtype=np.float32))
    during = pl.col("created_at").is_between(first - WINDOW, last)
    rows = lake.scan(PROBLEMS).filter(during).select("created_at", "text_hash").collect().sort("created_at")
    return Tickets(rows["created_at"], unit(compared_by(lake, encoder, rows["text_hash"])))
