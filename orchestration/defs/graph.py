"""Issues, the graph of what hangs together with them, and its index."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl

from ml.card import library_versions
from ml.graph import build, index, issues, likeness, summaries, terms
from ml.graph.likeness import Vectors
from ml.graph.things import node
from ml.text.vectors import unit
from orchestration.defs.embeddings import NAME as ENCODER
from orchestration.defs.embeddings import vectors_of
from orchestration.resources import (
    RETRIES,
    LakeResource,
    Results,
    artifact_ins,
    artifact_result,
    expected_errors,
    result,
    spec,
)
from warehouse import artifacts
from warehouse.artifacts import Artifact
from warehouse.contracts import silver
from warehouse.contracts.features import EMBEDDINGS
from warehouse.contracts.graph import EDGES, ISSUE_CHANGES, ISSUE_MEMBERS, ISSUES, NODES
from warehouse.contracts.search import ATTEMPTS, PASSAGES, PROBLEMS, SOLUTIONS
from warehouse.delta import Lake
from warehouse.table import Table

NAME = index.NAME
GROWTH = 1.25
"""Times as many tickets as the last time: then issues are grouped anew, and terms counted again."""
GROUPED = "tickets grouped"
"""Under this a table records by how many tickets its issues were grouped."""
OUTCOMES = ["ticket_id", "resolved_at", "resolution_code", "related_tickets", "kb_articles_helpful"]
FIELDS = [name for name in PROBLEMS.schema if name != "body"]
_MEMBERS = (PROBLEMS, ATTEMPTS, EMBEDDINGS, silver.TICKETS)
_PARTS = (PROBLEMS, ATTEMPTS, silver.TICKETS)
_GRAPH = (*_PARTS, SOLUTIONS, PASSAGES, EMBEDDINGS, ISSUE_MEMBERS)


@dg.multi_asset(
    name="issue_members",
    specs=[
        spec(table, deps=[*(source.key for source in _MEMBERS), ENCODER.split("/")])
        for table in (ISSUE_MEMBERS, ISSUE_CHANGES)
    ],
    ins=artifact_ins(ENCODER),
    retry_policy=RETRIES,
)
def issue_members(context: dg.AssetExecutionContext, lake: LakeResource, encoder: Artifact) -> Results:
    """Which issue each ticket belongs to: new ones join or found an issue, all are grouped anew when many have come."""
    tables = lake.of(context)
    with expected_errors():
        for table in (ISSUE_MEMBERS, ISSUE_CHANGES):
            tables.ensure(table)
        group(tables, encoder)
    for table in (ISSUE_MEMBERS, ISSUE_CHANGES):
        yield result(tables, table)


@dg.multi_asset(
    name="knowledge_graph",
    specs=[
        spec(table, deps=[*(source.key for source in _GRAPH), ENCODER.split("/")]) for table in (NODES, EDGES, ISSUES)
    ],
    ins=artifact_ins(ENCODER),
    retry_policy=RETRIES,
)
def knowledge_graph(context: dg.AssetExecutionContext, lake: LakeResource, encoder: Artifact) -> Results:
    """Things and how they hang together: what new and changed tickets say, read once, and sums over issues."""
    tables = lake.of(context)
    with expected_errors():
        for table in (NODES, EDGES, ISSUES):
            tables.ensure(table)
        connect(tables, encoder)
    for table in (NODES, EDGES, ISSUES):
        yield result(tables, table)


@dg.asset(
    key=NAME.split("/"),
    deps=[table.key for table in (NODES, EDGES, PROBLEMS, ISSUE_MEMBERS)],
    group_name="indexes",
    kinds={"python", "kuzu"},
    owners=["team:machine-learning"],
    retry_policy=RETRIES,
    io_manager_key="artifacts",
)
def graph_index(context: dg.AssetExecutionContext, lake: LakeResource) -> dg.MaterializeResult[Artifact | None]:
    """The graph as it is served: in Kùzu, as arrays to walk on, with the names that lead into it."""
    tables = lake.of(context)
    with expected_errors():
        artifact, status = publish(tables)
    return artifact_result(NAME, artifact, status)


def group(lake: Lake, encoder: Artifact) -> int:
    """Bring issues up to `search/problems`; how many tickets were given one for the first time, or another one."""
    source = f"{PROBLEMS.path}@{encoder.card['encoder']}"
    with lake.lock(ISSUE_MEMBERS, ISSUE_CHANGES):
        version, since = lake.data_version(PROBLEMS), lake.progress(ISSUE_MEMBERS, source)
        if version is None or since == version:
            return 0
        rows, vectors = _problems(lake, encoder, version)
        profiles = likeness.profiles(rows, vectors, _read(lake, ATTEMPTS))
        links = issues.pairs(rows, lake.read(silver.TICKETS, columns=["ticket_id", "related_tickets"]))
        before = lake.read(ISSUE_MEMBERS)
        grouped = lake.progress(ISSUE_MEMBERS, GROUPED)
        if grouped is None or since is None or rows.height >= grouped * GROWTH:
            labels, grouped = issues.clustered(profiles, links), rows.height
        else:
            labels = issues.extended(profiles, issues.kept(rows["ticket_id"], before), links)
        known = dict(before.select("ticket_id", "issue_id").iter_rows())
        members = issues.members(rows, labels, issues.named(rows["ticket_id"], labels, known))
        newest = rows.select(at=pl.col("created_at").max())
        happened = issues.changes(before, members).join(newest, how="cross").select(ISSUE_CHANGES.schema.names())
        lake.merge(ISSUE_CHANGES, happened)
        return _bring(lake, ISSUE_MEMBERS, before, members, {source: version, GROUPED: grouped})


def connect(lake: Lake, encoder: Artifact) -> int:
    """Bring nodes, edges and issues up to what they are made of; how many tickets were read."""
    with lake.lock(NODES, EDGES, ISSUES):
        versions = {table.path: version for table in _GRAPH if (version := lake.data_version(table)) is not None}
        grouped = lake.progress(ISSUE_MEMBERS, GROUPED)
        if grouped is None or all(lake.progress(ISSUES, path) == version for path, version in versions.items()):
            return 0
        rows, vectors = _problems(lake, encoder, versions[PROBLEMS.path])
        members, attempts = lake.read(ISSUE_MEMBERS), _read(lake, ATTEMPTS)
        before, known = lake.read(EDGES), lake.read(NODES)
        anew = lake.progress(EDGES, GROUPED) != grouped
        touched = rows.select("ticket_id") if anew else _changed(lake)
        changed = lake.matching(PROBLEMS, touched)
        words = known.filter(kind="Term")["name"]
        if anew:
            words = build.technical(changed, members, terms.words(build.text_of(changed)))
        outcomes = lake.matching(silver.TICKETS, touched).select(OUTCOMES)
        fresh = build.ticket_edges(changed, outcomes, attempts, words)
        kept = before.clear() if anew else build.of_tickets(before).join(_sources(touched), on="source", how="anti")
        tickets = pl.concat([kept, fresh])
        passages, solutions = _read(lake, PASSAGES), _read(lake, SOLUTIONS)
        edges = build.whole(tickets, members, rows, solutions, passages)
        made = summaries.summaries(rows, members, tickets, attempts, vectors)
        things = build.nodes(edges, rows, solutions, passages, made)
        _bring(lake, NODES, known, things, {})
        _bring(lake, EDGES, before, edges, {**versions, GROUPED: grouped})
        _bring(lake, ISSUES, lake.read(ISSUES), made, versions)
        return changed.height


def publish(lake: Lake) -> tuple[Artifact | None, str]:
    """The index of the graph as it is now, and whether it was there already; None where there is no graph."""
    inputs = {table.path: version for table in (NODES, EDGES) if (version := lake.data_version(table)) is not None}
    nodes = _read(lake, NODES)
    if nodes.is_empty():
        return None, "nothing to index"
    digest = index.digest()
    for name, found, place in artifacts.stored(lake.root):
        if name == NAME and index.fits(place, inputs, digest) and (held := artifacts.sound(lake.root, name, found)):
            return held, "up to date"
    edges, members, grouped = lake.read(EDGES), lake.read(ISSUE_MEMBERS), lake.progress(EDGES, GROUPED)
    problems = lake.read(PROBLEMS, columns=FIELDS)
    card: dict[str, Any] = {
        "name": NAME,
        "inputs": inputs,
        "code": digest,
        "grouped": grouped,
        "nodes": nodes.height,
        "edges": edges.height,
        "libraries": library_versions(index.LIBRARIES),
    }
    stored = [(found, place) for name, found, place in artifacts.stored(lake.root) if name == NAME]
    before = (place for found, place in stored if artifacts.sound(lake.root, NAME, found))
    vocabulary = index.vocabulary(before, grouped, digest)
    if vocabulary is None:
        texts = lake.read(PROBLEMS, columns=["title", "body", "errors"])
        vocabulary = terms.vocabulary(terms.words(build.text_of(texts)))

    def write(folder: Path) -> None:
        index.write(folder, nodes, edges, problems, members, vocabulary=vocabulary)

    return artifacts.stage(lake.root, NAME, write, card), "built"


def _problems(lake: Lake, encoder: Artifact, version: int) -> tuple[pl.DataFrame, Vectors]:
    """Past problems without their text, in the order of opening, and their vectors; zeros where there is none yet."""
    rows = lake.read(PROBLEMS, columns=FIELDS, version=version).sort("created_at", "ticket_id")
    return rows, unit(vectors_of(lake, encoder, rows["text_hash"]))


def _changed(lake: Lake) -> pl.DataFrame:
    """Tickets whose problem, attempts or record changed since edges were made."""
    feeds = [
        lake.changes(table, lake.progress(EDGES, table.path), columns=["ticket_id"], before=True)
        for table in _PARTS
        if lake.exists(table)
    ]
    return pl.concat([feed.select("ticket_id") for feed in feeds]).unique()


def _sources(tickets: pl.DataFrame) -> pl.DataFrame:
    return tickets.select(source=pl.lit(node("Ticket", "")) + pl.col("ticket_id"))


def _read(lake: Lake, table: Table) -> pl.DataFrame:
    return lake.read(table) if lake.exists(table) else pl.DataFrame(schema=table.schema)


def _bring(lake: Lake, table: Table, before: pl.DataFrame, rows: pl.DataFrame, progress: Mapping[str, int]) -> int:
    """Make the table hold these rows, touching only what differs; how many rows are new or differ."""
    gone = before.select(table.primary_key).join(rows, on=table.primary_key, how="anti")
    if gone.height:
        lake.delete(table, gone)
    differing = rows.join(before, on=table.schema.names(), how="anti", nulls_equal=True) if before.height else rows
    lake.merge(table, differing, progress=progress)
    return differing.height
