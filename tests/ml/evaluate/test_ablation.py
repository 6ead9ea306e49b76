"""Stages against planted truths: what is better must come out better, and what is the same, the same."""

import math

import numpy as np
import polars as pl
import pytest

from ml.documents import retrieval
from ml.evaluate.ablation import MEASURES, RANDOM, SCHEMA, Case, ablation
from ml.evaluate.solving import cases, frequency, remedies
from warehouse.errors import ContractBroken

POOL = [f"SOL-{n}" for n in range(100)]


def planted(count: int = 200, seed: int = 5) -> tuple[list[Case], dict[str, list[list[str]]], pl.DataFrame]:
    """Stages that put the one right solution first, second or anywhere; half of the queries have an entity."""
    rng = np.random.default_rng(seed)
    made, found = [], {name: [] for name in ("keyword", "dense", "fusion", "finder")}
    entity = rng.random(count) < 0.5
    for query in range(count):
        right = POOL[rng.integers(len(POOL))]
        others = [id_ for id_ in rng.permutation(POOL).tolist() if id_ != right]
        made.append(Case(str(query), {right: "remedy"}, {right: 0.8, others[0]: 0.1}))
        known = bool(rng.random() < 0.5)
        found["keyword"].append([*others[: 0 if known else 9], right])
        found["dense"].append(others[:10])
        found["fusion"].append([others[0], right])
        found["finder"].append([right] if entity[query] else [others[0], right])
    groups = pl.DataFrame({"entities": np.where(entity, "with", "without"), "language": ["en"] * 190 + ["ja"] * 10})
    return made, found, groups


def value(found: pl.DataFrame, method: str, measure: str, dimension: str = "overall", segment: str = "all") -> float:
    return float(row(found, method, measure, dimension, segment)["value"])


def row(found: pl.DataFrame, method: str, measure: str, dimension: str = "overall", segment: str = "all") -> dict:
    wanted = {"dimension": dimension, "segment": segment, "method": method, "measure": measure}
    return found.row(by_predicate=pl.all_horizontal(pl.col(k) == v for k, v in wanted.items()), named=True)


@pytest.fixture(scope="module")
def measured() -> pl.DataFrame:
    made, found, groups = planted()
    return ablation(made, found, single=("keyword", "dense"), pool=POOL, groups=groups, seed=1)


def test_the_measures_are_those_of_the_planted_ranks(measured):
    assert dict(zip(measured.columns, measured.dtypes, strict=True)) == SCHEMA
    assert value(measured, "fusion", "ndcg@10") == pytest.approx(1 / math.log2(3))
    assert value(measured, "fusion", "mrr@10") == 0.5
    assert value(measured, "fusion", "recall@10") == 1.0
    assert value(measured, "fusion", "first_success") == pytest.approx(0.1)
    assert value(measured, "dense", "recall@10") == 0.0


def test_the_finder_is_compared_with_the_best_single_stage_on_the_same_queries(measured):
    better = row(measured, "finder", "ndcg@10")

    assert better["best_single"] == "keyword"
    assert better["over_best"] == pytest.approx(
        value(measured, "finder", "ndcg@10") - value(measured, "keyword", "ndcg@10")
    )
    assert 0 < better["over_best_low"] < better["over_best"] < better["over_best_high"]
    assert row(measured, "keyword", "ndcg@10")["over_best"] is None


def test_a_gain_shows_where_it_is_and_nowhere_else(measured):
    gained = row(measured, "finder", "mrr@10", "entities", "with")
    same = [value(measured, method, "mrr@10", "entities", "without") for method in ("finder", "fusion")]

    assert gained["value"] == 1.0
    assert same == [0.5, 0.5]
    assert gained["queries"] + row(measured, "finder", "mrr@10", "entities", "without")["queries"] == 200


def test_a_kind_of_query_that_is_rare_is_left_out(measured):
    assert measured.filter(pl.col("dimension") == "language")["segment"].unique().to_list() == ["en"]


def test_picking_blindly_is_worth_its_share_of_the_pool(measured):
    assert value(measured, RANDOM, "recall@10") == pytest.approx(0.1, abs=0.02)
    assert value(measured, RANDOM, "first_success") < 0.05


def test_the_same_rankings_gain_nothing_and_the_same_seed_says_the_same():
    made, found, groups = planted()
    twice = {"keyword": found["keyword"], "again": found["keyword"]}
    both = [ablation(made, twice, single=["keyword"], pool=POOL, groups=groups, seed=1) for _ in "12"]

    same = row(both[0], "again", "ndcg@10")
    assert (same["over_best"], same["over_best_low"], same["over_best_high"]) == (0.0, 0.0, 0.0)
    assert both[0].equals(both[1])


def test_a_second_saying_of_one_remedy_gains_nothing_and_harms_nothing_found():
    case = Case("q", {"a": "restart", "b": "restart", "c": "update"})
    groups = pl.DataFrame({"x": [None]})

    found = ablation(
        [case], {"one": [["a", "b", "c"]], "two": [["b"]]}, single=["two"], pool=["a"], groups=groups, seed=1
    )

    ideal = 1 + 1 / math.log2(3)
    assert value(found, "one", "recall@10") == 1.0
    assert value(found, "one", "ndcg@10") == pytest.approx((1 + 1 / math.log2(4)) / ideal)
    assert value(found, "two", "recall@10") == 0.5
    assert value(found, "two", "first_success") == 1.0


def test_queries_that_nothing_solves_are_not_asked_and_finding_nothing_is_worth_nothing():
    made = [Case("a", {}), Case("b", {"x": "x"})]
    groups = pl.DataFrame({"g": ["1", "1"]})

    found = ablation(made, {"one": [["x"], []]}, single=["one"], pool=["x"], groups=groups, seed=1)

    assert found["queries"].unique().to_list() == [1]
    assert {value(found, "one", measure) for measure in MEASURES} == {0.0}
    assert ablation(made[:1], {"one": [["x"]]}, single=["one"], pool=[], groups=groups[:1], seed=1).is_empty()


def test_another_kind_of_question_stands_below_the_others(measured):
    made, found, _ = planted()

    across = ablation(made, found, single=["dense"], pool=POOL, dimension="across_languages", seed=1)

    assert across.select("dimension", "segment").unique().rows() == [("across_languages", "all")]
    text = retrieval.page(pl.concat([measured, across]), {})
    assert "## By across languages" in text
    assert retrieval.figure(pl.concat([measured, across])).axes


def test_lengths_that_differ_are_refused():
    groups = pl.DataFrame({"g": ["1"]})
    with pytest.raises(ContractBroken, match="one has 2"):
        ablation([Case("a", {})], {"one": [[], []]}, single=["one"], pool=[], groups=groups, seed=1)
    with pytest.raises(ContractBroken, match="single stages"):
        ablation([Case("a", {})], {"one": [[]]}, single=["two"], pool=[], groups=groups, seed=1)


ATTEMPTS = pl.DataFrame(
    {
        "ticket_id": ["1", "2", "3", "4", "5", "6", "7"],
        "solution_id": ["A", "A", "A", "A", "B", "B", "C"],
        "succeeded": [True, True, True, False, True, True, False],
    }
)
SOLVED = pl.DataFrame(
    {"ticket_id": ["1", "2", "3", "4", "5", "6", "7"], "solved_by": ["r", "r", "s", "t", "s", None, "s"]}
)


def test_a_canonical_solution_stands_for_what_solved_most_of_its_tickets():
    found = remedies(ATTEMPTS, SOLVED)

    assert found.rows() == [("A", "r", 2, pytest.approx(2 / 3)), ("B", "s", 1, 1.0)]


def test_what_solves_a_query_is_told_in_canonical_ids():
    made = cases(["q", "p"], {"q": ["s", "unheard"], "p": ["t"]}, remedies(ATTEMPTS, SOLVED), {"q": {"s": 0.7}})

    assert made == [Case("q", {"B": "s"}, {"B": 0.7}), Case("p", {}, {})]


def test_head_and_tail_are_told_apart_by_past_tickets():
    past = pl.Series("cause", ["a"] * 6 + ["b"] * 3 + ["c"] * 2 + ["d"])

    assert frequency(past, pl.Series(["a", "b", "d", "new"])).to_list() == ["head", "tail", "tail", "unseen"]


def test_the_page_and_its_figure_are_written_the_same_each_time(measured, tmp_path):
    about = {"data": "planted | queries", "command": "`ticketlake evaluate`"}
    one, two = (retrieval.write(measured, about, tmp_path / name) for name in "12")

    text = one.read_text()
    assert text == two.read_text()
    assert (tmp_path / "1" / "retrieval.svg").read_bytes() == (tmp_path / "2" / "retrieval.svg").read_bytes()
    assert "200 queries. The best single stage by nDCG@10 is `keyword`." in text
    assert "| finder | 1.000 (1.000 to 1.000) |" in text
    assert "## By entities" in text
    assert "planted \\| queries" in text
    lines = [line for line in text.splitlines() if line.startswith("|")]
    assert all(line.endswith("|") for line in lines)


def test_a_page_of_nothing_says_so():
    assert "Nothing was measured" in retrieval.page(pl.DataFrame(schema=SCHEMA), {})
