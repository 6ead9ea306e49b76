"""From a question to solutions, articles and tickets: whatever is there is used, whatever is not is told."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import msgspec
import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.graph.walk import Walk
from ml.retrieve.filters import Filters, Span
from ml.retrieve.found import Path
from ml.retrieve.index import Index
from ml.retrieve.knowledge import Knowledge
from ml.retrieve.remedies import Remedies
from ml.retrieve.searcher import Searcher
from warehouse.contracts.search import PASSAGES
from warehouse.errors import ArtifactDamaged, NotMaterialized

START = datetime(2026, 1, 1, tzinfo=UTC)
PRODUCTS = ("DataSync Pro", "CloudBackup")
CATEGORIES = ("Technical", "Money", "Access")


@pytest.fixture(scope="module")
def graph(desked):
    """Walks over the desk's tickets, whose causes are issues."""
    opened = desked.problems.select("ticket_id", since="created_at")
    has = opened.select(
        source="Ticket:" + pl.col("ticket_id"),
        target=pl.Series([f"Issue:{cause}" for cause in desked.causes]),
        kind=pl.lit("HAS_ISSUE"),
        since="since",
    )
    solved = desked.attempts.select(
        source="Ticket:" + pl.col("ticket_id"),
        target="Solution:" + pl.col("solution_id"),
        kind=pl.lit("SOLVED_BY"),
        since="at",
        successes=pl.col("succeeded").cast(pl.Int64),
    )
    walk = Walk.of(pl.concat([has, solved], how="diagonal"))

    def walked(question, tickets, as_of=None, within=None):
        seeds = {f"Ticket:{name}": weight for name, weight in tickets.items()}
        return {one.solution_id: (one.score, one.path) for one in walk.walk(seeds, as_of, within=within)}

    return walked


@pytest.fixture(scope="module")
def articles(desked):
    """Two passages of one article, and one of another; the first is about what the first cause says."""
    vectors = np.eye(24, dtype=np.float32)[:3]
    vectors[:2] = desked.vectors[desked.causes == 0][:2]
    rows = pl.DataFrame(
        {
            "passage_id": ["KB-1#1", "KB-1#2", "KB-2#1"],
            "article_id": ["KB-1", "KB-1", "KB-2"],
            "title": ["The export stops", "The export stops", "How bills are made"],
            "path": ["", "What to do", ""],
            "text": ["Why an export stops.", "Raise the limit of the export.", "Bills are made at night."],
            "language": ["en"] * 3,
            "product": [None, None, "CloudBackup"],
        }
    )
    known = {"created_at": desked.problems["created_at"][0], "updated_at": desked.problems["created_at"][0]}
    blanks = [pl.lit(None, dtype).alias(name) for name, dtype in PASSAGES.schema.items() if name not in rows]
    told = rows.with_columns(blanks).with_columns(**known, errors=pl.lit("")).rename({"text": "body"})
    return Index.of(told, vectors, key="passage_id", encoder="planted")


def walked(question, tickets, as_of=None, within=None):
    """A way from the most alike ticket to one solution."""
    nearest = max(tickets, key=tickets.get)
    way = Path(nodes=[f"Ticket:{nearest}", "Solution:SOL-sync-0"], edges=["SOLVED_BY"], score=0.5)
    return {"SOL-sync-0": (0.5, way)}


def test_with_everything_there_all_stages_answer_and_nothing_is_missing(searcher, asking, articles):
    whole = replace(searcher, articles=articles, walk=walked, issue_of={"T-00001": "ISS-1"})
    found = whole.find(asking[0][0], k=50)

    assert found.used == ["keyword", "dense", "graph", "ranker"]
    assert found.missing == {}
    [by_way] = [one for one in found.solutions if one.path]
    assert by_way.solution_id == "SOL-sync-0"
    assert by_way.scores["graph"] == 0.5
    assert "Solution:SOL-sync-0" in by_way.reason


@pytest.mark.parametrize(
    ("part", "asset", "used"),
    [
        ("ranker", "models/ranker", ["keyword", "dense", "graph"]),
        ("walk", "indexes/graph", ["keyword", "dense", "ranker"]),
        ("articles", "indexes/articles", ["keyword", "dense", "graph", "ranker"]),
        ("remedies", "indexes/solutions", ["keyword", "dense"]),
    ],
)
def test_what_is_not_there_is_told_and_the_rest_answers(searcher, asking, articles, part, asset, used):
    whole = replace(searcher, articles=articles, walk=walked)
    found = replace(whole, **{part: None}).find(asking[0][0])

    assert found.used == used
    assert list(found.missing) == [asset]
    assert "ticketlake build" in found.missing[asset]
    assert found.tickets
    assert bool(found.solutions) == (part != "remedies")
    assert bool(found.articles) == (part != "articles")


def test_without_a_vector_words_alone_find_the_cause(searcher, desked, asking):
    found = [
        (searcher.find(msgspec.structs.replace(question, vector=None, shared=None)), right)
        for question, right in asking[:40]
    ]

    assert all(one.used == ["keyword", "ranker"] and "dense" in one.missing for one, _ in found)
    assert np.mean([right in [s.solution_id for s in one.solutions[:4]] for one, right in found]) > 0.9


def test_without_an_index_the_asset_is_named(searcher, asking):
    with pytest.raises(NotMaterialized) as missing:
        replace(searcher, tickets=None).find(asking[0][0])

    assert missing.value.asset == "indexes/tickets"


@pytest.mark.parametrize("ranked", [True, False])
def test_a_wrong_category_that_is_believed_for_certain_hides_no_solution(searcher, asking, desked, ranked):
    used = searcher if ranked else replace(searcher, ranker=None)
    there = []
    for question, right in asking:
        for wrong in ("Money", "Nothing of ours"):
            sure = msgspec.structs.replace(question, categories={wrong: 1.0}, subcategories={wrong: 1.0})
            there.append(right in [one.solution_id for one in used.find(sure).solutions])

    assert np.mean(there) > 0.99


def test_a_ticket_is_never_its_own_answer(searcher, desked):
    for question in desked.past().questions(range(0, 360, 12)):
        found = searcher.find(question, k=50)
        unknown = searcher.find(msgspec.structs.replace(question, ticket_id=None), k=50)
        shown = [one.ticket_id for one in found.tickets]
        assert question.ticket_id not in shown
        assert question.ticket_id not in [name for one in found.solutions for name in one.tickets]
        assert unknown.tickets[0].ticket_id == question.ticket_id


def test_filters_hold_for_tickets_solutions_and_articles(searcher, asking, articles, desked):
    question, _ = asking[0]
    whole = replace(searcher, articles=articles)
    found = whole.find(question, Filters(product="CloudBackup", language="en"), k=50)
    products = dict(desked.problems.select("ticket_id", "product").iter_rows())

    named = [one.ticket_id for one in found.tickets] + [name for one in found.solutions for name in one.tickets]
    assert {products[name] for name in named} == {"CloudBackup"}
    assert [one.article_id for one in found.articles] == ["KB-2"]


@pytest.mark.parametrize(
    ("filters", "told"),
    [
        (Filters(product="Nothing of ours"), {"filters.product": "no ticket has 'Nothing of ours'"}),
        (Filters(region=["Mars", "Moon"]), {"filters.region": "no ticket has 'Mars' or 'Moon'"}),
        (
            Filters(product="CloudBackup", created_at=Span(end=START - timedelta(days=1))),
            {"filters": "no ticket has all that is asked for"},
        ),
    ],
)
@pytest.mark.parametrize("ranked", [True, False])
def test_filters_that_leave_nothing_find_nothing_at_all_and_say_so(searcher, asking, articles, filters, told, ranked):
    whole = replace(searcher, articles=articles, walk=walked)
    found = (whole if ranked else replace(whole, ranker=None)).find(asking[0][0], filters)

    assert (found.solutions, found.articles, found.tickets) == ([], [], [])
    assert {name: why for name, why in found.missing.items() if name.startswith("filters")} == told


def test_of_several_values_the_one_that_no_ticket_has_is_told_and_the_others_hold(searcher, asking):
    both = searcher.find(asking[0][0], Filters(product=["cloudbackup", "Nope"]))
    one = searcher.find(asking[0][0], Filters(product="CloudBackup"))

    assert both.missing.pop("filters.product") == "no ticket has 'Nope'"
    assert both == one


moments = st.integers(10, 360).map(lambda hours: START + timedelta(hours=hours))
restricted = st.builds(
    Filters,
    product=st.none() | st.lists(st.sampled_from([*PRODUCTS, "Nope"]), min_size=1),
    product_version=st.none() | st.sampled_from(["1.0.0", "1.1.0"]),
    category=st.none() | st.sampled_from(CATEGORIES),
    created_at=st.none() | moments.map(lambda moment: Span(end=moment)),
)


@settings(max_examples=40, deadline=None)
@given(filters=restricted, at=st.integers(0, 119), ranked=st.booleans())
def test_everything_that_is_told_of_a_solution_rests_on_what_the_filter_allows(
    searcher, asking, desked, graph, filters, at, ranked
):
    question = asking[at][0]
    whole = replace(searcher, walk=graph, ranker=searcher.ranker if ranked else None)
    found = whole.find(question, filters, k=50)
    known = desked.problems[:360]
    mask = filters.mask(known)
    inside = known if mask is None else known.filter(pl.Series(mask))
    tried = desked.attempts.filter(pl.col("ticket_id").is_in(inside["ticket_id"].implode()))
    if filters.before is not None:
        tried = tried.filter(pl.col("at") < filters.before)
    allowed = set(inside["ticket_id"])

    for one in found.solutions:
        mine = tried.filter(solution_id=one.solution_id)
        assert 0 < one.tried.attempts == mine.height
        assert one.tried.successes == mine["succeeded"].sum()
        assert one.tried.last_at == mine["at"].max()
        assert set(one.tickets) <= set(mine["ticket_id"])
        passed = {name.removeprefix("Ticket:") for name in (one.path.nodes if one.path else []) if "Ticket:" in name}
        assert passed <= allowed
        assert one.path is None or mine["succeeded"].any()
    assert {one.ticket_id for one in found.tickets} <= allowed
    assert {one.solution_id for one in found.tickets} - {None} <= set(tried["solution_id"])
    assert bool(found.solutions) or tried.is_empty() or not found.tickets


@pytest.mark.parametrize("ranked", [True, False])
def test_a_filtered_search_is_that_of_a_desk_which_has_nothing_else(searcher, asking, desked, ranked):
    ours = (desked.problems["product"] == "CloudBackup").to_numpy() & (np.arange(480) < 360)
    index = Index.of(desked.problems.filter(ours), desked.vectors[ours], key="ticket_id", encoder="planted")
    own = Remedies(desked.solutions, desked.attempts, index.documents)
    held = searcher.remedies.within(ours[:360])

    assert held.rates.tolist() == pytest.approx(own.rates.tolist())
    assert held.recent.tolist() == pytest.approx(own.recent.tolist())
    for kind, value in (("category", "Money"), ("product", "CloudBackup"), ("product", "DataSync Pro")):
        assert held.share(kind, {value: 0.7}).tolist() == pytest.approx(own.share(kind, {value: 0.7}).tolist())
    places = np.flatnonzero(ours)[[0, 5, 17]]
    assert held.solved_by(places) == own.solved_by(np.array([0, 5, 17]))


def test_articles_obey_what_articles_have(searcher, asking, articles):
    whole = replace(searcher, articles=articles)
    first = articles.documents["created_at"][0]

    def named(filters):
        return {one.article_id for one in whole.find(asking[0][0], filters, k=50).articles}

    assert named(None) == {"KB-1", "KB-2"}
    assert named(Filters(language="de")) == set()
    assert named(Filters(language="EN")) == {"KB-1", "KB-2"}
    assert named(Filters(created_at=Span(end=first))) == set()
    assert named(Filters(created_at=Span(end=first + timedelta(hours=9)))) == {"KB-1", "KB-2"}
    assert named(Filters(product_version="1.0.0")) == {"KB-1", "KB-2"}


def test_an_article_is_shown_once_by_its_best_passage(searcher, desked, articles):
    at = int(np.flatnonzero(desked.causes == 0)[3])
    [question] = desked.past().questions([at])
    words = question.asked.with_columns(body=pl.lit("raise the limit of the export"), title=pl.lit(""))
    found = replace(searcher, articles=articles).find(msgspec.structs.replace(question, asked=words))

    assert found.articles[0].article_id == "KB-1"
    assert len({one.article_id for one in found.articles}) == len(found.articles)
    assert found.articles[0].passage_id == "KB-1#2"
    assert found.articles[0].text == "Raise the limit of the export."


def test_k_bounds_every_kind_and_a_larger_k_changes_no_order(searcher, asking):
    question, _ = asking[1]
    few, many = searcher.find(question, k=3), searcher.find(question, k=20)

    assert [len(few.solutions), len(few.tickets)] == [3, 3]
    assert many.solutions[:3] == few.solutions
    assert many.tickets[:3] == few.tickets
    assert sum(one.score for one in searcher.find(question, k=50).solutions) == pytest.approx(1)


def test_the_whole_account_names_every_score_and_the_brief_one_fewer(searcher, asking):
    brief, full = (searcher.find(asking[2][0], full=full).solutions[0] for full in (False, True))

    assert brief.solution_id == full.solution_id
    assert brief.scores.items() < full.scores.items()


def test_what_nobody_ever_wrote_is_answered_without_an_error(searcher, asking):
    question, _ = asking[0]
    for text in ("", "   ", "zzzz qqqq", "😀" * 50, "a" * 100_000, 'OR AND NOT ( ) * ? : \\ "', "\u202eabc"):
        words = question.asked.with_columns(title=pl.lit(""), body=pl.lit(text), errors=pl.lit(""))
        found = searcher.find(msgspec.structs.replace(question, asked=words, vector=None, shared=None))
        assert len(found.solutions) <= 10


def test_what_is_known_is_the_same_after_saving_and_told_when_it_is_cut(desked, tmp_path):
    members = desked.problems.select("ticket_id", issue_id="text_hash", since="created_at")
    made = Knowledge(desked.solutions, desked.attempts, members)
    made.save(tmp_path)
    again = Knowledge.load(tmp_path)
    assert all(one.equals(other) for one, other in zip(made, again, strict=True))

    for file in sorted(tmp_path.iterdir()):
        whole = file.read_bytes()
        for left in (0, len(whole) // 2):
            file.write_bytes(whole[:left])
            with pytest.raises(ArtifactDamaged, match="ticketlake build"):
                Knowledge.load(tmp_path)
        file.write_bytes(whole)
    assert Knowledge.load(tmp_path).solutions.equals(desked.solutions)
    file.unlink()
    with pytest.raises(ArtifactDamaged):
        Knowledge.load(tmp_path)


def test_parts_may_be_asked_by_many_at_once(searcher, asking):
    alone = [searcher.find(question) for question, _ in asking[:24]]
    with ThreadPoolExecutor(8) as threads:
        together = list(threads.map(lambda one: searcher.find(one[0]), asking[:24]))

    assert together == alone
    assert isinstance(searcher, Searcher)


def test_where_nothing_was_ever_tried_tickets_are_found_and_no_solution(searcher, desked, asking):
    nothing = Remedies(desked.solutions[:0], desked.attempts[:0], searcher.tickets.documents)
    found = replace(searcher, remedies=nothing, ranker=None).find(asking[0][0])

    assert found.solutions == []
    assert len(found.tickets) == 10
    assert found.tickets[0].solution_id is None
