"""Labels within labels."""

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from ml.classify.hierarchy import parents, within

ABOVE, CLASSES = ["bug", "billing"], ["crash", "invoice", "refund"]
UNDER = {"crash": "bug", "invoice": "billing", "refund": "billing"}


def test_a_label_lies_where_it_mostly_was_seen():
    labels = pl.Series(["crash", "crash", "crash", "invoice", None])
    above = pl.Series(["bug", "bug", "billing", "billing", "bug"])
    assert parents(labels, above) == {"crash": "bug", "invoice": "billing"}


def test_the_parents_probability_is_shared_among_its_labels_as_they_were():
    found = within(np.array([[0.2, 0.8]]), ABOVE, np.array([[0.5, 0.4, 0.1]]), CLASSES, UNDER)
    assert np.allclose(found, [[0.2, 0.64, 0.16]])


def test_a_label_without_a_known_parent_keeps_its_share():
    found = within(np.array([[1.0, 0.0]]), ABOVE, np.array([[0.5, 0.25, 0.25]]), CLASSES, {"crash": "bug"})
    assert np.isclose(found.sum(), 1)
    assert (found > 0).all()


def test_a_parent_that_none_of_the_likely_labels_lies_under_does_not_divide_by_zero():
    found = within(np.array([[0.0, 1.0]]), ABOVE, np.array([[1.0, 0.0, 0.0]]), CLASSES, UNDER)
    assert np.isfinite(found).all()
    assert np.isclose(found.sum(), 1)


@given(st.lists(st.lists(st.floats(0.01, 1), min_size=5, max_size=5), min_size=1, max_size=5))
def test_the_best_label_of_the_joint_answer_lies_under_a_parent_with_its_probability(rows):
    drawn = np.array(rows)
    above, below = drawn[:, :2] / drawn[:, :2].sum(1, keepdims=True), drawn[:, 2:] / drawn[:, 2:].sum(1, keepdims=True)
    found = within(above, ABOVE, below, CLASSES, UNDER)
    assert np.allclose(found.sum(axis=1), 1)
    assert np.allclose(found[:, 0], above[:, 0])
    assert np.allclose(found[:, 1:].sum(axis=1), above[:, 1])
