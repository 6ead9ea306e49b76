"""Rates of success, shrunk towards what is usual."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.retrieve.success import FLAT, STRONGEST, Prior, least_within, prior, shrunk, shrunk_within

RATES = (0.9, 0.3, 0.6, 0.8, 0.2, 0.7, 0.5, 0.95)


def differing(seed=0, each=60):
    """Solutions that differ: successes and attempts."""
    tried = np.full(len(RATES), each)
    return np.random.default_rng(seed).binomial(tried, RATES), tried


def test_one_of_one_does_not_beat_eighty_of_ninety():
    won, tried = differing()
    rates = shrunk([1, 80], [1, 90], prior([*won, 1, 80], [*tried, 1, 90]))
    assert rates[0] < rates[1]
    assert rates[1] == pytest.approx(80 / 90, abs=0.03)


def test_where_success_is_noise_every_rate_is_the_mean():
    draw = np.random.default_rng(3)
    tried = draw.integers(1, 120, 200)
    won = draw.binomial(tried, 0.7)
    usual = prior(won, tried)
    assert usual.strength == STRONGEST
    assert np.ptp(shrunk(won, tried, usual)) < 0.001


def test_shuffled_successes_are_told_from_real_ones():
    won, tried = differing()
    each = [np.r_[np.ones(w), np.zeros(t - w)] for w, t in zip(won, tried, strict=True)]
    outcomes = np.random.default_rng(1).permutation(np.concatenate(each)).reshape(len(tried), -1)
    shuffled = outcomes.sum(axis=1)
    assert prior(won, tried).strength < 20
    assert np.ptp(shrunk(shuffled, tried, prior(shuffled, tried))) < 0.01


def test_what_was_never_tried_has_the_usual_rate():
    won, tried = differing()
    usual = prior(won, tried)
    assert shrunk([0], [0], usual)[0] == usual.mean
    assert prior([], []) == FLAT


def test_a_segment_leans_on_the_whole():
    whole = Prior(0.9, 8.0)
    assert prior([0], [1], within=whole).mean > prior([0], [1]).mean


def test_in_a_segment_a_rate_leans_on_that_of_the_same_solution_everywhere():
    rates = shrunk_within([1, 1], [2, 2], [0.9, 0.1], 10.0)
    assert rates[0] > 0.8
    assert rates[1] < 0.2


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), min_size=1, max_size=40))
def test_rates_lie_between_what_was_seen_and_what_is_usual(pairs):
    won, tried = [w for w, _ in pairs], [w + lost for w, lost in pairs]
    usual = prior(won, tried)
    rates = shrunk(won, tried, usual)
    seen = np.array([w / t if t else usual.mean for w, t in zip(won, tried, strict=True)])
    assert (rates >= np.minimum(seen, usual.mean) - 1e-9).all()
    assert (rates <= np.maximum(seen, usual.mean) + 1e-9).all()


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0.5, 1e6))
def test_wherever_it_helped_one_of_one_is_never_surer_than_118_of_121(once, often, strength):
    few, many = least_within([1, 118], [1, 121], [once, often], strength)
    assert few < many


@given(st.integers(0, 200), st.integers(1, 200), st.floats(0.01, 0.99), st.floats(0.5, 1e6))
def test_the_least_rate_is_below_the_expected_one_and_grows_with_what_helped(won, lost, usual, strength):
    tried = won + lost
    least, more = least_within([won, won + 1], [tried, tried], usual, strength)
    assert 0 <= least < more <= 1
    assert more < shrunk_within([won + 1], [tried], usual, strength=min(strength, 20))[0]


def test_more_successes_than_attempts_are_refused():
    with pytest.raises(ValueError, match="as many successes"):
        shrunk([2], [1], FLAT)
