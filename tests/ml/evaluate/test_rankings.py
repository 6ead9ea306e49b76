"""Measures of rankings against cases that were computed by hand."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.evaluate import rankings


def test_one_relevant_document_in_second_place():
    found = rankings.worth(np.array([4, 7, 1]), {7: 1.0})

    assert found == {
        "ndcg@10": pytest.approx(1 / math.log2(3)),
        "map": 0.5,
        "mrr@10": 0.5,
        "recall@10": 1.0,
        "recall@100": 1.0,
    }


def test_two_grades_of_which_the_lower_comes_first_and_a_third_is_missed():
    found = rankings.worth(np.array([5, 0, 9, 3]), {5: 1.0, 9: 3.0, 8: 1.0})

    ideal = 3 / math.log2(2) + 1 / math.log2(3) + 1 / math.log2(4)
    assert found["ndcg@10"] == pytest.approx((1 / math.log2(2) + 3 / math.log2(4)) / ideal)
    assert found["map"] == pytest.approx((1 / 1 + 2 / 3) / 3)
    assert found["mrr@10"] == 1.0
    assert found["recall@10"] == pytest.approx(2 / 3)


def test_what_is_found_in_eleventh_place_counts_for_precision_and_the_longer_recall_alone():
    found = rankings.worth(np.arange(20), {10: 1.0})

    assert (found["ndcg@10"], found["mrr@10"], found["recall@10"]) == (0.0, 0.0, 0.0)
    assert found["map"] == pytest.approx(1 / 11)
    assert found["recall@100"] == 1.0


def test_nothing_found_is_worth_nothing():
    assert set(rankings.worth(np.array([], dtype=np.int64), {1: 1.0}).values()) == {0.0}


def test_what_may_not_be_found_is_left_out_and_equal_ones_keep_their_order():
    scores = np.array([1, 3, 3, 9, 0], dtype=np.float32)
    allowed = np.array([True, True, True, False, True])

    assert rankings.ranked(scores, allowed).tolist() == [1, 2, 0, 4]
    assert rankings.ranked(scores, allowed, depth=2).tolist() == [1, 2]
    assert rankings.ranked(np.where(scores > 1, scores, -np.inf), allowed).tolist() == [1, 2]


@settings(max_examples=40, deadline=None)
@given(st.permutations(range(12)), st.dictionaries(st.integers(0, 15), st.sampled_from([1.0, 2.0]), min_size=1))
def test_every_measure_lies_between_none_and_all_and_the_ideal_order_is_all(order, grades):
    found = rankings.worth(np.array(order), grades)
    ideal = sorted(grades, key=lambda place: -grades[place])
    best = rankings.worth(np.array(ideal), grades)

    assert all(0 <= value <= 1 + 1e-9 for value in found.values())
    assert best["ndcg@10"] == pytest.approx(1)
    assert best["map"] == pytest.approx(1)


def test_a_difference_that_every_query_shows_has_an_interval_above_zero():
    rng = np.random.default_rng(1)
    other = rng.random(80) * 0.5
    ours = other + 0.1

    paired = rankings.interval(ours - other, seed=1)
    assert paired.low == pytest.approx(0.1)
    assert paired.high == pytest.approx(0.1)
    share = rankings.gain(ours, other, seed=1)
    assert share.low > 0
    assert share.value == pytest.approx(0.1 / other.mean())


def test_a_difference_of_chance_has_an_interval_that_holds_zero():
    rng = np.random.default_rng(2)
    found = rankings.interval(rng.normal(size=100), seed=3)

    assert found.low < 0 < found.high
