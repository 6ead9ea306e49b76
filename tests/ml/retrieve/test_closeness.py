"""What time says, learned from documents that are each other's nearest."""

import numpy as np
import pytest

from ml.retrieve.closeness import Closeness


def pairs(count=150, gap=0.5, seed=0):
    """Documents in pairs: alike, and `gap` days apart; pairs lie anywhere in three years."""
    rng = np.random.default_rng(seed)
    first = rng.uniform(0, 1_000, count)
    days = np.column_stack([first, first + gap]).ravel()
    noise = rng.random((2 * count, 2 * count))

    def similar(place):
        scores = noise[place].astype(np.float32)
        scores[place ^ 1] = 5
        return scores

    return days, similar


def test_pairs_of_one_day_make_nearness_evidence_and_distance_counter_evidence():
    days, similar = pairs()
    found = Closeness.learn(days, similar, seed=1)

    near, far, unknown = found.scores(np.array([100.2, 900.0, np.nan]), 100.0)
    assert near > 2
    assert far < -1
    assert unknown == 0


def test_where_pairs_lie_as_far_apart_as_any_others_time_says_little():
    rng = np.random.default_rng(3)
    _, similar = pairs()
    found = Closeness.learn(rng.uniform(0, 1_000, 300), similar, seed=1)
    assert np.abs(found.scores(np.array([100.2, 300.0, 900.0]), 100.0)).max() < 1


def test_too_few_or_undated_documents_say_nothing():
    days, similar = pairs(20)
    assert Closeness.learn(days, similar, seed=1).evidence is None
    unknown = Closeness.learn(np.full(300, np.nan), similar, seed=1)
    assert unknown.scores(np.array([1.0, 2.0]), 1.0).tolist() == [0, 0]


def test_who_asks_at_no_known_time_gets_no_evidence():
    days, similar = pairs()
    found = Closeness.learn(days, similar, seed=1)
    assert found.scores(days, None).tolist() == pytest.approx([0] * len(days))
