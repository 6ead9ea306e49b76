"""Several signals as one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.retrieve.fusion import Fusion, fit, standardised

ALL = np.ones(4, dtype=bool)


def test_a_sum_of_z_scores_by_hand():
    signals = {"a": np.array([0, 0, 0, 4], dtype=np.float32), "b": np.array([1, 3, 1, 3], dtype=np.float32)}
    fusion = Fusion({"a": 1.0, "b": 0.5})

    assert fusion.combine(signals, ALL) == pytest.approx(
        [-1 / np.sqrt(3) - 0.5, -1 / np.sqrt(3) + 0.5, -1 / np.sqrt(3) - 0.5, np.sqrt(3) + 0.5]
    )


def test_what_may_not_be_found_does_not_change_what_is_typical():
    allowed = np.array([True, True, False, True])
    found = standardised(np.array([1, 2, 1_000, 3], dtype=np.float32), allowed)
    assert found[allowed] == pytest.approx(np.array([-1, 0, 1]) * np.sqrt(1.5))


def test_evidence_with_a_scale_of_its_own_is_added_as_it_is():
    signals = {"a": np.array([0, 0, 0, 4], dtype=np.float32), "b": np.array([0, 0, 0.5, 0], dtype=np.float32)}
    both = Fusion({"a": 1.0, "b": 2.0}, frozenset("b")).combine(signals, ALL)
    assert both - Fusion({"a": 1.0}).combine(signals, ALL) == pytest.approx([0, 0, 1, 0])


def test_a_signal_that_says_nothing_changes_nothing():
    assert standardised(np.full(4, 0.7, dtype=np.float32), ALL).tolist() == [0, 0, 0, 0]
    assert standardised(np.zeros(4, dtype=np.float32), np.zeros(4, dtype=bool)).tolist() == [0, 0, 0, 0]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(-100, 100, width=16), min_size=4, max_size=4), st.floats(0.5, 8), st.floats(-50, 50))
def test_scale_and_origin_of_a_signal_do_not_matter(values, scale, origin):
    scores = np.array(values, dtype=np.float32)
    if scores.std() > 0.01:
        moved = (scores * scale + origin).astype(np.float32)
        assert standardised(moved, ALL) == pytest.approx(standardised(scores, ALL), abs=2e-2)


def test_the_signal_that_tells_the_answer_gets_the_weight_and_noise_gets_none():
    rng = np.random.default_rng(0)
    signals = [rng.normal(size=(50, 3)) for _ in range(300)]
    answers = rng.integers(50, size=300)
    for one, answer in zip(signals, answers, strict=True):
        one[answer, 0] += 4
        one[answer, 2] -= 1

    weights = fit(signals, answers.tolist(), np.ones(3))
    assert weights[0] > 2
    assert weights[1] < 0.5
    assert weights[2] == 0


def test_without_examples_the_given_weights_stand():
    assert fit([], [], np.array([1.0, 0.5])) == pytest.approx([1.0, 0.5])
