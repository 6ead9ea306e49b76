"""Walks end at what helped, by a path that can be shown, and know nothing of the future."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from ml.graph.build import text_of
from ml.graph.link import Linker
from ml.graph.store import Store, write
from ml.graph.terms import vocabulary, words
from ml.graph.walk import ALIKE, DIRECT, LINKED, NAMED, Walk
from warehouse.contracts.graph import EDGES
from warehouse.errors import ArtifactDamaged

START = datetime(2026, 1, 1, tzinfo=UTC)


def edge(source, target, kind, day=1, helped=None):
    return {
        "source": source,
        "target": target,
        "kind": kind,
        "since": START + timedelta(days=day),
        "attempts": None if helped is None else 1,
        "successes": helped,
        "last": None,
    }


@pytest.fixture
def small():
    """Two tickets of one issue, one of another; a link that agents made."""
    return pl.DataFrame(
        [
            edge("Ticket:1", "ErrorCode:E1", "MENTIONS"),
            edge("Ticket:2", "ErrorCode:E1", "MENTIONS", day=2),
            edge("Ticket:3", "ErrorCode:E1", "MENTIONS", day=3),
            edge("Ticket:1", "Issue:A", "HAS_ISSUE"),
            edge("Ticket:2", "Issue:A", "HAS_ISSUE", day=2),
            edge("Ticket:3", "Issue:B", "HAS_ISSUE", day=3),
            edge("Ticket:1", "Solution:good", "SOLVED_BY", day=4, helped=1),
            edge("Ticket:1", "Solution:bad", "SOLVED_BY", day=4, helped=0),
            edge("Ticket:2", "Solution:good", "SOLVED_BY", day=5, helped=1),
            edge("Ticket:3", "Solution:other", "SOLVED_BY", day=9, helped=1),
            edge("Ticket:3", "Ticket:1", "RELATED_TO", day=9),
            edge("Issue:A", "Solution:good", "SOLVED_BY", day=4, helped=2),
            edge("Issue:B", "Solution:other", "SOLVED_BY", day=9, helped=1),
        ],
        schema=EDGES.schema,
    )


def test_what_failed_is_not_walked_to_and_scores_are_probabilities(small):
    found = Walk.of(small).walk({"ErrorCode:E1": 2.0})
    assert [(one.solution_id, round(one.score, 6)) for one in found] == [
        ("good", round(NAMED * 2 / 3, 6)),
        ("other", round(NAMED / 3, 6)),
    ]


def test_the_path_goes_over_edges_that_are_there(small):
    path = Walk.of(small).walk({"ErrorCode:E1": 1.0})[0].path
    assert path.nodes == ["ErrorCode:E1", "Ticket:2", "Issue:A", "Solution:good"]
    assert path.edges == ["MENTIONS", "HAS_ISSUE", "SOLVED_BY"]


def test_a_ticket_alike_leads_to_its_solution_its_issue_and_what_agents_linked(small):
    found = {one.solution_id: one for one in Walk.of(small).walk({"Ticket:3": 1.0})}
    assert found["other"].score == pytest.approx(ALIKE + DIRECT)
    assert found["good"].score == pytest.approx(LINKED)
    assert found["good"].path.nodes == ["Ticket:3", "Ticket:1", "Solution:good"]
    assert found["good"].path.edges == ["RELATED_TO", "SOLVED_BY"]


@pytest.mark.parametrize(("day", "expected"), [(0, []), (3, []), (4, ["good"]), (9, ["good", "other"])])
def test_what_became_known_later_is_withheld(small, day, expected):
    found = Walk.of(small).walk({"ErrorCode:E1": 1.0}, START + timedelta(days=day))
    assert [one.solution_id for one in found] == expected


def test_a_link_that_agents_made_later_is_withheld(small):
    found = Walk.of(small).walk({"Ticket:3": 1.0}, START + timedelta(days=8))
    assert "good" not in [one.solution_id for one in found]


def test_arrays_and_database_come_to_the_same(small, tmp_path):
    ends = pl.concat([small["source"], small["target"]]).unique().sort()
    own = pl.col("node_id").str.split_exact(":", 1).struct
    nodes = ends.to_frame("node_id").with_columns(kind=own.field("field_0"), name=own.field("field_1"))
    nodes = nodes.with_columns(since=pl.lit(START))
    write(tmp_path / "made", nodes, small)
    walked = Walk.of(small).walk({"ErrorCode:E1": 1.0, "Ticket:3": 1.0})
    with Store(tmp_path / "made", tmp_path / "copy") as store:
        for one in walked:
            ways = store.paths(one.path.nodes[0], one.path.nodes[-1], limit=50)
            assert len(one.path.edges) >= len(ways[0].edges)
            for at, kind in enumerate(one.path.edges):
                beside = store.neighbours(one.path.nodes[at], kinds=[kind])
                assert one.path.nodes[at + 1] in [near.node_id for near in beside]
        counted = store.broad(["ErrorCode:E1"])
    assert counted == [("A", 2), ("B", 1)]
    shares = dict(Walk.of(small).issues({"ErrorCode:E1": 1.0}))
    assert shares == pytest.approx({name: NAMED * tickets / 3 for name, tickets in counted})


def test_a_code_leads_to_what_solves_its_cause(world):
    linker = Linker.of(world.edges, vocabulary(words(text_of(world.problems))), world.problems.height)
    found = Walk.of(world.edges).walk(linker.link("reports slow, ERROR_TIMEOUT_504").seeds)
    assert found[0].solution_id == "SOL-index"


def test_seeds_that_are_no_nodes_lead_nowhere(world):
    assert Walk.of(world.edges).walk({"ErrorCode:x": 1.0, "Ticket:' OR 1=1": 1.0, "": 1.0}) == []
    assert Walk.of(world.edges.clear()).walk({"ErrorCode:x": 1.0}) == []


def test_a_stored_walk_is_the_same(world, tmp_path):
    walk = Walk.of(world.edges)
    walk.save(tmp_path)
    seeds = {"ErrorCode:ERROR_TOKEN_401": 1.0, "Ticket:T-0003": 0.5}
    assert Walk.load(tmp_path).walk(seeds) == walk.walk(seeds)


def test_a_damaged_walk_is_refused(world, tmp_path):
    Walk.of(world.edges).save(tmp_path)
    (tmp_path / "named.values.npy").write_bytes(b"no array")
    with pytest.raises(ArtifactDamaged, match="ticketlake build"):
        Walk.load(tmp_path)


def test_a_walk_within_some_tickets_is_one_through_a_graph_of_these_alone(world):
    edges = world.edges
    tickets = edges["source"].filter(edges["source"].str.starts_with("Ticket:")).unique().sort()
    some = tickets.str.strip_prefix("Ticket:").gather_every(3)
    outside = tickets.filter(~tickets.is_in(("Ticket:" + some).implode()))
    alone = edges.filter(~pl.col("source").is_in(outside.implode()), ~pl.col("target").is_in(outside.implode()))
    whole, part = Walk.of(edges), Walk.of(alone)
    names = alone.filter(kind="MENTIONS")["target"].unique().sort().to_list()

    for seeds in (
        {names[0]: 1.0, names[-1]: 0.5},
        {f"Ticket:{some[0]}": 1.0, f"Ticket:{some[1]}": 0.5},
        dict.fromkeys(names, 1.0),
    ):
        inside = {one.solution_id: one.score for one in whole.walk(seeds, within=some)}
        assert inside == pytest.approx({one.solution_id: one.score for one in part.walk(seeds)})
        assert {node for one in whole.walk(seeds, within=some) for node in one.path.nodes}.isdisjoint(outside)
