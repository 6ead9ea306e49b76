"""From which share on a first suggestion is trusted."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.retrieve.trust import enough, shares


def test_the_share_is_found_below_which_fewer_than_half_resolved():
    draw = np.random.default_rng(0)
    first = draw.random(4_000)
    resolved = draw.random(4_000) < np.where(first < 0.3, 0.2, 0.8)

    assert enough(first, resolved) == pytest.approx(0.3, abs=0.01)


@pytest.mark.parametrize(("resolved", "expected"), [([True] * 5, 0.0), ([False] * 5, 1.0), ([], 0.0)])
def test_where_all_or_none_resolved_all_or_none_are_trusted(resolved, expected):
    assert enough(np.linspace(0.1, 0.9, len(resolved)), resolved) == expected


@given(st.lists(st.tuples(st.sampled_from([0.1, 0.2, 0.4, 0.8]), st.booleans()), min_size=1, max_size=40))
def test_of_those_below_fewer_than_half_resolved_and_of_those_from_it_on_at_least_half(pairs):
    found = enough([share for share, _ in pairs], [won for _, won in pairs])
    below = [won for share, won in pairs if share < found]
    above = [won for share, won in pairs if share >= found]

    assert not below or np.mean(below) < 0.5
    assert not above or np.mean(above) >= 0.5


def test_shares_divide_one_in_the_order_of_scores():
    divided = shares(np.array([1.0, 3.0, -800.0]))

    assert divided.sum() == pytest.approx(1)
    assert divided.argsort().tolist() == [2, 0, 1]
