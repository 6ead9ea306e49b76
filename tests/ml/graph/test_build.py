"""Edges say what is known, since when; sums over issues agree with their tickets; no person has a name."""

import polars as pl

from ml.graph.build import allowed, of_tickets, ticket_edges
from ml.graph.things import EDGE_KINDS, NODE_KINDS
from warehouse.contracts.graph import EDGES, ISSUES, NODES


def test_rows_have_the_shape_of_their_tables(world):
    assert world.nodes.schema == NODES.schema
    assert world.edges.schema == EDGES.schema
    assert world.issues.schema == ISSUES.schema
    assert set(world.nodes["kind"]) == set(NODE_KINDS)
    assert set(world.edges["kind"]) == set(EDGE_KINDS)


def test_keys_are_unique_and_every_end_is_a_node(world):
    assert world.edges.select(EDGES.primary_key).is_unique().all()
    assert world.nodes["node_id"].is_unique().all()
    known = world.nodes["node_id"].implode()
    assert world.edges.select(pl.col("source", "target").is_in(known).all()).row(0) == (True, True)


def test_what_was_said_is_known_at_the_opening_and_what_solved_it_at_the_resolution(world):
    ticket = world.problems.filter(ticket_id="T-0101").row(0, named=True)
    edges = world.edges.filter(source="Ticket:T-0101")
    since = dict(edges.select("kind", "since").iter_rows())
    assert since["MENTIONS"] == since["SEEN_IN"] == since["REPORTED_BY"] == ticket["created_at"]
    assert since["SOLVED_BY"] == ticket["resolved_at"]
    links = world.edges.filter(pl.col("kind").is_in(["RELATED_TO", "DUPLICATES"]))
    resolved = world.problems.select(source=pl.lit("Ticket:") + pl.col("ticket_id"), ended="resolved_at")
    assert links.join(resolved, on="source").select((pl.col("since") == pl.col("ended")).all()).item()


def test_links_of_a_ticket_that_is_not_resolved_are_not_known(world):
    open_tickets = world.problems.filter(pl.col("resolved_at").is_null())["ticket_id"]
    kinds = set(world.edges.filter(pl.col("source").is_in(("Ticket:" + open_tickets).implode()))["kind"])
    assert open_tickets.len() > 0
    assert kinds.isdisjoint({"RELATED_TO", "DUPLICATES", "SOLVED_BY", "DOCUMENTED_BY"})


def test_attempts_of_an_issue_are_those_of_its_tickets(world):
    tried = world.attempts.join(world.members, on="ticket_id")
    expected = tried.group_by("issue_id", "solution_id").agg(
        attempts=pl.len().cast(pl.Int64), successes=pl.col("succeeded").sum().cast(pl.Int64)
    )
    edges = world.edges.filter(pl.col("source").str.starts_with("Issue:"), kind="SOLVED_BY").select(
        issue_id=pl.col("source").str.strip_prefix("Issue:"),
        solution_id=pl.col("target").str.strip_prefix("Solution:"),
        attempts="attempts",
        successes="successes",
    )
    order = ["issue_id", "solution_id"]
    assert edges.sort(order).equals(expected.sort(order))


def test_an_article_that_helped_or_says_the_remedy_documents_it(world):
    edges = world.edges.filter(source="Solution:SOL-index", kind="DOCUMENTED_BY")
    assert edges["target"].to_list() == ["Article:KB-1"]


def test_edges_of_some_tickets_are_those_of_all_of_them(world):
    some = world.problems.head(10)
    alone = ticket_edges(some, world.outcomes.head(10), world.attempts, world.terms)
    mine = world.tickets.filter(pl.col("source").is_in(("Ticket:" + some["ticket_id"]).implode()))
    order = list(EDGES.primary_key)
    assert alone.sort(order).equals(mine.sort(order))
    assert of_tickets(world.edges).sort(order).equals(world.tickets.sort(order))


def test_edges_between_kinds_that_do_not_go_together_are_left_out(world):
    odd = world.edges.filter(kind="SEEN_IN").head(1).with_columns(target=pl.lit("Customer:C-1"))
    assert allowed(odd).is_empty()


def test_a_customer_is_known_by_id_alone(world):
    customers = world.nodes.filter(kind="Customer")
    assert (customers["node_id"] == "Customer:" + customers["name"]).all()
    assert set(customers["name"]) == set(world.problems["customer_id"])
