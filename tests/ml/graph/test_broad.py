"""Broad questions are told from others, and answered with the issues behind them."""

import json
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from ml.evaluate.broad import causes_of_issues, measure, questions, recall, true_causes
from ml.graph.asking import LONGEST, asks_about_many
from ml.graph.broad import FILE, Broad, Scope
from ml.graph.build import text_of
from ml.graph.link import Linker
from ml.graph.periods import period
from ml.graph.terms import vocabulary, words
from ml.retrieve.filters import Filters
from warehouse.errors import ArtifactDamaged

NOW = datetime(2026, 6, 15, tzinfo=UTC)
HERE = Path(__file__).parent
ASKED, TOLD = (HERE.joinpath(name).read_text(encoding="utf-8").splitlines() for name in ("asked.txt", "told.txt"))


@pytest.fixture(scope="module")
def broad(world):
    return Broad.of(world.problems, world.members, world.edges)


@pytest.fixture(scope="module")
def linker(world):
    return Linker.of(world.edges, vocabulary(words(text_of(world.problems))), world.problems.height)


@pytest.mark.parametrize("question", ASKED)
def test_who_asks_about_many_tickets_is_understood_in_eight_languages(question):
    assert asks_about_many(question)


@pytest.mark.parametrize("text", TOLD)
def test_who_tells_of_a_problem_does_not_ask_about_many(text):
    assert not asks_about_many(text)


def test_what_simulated_customers_write_asks_about_one_ticket(tickets):
    written = [(one["subject"] or "", one["description"] or "") for one in json.loads(tickets.read_text("utf-8"))]
    texts = [text for subject, told in written for text in (subject, told, f"{subject}. {told}")]

    assert len(texts) >= 1_500
    assert [text for text in texts if asks_about_many(text[:LONGEST])] == []


@pytest.mark.parametrize(
    ("question", "values"),
    [
        ("what goes wrong with version 2.0.0?", {"version": ["DataSync Pro 2.0.0"]}),
        ("top problems of DataSync Pro in Europe", {"product": ["DataSync Pro"], "region": ["EU"]}),
        ("welche Probleme gibt es mit CloudBackup?", {"product": ["CloudBackup"]}),
        ("most frequent issues with ERR-504", {"codes": ["ERROR_TIMEOUT_504"]}),
        ("what are the common problems of leak module", {"product_module": ["leak_module"]}),
        ("top Money complaints", {"subcategory": ["Money"]}),
        ("top problems of data-sync pro in the EU", {"product": ["DataSync Pro"], "region": ["EU"]}),
        ("DataSync Pro 常见问题", {"product": ["DataSync Pro"]}),
    ],
)
def test_a_broad_question_says_what_it_asks_about(broad, linker, question, values):
    assert broad.scope(question, linker, NOW).values == values


@pytest.mark.parametrize(
    "question",
    [
        "",
        "my report is slow since the update to 2.0.0",
        "DataSync Pro crashes with ERR-504",
        "top problems",
        "😀",
        "x" * 99_999,
    ],
)
def test_a_problem_of_ones_own_is_no_broad_question(broad, linker, question):
    assert broad.scope(question, linker, NOW) is None


@pytest.mark.parametrize(
    ("words", "start", "end"),
    [
        ("since May", (2026, 5, 1), None),
        ("seit September", (2025, 9, 1), None),
        ("in March 2025", (2025, 3, 1), (2025, 4, 1)),
        ("im Dezember", (2025, 12, 1), (2026, 1, 1)),
        ("in the last 10 days", (2026, 6, 5), None),
        ("letzte Woche", (2026, 6, 8), None),
        ("depuis mai", (2026, 5, 1), None),
        ("since 2026-02-03", (2026, 2, 3), None),
        ("since 2026-02-31", None, None),
        ("先月", (2026, 5, 16), None),
        ("maybe in general", None, None),
    ],
)
def test_stretches_of_time_are_understood(words, start, end):
    expected = tuple(datetime(*day, tzinfo=UTC) if day else None for day in (start, end))
    assert period(words, NOW) == expected


def test_the_answer_counts_tickets_in_scope_alone(broad, world):
    start = datetime(2026, 1, 20, tzinfo=UTC)
    scope = Scope(values={"product": ["CloudBackup"], "region": ["EU"]}, start=start)
    inside = world.problems.filter(pl.col("created_at") >= start, product="CloudBackup", region="EU")
    found = broad.answer(scope)
    assert {hit.of for hit in found} == {inside.height}
    expected = dict(inside.join(world.members, on="ticket_id")["issue_id"].value_counts().iter_rows())
    assert all(hit.tickets == expected[hit.issue_id] for hit in found)
    assert all(set(hit.examples) <= set(inside["ticket_id"]) for hit in found)


def test_tickets_are_counted_inside_a_filter(broad, world):
    scope = Scope(values={"product": ["CloudBackup"]})
    allowed = Filters(region="EU").mask(broad.tickets)
    inside = world.problems.filter(product="CloudBackup", region="EU")

    assert {hit.of for hit in broad.answer(scope, allowed=allowed)} == {inside.height}
    assert broad.answer(scope, allowed=Filters(product="Nope").mask(broad.tickets)) == []


def test_what_is_asked_of_the_past_knows_no_later_ticket(broad, world):
    scope = Scope(values={"product": ["CloudBackup"]})
    as_of = datetime(2026, 1, 10, tzinfo=UTC)
    known = world.problems.filter(pl.col("created_at") <= as_of, product="CloudBackup")
    assert broad.answer(scope, as_of)[0].of == known.height
    assert broad.answer(scope, datetime(2025, 1, 1, tzinfo=UTC)) == []


def test_questions_about_a_world_are_answered_with_its_causes(broad, linker, world):
    causes = world.problems.select("ticket_id", cause=pl.Series(world.causes))
    scopes = world.problems.select(
        "ticket_id", "product", "product_module", version=pl.concat_str("product", "product_version", separator=" ")
    ).with_columns(codes=pl.Series([[code] if code else [] for code in world.problems["errors"]]))
    asked = questions(scopes, least=15)
    cause_of = causes_of_issues(world.members, causes)
    assert len(asked) > 10
    found = []
    for question in asked:
        scope = broad.scope(question.text, linker, NOW)
        assert scope is not None
        assert scope.values == question.scope.values
        inside = broad.within(scope).join(causes, on="ticket_id")["cause"]
        found.append(recall(true_causes(inside), [hit.issue_id for hit in broad.answer(scope)], cause_of))
    assert sum(found) / len(found) > 0.9
    assert recall(["leak"], [], cause_of) == 0.0


def test_the_measure_is_that_of_its_questions_and_beats_the_largest_issues(world, linker, broad):
    causes = world.problems.select("ticket_id", cause=pl.Series(world.causes))
    found = measure(broad, linker, world.members, causes, now=NOW, seed=0)
    assert found["understood"] == 1.0
    assert found["recall"].value > 0.9
    shuffled = world.members.with_columns(pl.col("issue_id").shuffle(seed=1))
    other = measure(Broad.of(world.problems, shuffled, world.edges), linker, shuffled, causes, now=NOW, seed=0)
    assert other["recall"].value < found["recall"].value


def test_scopes_are_the_same_after_they_were_stored(broad, tmp_path):
    broad.save(tmp_path)
    scope = Scope(values={"product": ["DataSync Pro"]})
    assert Broad.load(tmp_path).answer(scope) == broad.answer(scope)
    (tmp_path / FILE).write_bytes(b"no")
    with pytest.raises(ArtifactDamaged, match="ticketlake build"):
        Broad.load(tmp_path)
