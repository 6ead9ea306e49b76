"""Names together say more than each."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ml.graph.pooling import pooled

USUAL = np.array([0.5, 0.3, 0.2])


ONE, TWO = np.ones(1), np.ones(2)


def test_two_names_that_agree_are_surer_than_one():
    said = np.array([0.2, 0.2, 0.6])
    assert pooled(np.array([said, said]), USUAL, TWO).sum(axis=0)[2] > pooled(said[None], USUAL, ONE).sum(axis=0)[2]


def test_a_name_that_is_found_everywhere_alike_says_nothing():
    telling = np.array([0.1, 0.1, 0.8])
    both = pooled(np.array([telling, USUAL]), USUAL, TWO)
    assert both[0, 2] > 100 * both[1, 2]
    assert np.allclose(pooled(USUAL[None], USUAL, ONE).sum(axis=0), USUAL)


def test_an_issue_that_one_name_was_never_seen_in_stays_possible():
    found = pooled(np.array([[1.0, 0.0, 0.0], [0.0, 0.1, 0.9]]), USUAL, TWO).sum(axis=0)
    assert found.min() > 0


@given(arrays(np.float64, (4, 3), elements=st.floats(0.01, 1)))
def test_the_parts_are_one_distribution(weights):
    said = weights / weights.sum(axis=1, keepdims=True)
    found = pooled(said, USUAL, np.arange(1.0, 5.0))
    assert np.isclose(found.sum(), 1)
    assert (found >= 0).all()


def test_an_issue_that_no_name_was_seen_in_has_no_part():
    assert pooled(np.array([[0.4, 0.6, 0.0]]), USUAL, ONE)[0, 2] == 0


def test_a_name_of_more_weight_is_believed_more():
    said = np.array([[0.8, 0.1, 0.1], [0.1, 0.1, 0.8]])
    assert pooled(said, USUAL, np.array([1.0, 3.0])).sum(axis=0)[2] > pooled(said, USUAL, TWO).sum(axis=0)[2]


def test_nothing_named_or_nothing_known_is_nothing():
    assert pooled(np.zeros((0, 3)), USUAL, np.zeros(0)).shape == (0, 3)
    assert not pooled(np.ones((1, 3)) / 3, np.zeros(3), ONE).any()
