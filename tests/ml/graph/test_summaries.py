"""Issues can be read: what they are called, where they are, what helps."""

import polars as pl
import pytest

from ml.graph.build import text_of
from ml.graph.summaries import best_solutions
from ml.graph.terms import technical, words

CAUSE_OF = {"leak": "ERROR_MEMORY_OOM", "token": "ERROR_TOKEN_401", "index": "ERROR_TIMEOUT_504"}


@pytest.fixture
def largest(world):
    """The largest issue of the leak."""
    causes = world.problems.select("ticket_id", cause=pl.Series(world.causes))
    counted = world.members.join(causes, on="ticket_id").filter(cause="leak")["issue_id"].value_counts(sort=True)
    return world.issues.filter(issue_id=counted["issue_id"][0]).row(0, named=True)


def test_an_issue_is_named_by_what_tells_it_from_others(largest):
    assert "memory" in largest["name"] or "ERROR_MEMORY_OOM" in largest["name"]
    assert "help" not in largest["name"]


def test_its_version_is_the_one_it_has_more_often_than_others(largest):
    assert largest["versions"][0] == "DataSync Pro 2.0.0"
    assert largest["error_codes"] == ["ERROR_MEMORY_OOM"]


def test_its_best_solution_is_what_helped(largest):
    assert largest["best_solution_id"] == "SOL-leak"


def test_counts_are_those_of_its_tickets(world, largest):
    mine = world.problems.join(world.members.filter(issue_id=largest["issue_id"]), on="ticket_id")
    assert largest["tickets"] == mine.height
    assert largest["customers"] == mine["customer_id"].n_unique()
    assert largest["open_tickets"] == mine["resolved_at"].null_count()
    assert largest["first_at"] == mine["created_at"].min()
    assert set(largest["example_ticket_ids"]) <= set(mine["ticket_id"])


def test_an_issue_that_nobody_had_before_has_no_trend(world):
    newest = world.problems["created_at"].max()
    young = world.issues.filter((newest - pl.col("first_at")) < pl.duration(days=30))
    assert young["trend"].null_count() == young.height
    assert world.issues.filter(pl.col("tickets") > 20)["trend"].null_count() == 0


def test_one_success_of_one_is_not_the_best_beside_eighty_of_ninety():
    rows = [("rare", True)] + [("usual", at < 80) for at in range(90)] + [("poor", at < 20) for at in range(90)]
    attempts = pl.DataFrame(rows, schema=["solution_id", "succeeded"], orient="row")
    attempts = attempts.with_row_index("n").with_columns(ticket_id=pl.col("n").cast(pl.String))
    members = attempts.select("ticket_id", issue_id=pl.lit("ISS-1"))
    assert best_solutions(attempts, members)["best_solution_id"].to_list() == ["usual"]


def test_one_success_of_one_is_not_the_best_beside_118_of_121_whatever_it_does_elsewhere():
    here = [("rare", True, "ISS-1")] + [("usual", at < 118, "ISS-1") for at in range(121)]
    elsewhere = [("rare", True, "ISS-2")] * 300 + [("poor", at < 20, "ISS-2") for at in range(90)]
    rows = pl.DataFrame([*here, *elsewhere], schema=["solution_id", "succeeded", "issue_id"], orient="row")
    rows = rows.with_row_index("n").with_columns(ticket_id=pl.col("n").cast(pl.String))
    best = best_solutions(rows.drop("issue_id", "n"), rows.select("ticket_id", "issue_id"))
    assert dict(best.iter_rows()) == {"ISS-1": "usual", "ISS-2": "rare"}


def test_terms_are_words_that_some_issues_are_full_of(world):
    texts = text_of(world.problems)
    owners = world.problems.select("customer_id").with_row_index("text").cast({"text": pl.Int64})
    issue = world.problems.join(world.members, on="ticket_id", how="left", maintain_order="left")["issue_id"]
    wide = technical(words(texts), owners, issue, pl.Series([""])).to_list()
    assert wide == []
    rare = pl.concat([texts, pl.Series([f"filler {at}" for at in range(4_000)])])
    more = pl.DataFrame({"text": range(len(rare)), "customer_id": [f"C-{at % 40}" for at in range(len(rare))]})
    found = technical(words(rare), more, issue.extend_constant(None, 4_000), pl.Series(["MEMORY"])).to_list()
    assert {"invoice", "queries", "crashes"} <= set(found)
    assert "memory" not in found


def test_a_word_of_ordinary_text_is_no_term_however_full_of_it_an_issue_is():
    rare = "although much nicht avec porque spindle"
    texts = pl.Series([f"{rare} turns"] * 30 + ["something else entirely"] * 2_000)
    owners = pl.DataFrame({"text": range(2_030), "customer_id": [f"C-{n}" for n in range(2_030)]})
    issue = pl.Series(["ISS-1"] * 30 + [None] * 2_000)
    assert set(technical(words(texts), owners, issue, pl.Series([""]))) == {"spindle", "turns"}


def test_a_word_of_few_customers_is_nobodys_term(world):
    texts = pl.Series(["smithson asks about invoices"] * 30 + ["something else entirely"] * 2_000)
    owners = pl.DataFrame({"text": range(2_030), "customer_id": ["C-1"] * 30 + [f"C-{n}" for n in range(2_000)]})
    issue = pl.Series(["ISS-1"] * 30 + [None] * 2_000)
    assert "smithson" not in technical(words(texts), owners, issue, pl.Series([""])).to_list()
