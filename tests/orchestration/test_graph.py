"""The graph follows its tables; its index is made again when the graph changed, and only then."""

from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from ml.graph.broad import Broad
from ml.graph.index import DATABASE, NAMES, SCOPES, WALK
from ml.graph.link import Linker
from ml.graph.store import Store
from ml.graph.walk import Walk
from ml.text.vectors import packed
from orchestration.defs import graph
from warehouse import artifacts
from warehouse.artifacts import Artifact
from warehouse.contracts import silver
from warehouse.contracts.features import EMBEDDINGS
from warehouse.contracts.graph import EDGES, ISSUE_CHANGES, ISSUE_MEMBERS, ISSUES, NODES
from warehouse.contracts.search import ATTEMPTS, PASSAGES, PROBLEMS, SOLUTIONS
from warehouse.delta import Lake

ENCODER = Artifact("models/encoder", "d", None, {"encoder": "e", "blocks": {"a": 16}})
TOPICS = ("invoice", "login", "export")


def shaped(table, frame):
    """The frame as the table has it, what it lacks null."""
    blanks = [pl.lit(None, dtype).alias(name) for name, dtype in table.schema.items() if name not in frame.columns]
    return frame.with_columns(blanks).select(pl.col(name).cast(dtype) for name, dtype in table.schema.items())


def put(lake, start, count):
    """Tickets of three kinds into every table that the graph is made of."""
    numbers = range(start, start + count)
    opened = [pl.datetime(2026, 1, 1, time_unit="us", time_zone="UTC") + timedelta(hours=n) for n in numbers]
    when = pl.select(pl.concat_list(opened).explode()).to_series()
    topics = [TOPICS[n % 3] for n in numbers]
    draw = np.random.default_rng(start)
    centres = {topic: np.eye(16, dtype=np.float32)[at] for at, topic in enumerate(TOPICS)}
    vectors = np.array([centres[topic] + draw.normal(scale=0.15, size=16) for topic in topics], dtype=np.float32)
    base = {"ticket_id": [f"T-{n:04d}" for n in numbers], "created_at": when, "resolved_at": when.dt.offset_by("5h")}

    problems = base | {
        "title": topics,
        "body": [f"the {topic} does not work" for topic in topics],
        "errors": [f"ERROR_{topic.upper()}_500" for topic in topics],
        "customer_id": [f"C-{n % 9}" for n in numbers],
        "product": ["DataSync Pro"] * count,
        "product_version": ["1.0.0"] * count,
        "subcategory": topics,
        "text_hash": [f"h-{n}" for n in numbers],
    }
    lake.merge(PROBLEMS, shaped(PROBLEMS, pl.DataFrame(problems)))
    links = pl.Series([[f"T-{n - 3:04d}"] if n > 5 else [] for n in numbers], dtype=pl.List(pl.String))
    lake.merge(
        silver.TICKETS,
        shaped(silver.TICKETS, pl.DataFrame(base | {"related_tickets": links, "load_id": ["l"] * count})),
    )
    attempts = {
        "ticket_id": base["ticket_id"],
        "solution_id": [f"SOL-{topic}" for topic in topics],
        "succeeded": [True] * count,
        "at": base["resolved_at"],
        "saying": topics,
    }
    lake.merge(ATTEMPTS, shaped(ATTEMPTS, pl.DataFrame(attempts)))
    lake.merge(
        EMBEDDINGS,
        pl.DataFrame({"text_hash": problems["text_hash"], "encoder": ["e"] * count, "vector": packed(vectors)}),
    )
    for table in (SOLUTIONS, PASSAGES):
        lake.ensure(table)


def follow(lake):
    """A build, as far as the graph goes: what each step read, and the index."""
    return graph.group(lake, ENCODER), graph.connect(lake, ENCODER), graph.publish(lake)[0]


@pytest.fixture
def lake(tmp_path):
    lake = Lake(tmp_path / "lake")
    put(lake, 0, 120)
    for table in (ISSUE_MEMBERS, ISSUE_CHANGES, NODES, EDGES, ISSUES):
        lake.ensure(table)
    return lake


def test_the_tables_hold_what_their_contracts_say_and_the_index_answers(lake, tmp_path):
    grouped, read, index = follow(lake)
    assert (grouped, read) == (120, 120)
    assert lake.read(ISSUES).height >= 3
    assert set(lake.read(ISSUE_CHANGES)["change"]) == {"opened"}
    linker, walk = Linker.load(index.path / NAMES), Walk.load(index.path / WALK)
    assert walk.walk(linker.link("ERROR_LOGIN_500").seeds)[0].solution_id == "SOL-login"
    with Store(index.path / DATABASE, tmp_path / "private") as store:
        assert store.node("Ticket:T-0001") == ("Ticket", "login")
    newest = lake.read(PROBLEMS)["created_at"].max()
    broad = Broad.load(index.path / SCOPES)
    assert broad.answer(broad.scope("what goes wrong with version 1.0.0?", linker, newest))[0].of == 120


def test_nothing_new_costs_nothing(lake):
    index = follow(lake)[2]
    before = {table.path: lake.version(table) for table in (ISSUE_MEMBERS, NODES, EDGES, ISSUES)}
    assert follow(lake) == (0, 0, index)
    assert {table.path: lake.version(table) for table in (ISSUE_MEMBERS, NODES, EDGES, ISSUES)} == before


def test_new_tickets_are_read_alone_and_ids_stay(lake):
    _, _, first = follow(lake)
    before = lake.read(ISSUE_MEMBERS)
    put(lake, 120, 12)
    grouped, read, second = follow(lake)
    assert (grouped, read) == (12, 12)
    after = lake.read(ISSUE_MEMBERS).join(before, on="ticket_id", suffix="_before")
    assert after.filter(pl.col("issue_id") != pl.col("issue_id_before")).is_empty()
    assert second.digest != first.digest
    assert artifacts.load(lake.root, graph.NAME, first.digest).digest == first.digest


def test_following_comes_to_the_same_edges_as_beginning_anew(lake, tmp_path):
    follow(lake)
    put(lake, 120, 12)
    follow(lake)
    fresh = Lake(tmp_path / "fresh")
    put(fresh, 0, 120)
    put(fresh, 120, 12)
    for table in (ISSUE_MEMBERS, ISSUE_CHANGES, NODES, EDGES, ISSUES):
        fresh.ensure(table)
    fresh.merge(ISSUE_MEMBERS, lake.read(ISSUE_MEMBERS), progress={graph.GROUPED: 120})
    graph.connect(fresh, ENCODER)
    order = list(EDGES.primary_key)
    assert fresh.read(EDGES).sort(order).equals(lake.read(EDGES).sort(order))
    assert fresh.read(NODES).sort("node_id").equals(lake.read(NODES).sort("node_id"))


def test_a_new_article_is_linked_without_reading_a_ticket(lake):
    _, _, first = follow(lake)
    said = {"solution_id": ["SOL-login"], "text": ["x"], "sayings": [["Unlock the account again"]], "text_hash": ["h"]}
    solutions = pl.DataFrame(said | {key: [1] for key in ("tickets", "attempts", "successes")})
    lake.merge(SOLUTIONS, shaped(SOLUTIONS, solutions))
    text = {"text": ["To help, unlock the account again."], "title": ["Locked"], "path": [""], "text_hash": ["h"]}
    lake.merge(PASSAGES, shaped(PASSAGES, pl.DataFrame(text | {"passage_id": ["KB-1#1"], "article_id": ["KB-1"]})))
    grouped, read, second = follow(lake)
    assert (grouped, read) == (0, 0)
    assert lake.read(EDGES).filter(kind="DOCUMENTED_BY")["target"].to_list() == ["Article:KB-1"]
    assert second.digest != first.digest


def test_many_new_tickets_make_issues_anew(lake):
    follow(lake)
    put(lake, 120, 60)
    follow(lake)
    assert lake.progress(ISSUE_MEMBERS, graph.GROUPED) == 180


def test_an_erased_ticket_leaves_no_trace(lake):
    follow(lake)
    gone = pl.DataFrame({"ticket_id": ["T-0007"]})
    for table in (PROBLEMS, silver.TICKETS):
        lake.delete(table, gone)
    lake.delete(ATTEMPTS, lake.read(ATTEMPTS).filter(ticket_id="T-0007"))
    follow(lake)
    ends = lake.read(EDGES).select(pl.concat_list("source", "target").explode().unique()).to_series()
    assert "Ticket:T-0007" not in {*ends, *lake.read(NODES)["node_id"]}
    assert "T-0007" not in lake.read(ISSUE_MEMBERS)["ticket_id"]


def test_before_there_are_problems_there_is_no_index(tmp_path):
    lake = Lake(tmp_path / "empty")
    lake.ensure(ISSUE_MEMBERS)
    for table in (NODES, EDGES, ISSUES):
        lake.ensure(table)
    assert follow(lake) == (0, 0, None)
