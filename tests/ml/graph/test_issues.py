"""Issues are found, and their ids keep their meaning."""

import numpy as np
import polars as pl
from scipy.sparse import csr_matrix
from sklearn.metrics import adjusted_rand_score

from ml.graph import issues
from ml.graph.communities import communities


def members(rows):
    return pl.DataFrame(rows, schema={"ticket_id": pl.String, "issue_id": pl.String}, orient="row")


def test_tickets_of_one_cause_are_one_issue(world):
    found = adjusted_rand_score(world.causes, world.labels)
    assert found > 0.8
    assert found > adjusted_rand_score(world.causes, world.problems["subcategory"].to_list()) + 0.3


def test_two_cliques_with_one_edge_between_them_are_two_groups():
    graph = np.zeros((10, 10))
    graph[:5, :5] = graph[5:, 5:] = 1
    graph[4, 5] = graph[5, 4] = 1
    np.fill_diagonal(graph, 0)
    found = communities(csr_matrix(graph), 1.0, seed=0)
    assert len(set(found[:5])) == len(set(found[5:])) == 1
    assert found[0] != found[9]


def test_nodes_without_edges_are_alone():
    assert sorted(communities(csr_matrix((3, 3)), 1.0, seed=0)) == [0, 1, 2]


def test_grouping_again_gives_the_same_issues(world):
    assert (issues.clustered(world.profiles, world.links) == world.labels).all()


def test_new_tickets_join_their_issue_and_nothing_else_moves(world):
    labels = world.labels.copy()
    labels[200:] = issues.NONE
    found = issues.extended(world.profiles, labels, world.links)
    settled = labels != issues.NONE
    assert (found[settled] == labels[settled]).all()
    usual = pl.DataFrame({"issue": labels[:200], "cause": world.causes[:200]})
    cause_of = dict(usual.group_by("issue").agg(pl.col("cause").mode().first()).iter_rows())
    assert np.mean([cause_of.get(at) == cause for at, cause in zip(found[200:], world.causes[200:], strict=True)]) > 0.9


def test_tickets_that_fit_no_issue_found_their_own(world):
    new = np.array([cause == "tax" for cause in world.causes])
    before = np.where(new, issues.NONE, world.labels)
    found = issues.extended(world.profiles, before, world.links)
    assert np.mean(np.isin(found[new], before[before != issues.NONE])) < 0.05
    assert np.mean(found[new] != issues.NONE) > 0.8
    assert (found[~new] == before[~new]).mean() > 0.95


def test_an_id_stays_with_most_of_its_tickets():
    tickets = pl.Series([f"T{at}" for at in range(6)])
    before = {f"T{at}": "ISS-a" if at < 4 else "ISS-b" for at in range(6)}
    names = issues.named(tickets, np.array([7, 7, 7, 3, 3, 3]), before)
    assert names == {7: "ISS-a", 3: "ISS-b"}


def test_an_id_that_is_gone_is_not_given_to_other_tickets():
    first = issues.issue_id("T0")
    names = issues.named(pl.Series(["T0", "T1", "T2"]), np.array([0, 0, 0]), {"T9": first})
    assert names[0] != first


def test_splits_and_merges_are_recorded():
    before = members([("a", "X"), ("b", "X"), ("c", "X"), ("d", "Y"), ("e", "Z")])
    after = members([("a", "X"), ("b", "N"), ("c", "N"), ("d", "X"), ("e", "Z"), ("f", "O"), ("g", "O")])
    rows = issues.changes(before, after).select("issue_id", "change", "other", "tickets").rows()
    assert rows == [("N", "split", "X", 2), ("O", "opened", "", 2), ("Y", "merged", "X", 1)]


def test_nothing_changes_when_nothing_changed():
    same = members([("a", "X"), ("b", "Y")])
    assert issues.changes(same, same).is_empty()


def test_links_of_tickets_that_are_not_there_are_no_pairs(world):
    links = pl.DataFrame({"ticket_id": ["T-0001"], "related_tickets": [["T-0001", "T-9999", "T-0002"]]})
    assert issues.pairs(world.problems, links).tolist() == [[1, 2]]
