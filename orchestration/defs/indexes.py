"""Indexes of past tickets and of articles: a base that stays, and beside it what is new; solutions; who ranks them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import dagster as dg
import polars as pl

from ml.card import library_versions
from ml.graph.walker import NAME as GRAPH
from ml.graph.walker import Walker
from ml.retrieve import ranker, told
from ml.retrieve.knowledge import Knowledge
from ml.retrieve.past import Past
from ml.retrieve.searcher import ARTICLES, SOLUTIONS, TICKETS
from ml.retrieve.segment import Segment
from ml.targets import TARGETS
from ml.text.encoder import read_manifest, shared
from orchestration.defs.embeddings import NAME as ENCODER
from orchestration.defs.embeddings import compared_by, vectors_of
from orchestration.defs.models import Training, code, outgrown, serving
from orchestration.resources import RETRIES, LakeResource, artifact_ins, artifact_result, expected_errors
from warehouse import artifacts
from warehouse.artifacts import Artifact
from warehouse.contracts import graph, predictions, search, silver
from warehouse.contracts.features import EMBEDDINGS
from warehouse.delta import Lake
from warehouse.errors import NothingToLearn
from warehouse.kept import gone
from warehouse.reading import newest
from warehouse.table import Table

DELTA = "_delta"
MERGED_AT = 0.1
"""Share of the base that a delta may have: then the two become a new base."""
FORMAT = 1
LEARNED = ("retrieve", "graph")
"""Rooms of `ml` whose code a ranker depends on."""
LIBRARIES = ("bm25s", "chromadb")
NEWEST = 40_000
"""Tickets that a ranker learns from."""
Produced = Iterator[dg.MaterializeResult[Artifact | None]]


class Searched(NamedTuple):
    """A table that is indexed: its rows become documents, told apart by `key`."""

    name: str
    table: Table
    key: str
    documents: Callable[[pl.DataFrame], pl.DataFrame]


def documented(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.rename({"text": "body"}).with_columns(errors=pl.lit(""))


INDEXED = (
    Searched(TICKETS, search.PROBLEMS, "ticket_id", lambda rows: rows),
    Searched(ARTICLES, search.PASSAGES, "passage_id", documented),
)
NAMES = tuple(name + part for name in (TICKETS, ARTICLES) for part in ("", DELTA))


def _spec(name: str, deps: Sequence[Sequence[str]], description: str, *kinds: str) -> dg.AssetSpec:
    return dg.AssetSpec(
        name.split("/"),
        deps=deps,
        group_name=name.split("/", maxsplit=1)[0],
        kinds={"python", *kinds},
        owners=["team:machine-learning"],
        description=description,
    ).with_io_manager_key("artifacts")


class Merging(dg.Config):
    """When what is new becomes part of the base."""

    merge: bool = False
    """Now, however little it is."""


@dg.multi_asset(
    name="index",
    specs=[
        _spec(
            one.name + part, [one.table.key, EMBEDDINGS.key, ENCODER.split("/")], f"{one.table.name}, {told}", "chroma"
        )
        for one in INDEXED
        for part, told in (("", "as they were when all were indexed."), (DELTA, "new, changed or gone since."))
    ],
    ins=artifact_ins(ENCODER),
    retry_policy=RETRIES,
)
def index(context: dg.AssetExecutionContext, config: Merging, lake: LakeResource, encoder: Artifact) -> Produced:
    """Words and vectors of what is searched: what is new beside what stays, until it is much."""
    tables = lake.of(context)
    for one in INDEXED:
        with expected_errors():
            base, delta, status = brought_up(tables, one, encoder, merge=config.merge)
        yield artifact_result(one.name, base, status)
        yield artifact_result(one.name + DELTA, delta, status)


def brought_up(lake: Lake, one: Searched, encoder: Artifact, *, merge: bool = False) -> tuple[Any, Any, str]:
    """Base, delta (None where nothing is new) and what was done; with `merge` a delta becomes part of a new base."""
    version = lake.data_version(one.table)
    if version is None or not lake.row_count(one.table):
        return None, None, "nothing to index"
    now = {"format": FORMAT, "encoder": encoder.card["encoder"], "libraries": library_versions(LIBRARIES)}
    base, delta = serving(lake, one.name), serving(lake, one.name + DELTA)
    if base is None or _made_otherwise(base, now) or gone(lake.path(one.table), base.inputs[one.table.path]):
        return _based(lake, one, encoder, version, now), None, "built"
    since = base.inputs[one.table.path]
    if delta is not None and delta.inputs[one.table.path] == version and not merge:
        return base, delta, "up to date"
    changes = lake.changes(one.table, since, version)
    if changes.is_empty():
        return base, None, "up to date"
    last = newest(changes, one.key)
    if merge or last.height > base.card["documents"] * MERGED_AT:
        return _based(lake, one, encoder, version, now), None, "merged"
    rows = last.filter(pl.col("_change_type") != "delete").select(one.table.schema.names())
    vectors = compared_by(lake, encoder, rows["text_hash"])
    made = Segment.load(base.path).delta(one.documents(rows), vectors, last[one.key].to_list(), base.digest)
    card = {**now, "inputs": {one.table.path: version}, "documents": rows.height, "requires": {one.name: base.digest}}
    return base, artifacts.stage(lake.root, one.name + DELTA, made.save, card), "delta built"


def _made_otherwise(base: Artifact, now: Mapping[str, Any]) -> bool:
    return any(base.card.get(name) != value for name, value in now.items())


def _based(lake: Lake, one: Searched, encoder: Artifact, version: int, now: dict[str, Any]) -> Artifact:
    rows = lake.read(one.table, version=version).sort(one.key)
    vectors = compared_by(lake, encoder, rows["text_hash"])
    made = Segment.build(one.documents(rows), vectors, key=one.key, encoder=encoder.card["encoder"])
    card = {**now, "inputs": {one.table.path: version}, "documents": rows.height}
    return artifacts.stage(lake.root, one.name, made.save, card)


KNOWN = (search.SOLUTIONS, search.ATTEMPTS, graph.ISSUE_MEMBERS, silver.EVENTS)


@dg.asset(
    key=SOLUTIONS.split("/"),
    deps=[table.key for table in KNOWN],
    group_name="indexes",
    kinds={"python", "arrow"},
    owners=["team:machine-learning"],
    retry_policy=RETRIES,
    io_manager_key="artifacts",
)
def known_solutions(context: dg.AssetExecutionContext, lake: LakeResource) -> dg.MaterializeResult[Artifact | None]:
    """Solutions with their attempts, and the issue of each ticket, as they are served."""
    tables = lake.of(context)
    versions = {table.path: tables.data_version(table) for table in KNOWN}
    held = serving(tables, SOLUTIONS)
    if None in versions.values():
        return artifact_result(SOLUTIONS, None, "nothing is known")
    if held is not None and not _moved(tables, held.inputs, versions):
        return artifact_result(SOLUTIONS, held, "up to date")
    artifact = artifacts.stage(tables.root, SOLUTIONS, knowledge(tables).save, {"inputs": versions})
    return artifact_result(SOLUTIONS, artifact, "made")


def _moved(lake: Lake, before: Mapping[str, int], now: Mapping[str, int | None]) -> bool:
    """Whether something is known otherwise than before; of events, only those of suggestions move anything."""
    moved = {path for path in now if now[path] != before.get(path)}
    if moved != {silver.EVENTS.path}:
        return bool(moved)
    since = before.get(silver.EVENTS.path)
    if since is None or gone(lake.path(silver.EVENTS), since):
        return True
    heard = lake.changes(silver.EVENTS, since, now[silver.EVENTS.path], columns=["type"], before=True)
    return bool(heard["type"].is_in(told.TYPES).any())


ASKED = (
    search.PROBLEMS,
    search.SOLUTIONS,
    search.ATTEMPTS,
    silver.EVENTS,
    predictions.TICKETS,
    EMBEDDINGS,
)


@dg.asset(
    key=ranker.NAME.split("/"),
    ins=artifact_ins(ENCODER, GRAPH),
    deps=[table.key for table in ASKED],
    group_name="models",
    kinds={"python", "xgboost"},
    owners=["team:machine-learning"],
    retry_policy=RETRIES,
    io_manager_key="artifacts",
)
def solution_ranker(
    context: dg.AssetExecutionContext, config: Training, lake: LakeResource, encoder: Artifact, graph: Artifact | None
) -> dg.MaterializeResult[Artifact | None]:
    """The order of solutions, learned from what solved past tickets."""
    tables, name = lake.of(context), ranker.NAME
    if any(not tables.exists(table) for table in ASKED):
        return artifact_result(name, None, "nothing to learn from")
    solved = tables.row_count(search.ATTEMPTS)
    now = {"code": code(LEARNED), "encoder": encoder.card["encoder"], "seed": config.seed, "graph": graph is not None}
    held = serving(tables, name)
    if not outgrown(held, solved, now, config.growth):
        return artifact_result(name, held, "up to date")
    with expected_errors():
        past = read(tables, encoder)
        asks = Walker.load(graph.path) if graph is not None else None
        try:
            made, card = ranker.learn(past, asks, seed=config.seed, tell=context.log.info)
        except NothingToLearn as error:
            return artifact_result(name, None, str(error))
        inputs = {table.path: tables.data_version(table) or 0 for table in ASKED}
        card |= {"name": name, "labelled": solved, "inputs": inputs, **now}
        return artifact_result(name, artifacts.stage(tables.root, name, made.save, card), "trained")


def knowledge(lake: Lake) -> Knowledge:
    """Solutions, what was tried, and issues, as they are now."""
    return Knowledge(lake.read(search.SOLUTIONS), attempted(lake), lake.read(graph.ISSUE_MEMBERS))


def attempted(lake: Lake) -> pl.DataFrame:
    """What agents wrote of solutions that they tried, and what became of those that were suggested."""
    events = lake.scan(silver.EVENTS).filter(pl.col("type").is_in(told.TYPES)).collect()
    return told.attempts(lake.read(search.ATTEMPTS), events, lake.read(search.SOLUTIONS)["solution_id"])


def read(lake: Lake, encoder: Artifact) -> Past:
    """The newest tickets, what was tried on them, and what champions said of them that had not seen them."""
    problems = lake.scan(search.PROBLEMS).sort("created_at", "ticket_id").tail(NEWEST).collect()
    vectors = vectors_of(lake, encoder, problems["text_hash"])
    targets = [target.name for target in TARGETS if target.name in ("category", "subcategory")]
    said = lake.scan(predictions.TICKETS).filter(pl.col("target").is_in(targets)).collect()
    return Past(
        problems=problems,
        solutions=lake.read(search.SOLUTIONS).sort("solution_id"),
        attempts=attempted(lake),
        vectors=vectors,
        shared=shared(vectors, read_manifest(encoder.path)),
        said=said.select("ticket_id", "target", "label", "confidence"),
        encoder=encoder.card["encoder"],
    )
