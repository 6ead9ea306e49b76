"""The database answers neighbourhoods and paths, whatever an id looks like."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from ml.graph.store import FILE, Store, write
from warehouse.errors import ArtifactDamaged, ContractBroken

START = datetime(2026, 1, 1, tzinfo=UTC)
HOSTILE = [
    "",
    "Ticket:",
    "Ticket:' OR 1=1 //",
    'Ticket:"}) MATCH (n) DETACH DELETE n //',
    "x:}) DETACH DELETE n //",
    "Ticket:$id",
    "Ticket:\\",
    "Ticket:`a`",
    "Ticket:😀",
    "Ticket:\u202eabc",
    "Ticket:\x00",
    "Ticket:" + "x" * 10_000,
]


@pytest.fixture(scope="module")
def made(world, tmp_path_factory):
    folder = tmp_path_factory.mktemp("graph")
    write(folder, world.nodes, world.edges)
    return folder


@pytest.fixture
def store(made, tmp_path):
    with Store(made, tmp_path / "private") as store:
        yield store


def test_every_node_and_edge_is_there(store, world):
    assert world.nodes["kind"].n_unique() == 12
    assert world.edges["kind"].n_unique() == 9
    for kind, name in world.nodes.group_by("kind").first().select("kind", "node_id").iter_rows():
        assert store.node(name)[0] == kind
    edges = world.edges.filter(source="Ticket:T-0101")
    assert {one.node_id for one in store.neighbours("Ticket:T-0101")} >= set(edges["target"])


def test_neighbours_are_each_there_once_the_nearest_first(store):
    found = store.neighbours("Ticket:T-0101", depth=2, limit=200)
    assert len({one.node_id for one in found}) == len(found)
    assert [one.depth for one in found] == sorted(one.depth for one in found)
    assert "Ticket:T-0101" not in [one.node_id for one in found]


def test_only_the_kinds_asked_for_are_followed(store):
    assert {one.edge for one in store.neighbours("Ticket:T-0101", kinds=["SOLVED_BY"])} == {"SOLVED_BY"}
    with pytest.raises(ContractBroken, match="kind of edge"):
        store.neighbours("Ticket:T-0101", kinds=["SOLVED_BY]-() DETACH DELETE n //"])


def test_a_solution_is_withheld_before_it_was_known(store, world):
    opened = world.problems.filter(ticket_id="T-0101")["created_at"][0]
    kinds = {one.edge for one in store.neighbours("Ticket:T-0101", as_of=opened)}
    assert "SEEN_IN" in kinds
    assert "SOLVED_BY" not in kinds
    assert "RELATED_TO" not in kinds


def test_a_path_leads_from_a_code_to_a_solution(store):
    paths = store.paths("ErrorCode:ERROR_TOKEN_401", "Solution:SOL-token")
    assert paths
    assert all(
        path.nodes[0] == "ErrorCode:ERROR_TOKEN_401" and path.nodes[-1] == "Solution:SOL-token" for path in paths
    )
    assert store.paths("ErrorCode:ERROR_TOKEN_401", "Solution:SOL-token", as_of=START - timedelta(days=1)) == []


def test_issues_of_a_version_are_those_of_its_tickets(store, world):
    inside = world.problems.filter(product="DataSync Pro", product_version="2.0.0")
    expected = inside.join(world.members, on="ticket_id")["issue_id"].value_counts()
    assert dict(store.broad(["Version:DataSync Pro 2.0.0"])) == dict(expected.iter_rows())


@pytest.mark.parametrize("node_id", HOSTILE)
def test_a_hostile_id_is_harmless(store, world, node_id):
    assert store.node(node_id) is None
    assert store.neighbours(node_id, depth=2) == []
    assert store.paths(node_id, "Ticket:T-0001") == []
    assert store.broad([node_id]) == []
    assert store.node("Ticket:T-0001") == ("Ticket", "help")


def test_ids_that_look_hostile_can_be_stored_and_found(world, tmp_path):
    names = [name for name in HOSTILE if name.startswith("Ticket:") and "\x00" not in name]
    like = world.nodes.filter(kind="Ticket").head(len(names))
    write(tmp_path / "made", like.with_columns(pl.Series("node_id", names)), world.edges.clear())
    with Store(tmp_path / "made", tmp_path / "copy") as store:
        assert [store.node(name) is not None for name in names] == [True] * len(names)


def test_nobody_is_named_but_by_id(world):
    customers = world.nodes.filter(kind="Customer")
    assert (customers["node_id"] == "Customer:" + customers["name"]).all()


def test_what_is_no_database_is_refused(tmp_path):
    (tmp_path / "made").mkdir()
    (tmp_path / "made" / FILE).write_bytes(b"not a database at all" * 500)
    with pytest.raises(ArtifactDamaged, match="ticketlake build"):
        Store(tmp_path / "made", tmp_path / "copy")
