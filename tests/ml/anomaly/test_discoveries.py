"""Few false incidents a year, and a product's alarm that explains its versions'."""

import numpy as np
import pytest

from ml.anomaly.discoveries import discover, rate


def test_where_nothing_is_wrong_two_incidents_a_year_are_what_was_asked_for():
    random = np.random.default_rng(5)
    parent = np.concatenate([np.full(20, -1), np.repeat(np.arange(20), 10)])
    incidents = [discover(random.random(len(parent)), parent, scans_a_year=365).incidents.sum() for _ in range(4 * 365)]
    assert 1 <= sum(incidents) <= 18


def test_a_product_that_alarms_explains_its_version():
    parent = np.array([-1, 0, 0, -1])
    found = discover(np.array([1e-9, 1e-8, 0.6, 0.4]), parent, scans_a_year=365)
    assert found.found.tolist() == [True, True, False, False]
    assert found.explained_by.tolist() == [-1, 0, 0, -1]
    assert found.incidents.tolist() == [True, False, False, False]


def test_a_version_that_drowns_in_its_product_is_found_on_its_own():
    found = discover(np.array([0.3, 1e-8, 0.6]), np.array([-1, 0, 0]), scans_a_year=365)
    assert found.incidents.tolist() == [False, True, False]
    assert found.explained_by.tolist() == [-1, -1, -1]


def test_what_is_found_two_steps_below_is_explained_by_the_nearest_that_was_found():
    found = discover(np.array([1e-9, 0.9, 1e-9]), np.array([-1, 0, 1]), scans_a_year=365)
    assert found.found.tolist() == [True, False, True]
    assert found.explained_by.tolist() == [-1, 0, 0]


def test_many_true_alarms_let_weaker_ones_through():
    strong = np.full(50, 1e-6)
    weak = 0.004
    alone = discover(np.array([weak, *np.full(50, 0.5)]), np.full(51, -1), scans_a_year=365)
    among = discover(np.array([weak, *strong]), np.full(51, -1), scans_a_year=365)
    assert not alone.found[0]
    assert among.found[0]


def test_more_scans_make_each_stricter():
    assert rate(2, 365) == pytest.approx(2 / 365)
    assert rate(2, 8760) < rate(2, 365)
    assert rate(1000, 52) == 0.2


def test_no_series_no_discoveries():
    assert not discover(np.zeros(0), np.zeros(0, dtype=np.int64), scans_a_year=52).found.any()


def test_a_series_above_itself_is_refused():
    with pytest.raises(ValueError, match="above itself"):
        discover(np.array([0.1, 0.1]), np.array([1, 0]), scans_a_year=52)
