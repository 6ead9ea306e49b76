"""What a release still holds of people who were erased is not shown."""

from datetime import UTC, datetime

import pytest

from ml.graph.store import Neighbour
from ml.retrieve.found import Found, FoundSolution, FoundTicket, Path, Tried
from service.forgotten import Forgotten
from warehouse import tombstones

NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def forgotten(tmp_path):
    found = Forgotten(tmp_path)
    assert not found.stones()
    tombstones.add(tmp_path, "ticket", ["T-1"], now=NOW)
    tombstones.add(tmp_path, "customer", ["C-1"], now=NOW)
    return found


def solution(*nodes, tickets=("T-1", "T-2")):
    tried = Tried(attempts=2, successes=1, rate=0.5, last_at=None)
    path = Path(nodes=list(nodes), edges=["SOLVED_BY"] * (len(nodes) - 1), score=1.0)
    about = {"solution_id": "SOL-1", "text": "restart", "score": 1.0, "scores": {}, "tried": tried}
    about["reason"] = "by Ticket:T-1"
    return FoundSolution(**about, tickets=list(tickets), path=path)


def near(node, via="Issue:1"):
    return Neighbour(
        node_id=node, kind=node.split(":")[0], name="", edge="HAS_ISSUE", via=via, depth=1, since=None, attempts=None,
        successes=None,
    )  # fmt: skip


def test_their_tickets_are_found_no_more_nor_named_by_solutions_and_paths(forgotten):
    tickets = [
        FoundTicket(ticket_id=one, title="", score=1.0, scores={}, created_at=NOW, solution_id=None, issue_id=None)
        for one in ("T-1", "T-2")
    ]
    ways = [solution("Ticket:T-1", "Solution:SOL-1"), solution("Ticket:T-2", "Solution:SOL-1")]
    found = Found(solutions=ways, articles=[], tickets=tickets, used=[], missing={}, release="", versions={})

    left = forgotten.left(found)
    assert [one.ticket_id for one in left.tickets] == ["T-2"]
    assert [one.tickets for one in left.solutions] == [["T-2"], ["T-2"]]
    assert [one.path is None for one in left.solutions] == [True, False]
    assert "T-1" not in "".join(one.reason for one in left.solutions)
    assert left.solutions[1].reason.endswith("on 1 of the tickets most alike; by way of Ticket:T-2 → Solution:SOL-1")


def test_they_and_what_was_reached_by_them_are_no_neighbours(forgotten):
    there = [near("Customer:C-1"), near("Ticket:T-2"), near("Ticket:T-3", via="Customer:C-1"), near("Product:T-1")]

    assert [one.node_id for one in forgotten.near(there)] == ["Ticket:T-2", "Product:T-1"]
    assert forgotten.is_node("Ticket:T-1")
    assert not forgotten.is_node("Ticket:C-1")
