"""Templates, folds, permutations, ceilings and the rule, each by itself."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.audit.noise import ceiling
from ml.audit.permutation import gain_bounds, p_value, z_score
from ml.audit.templates import masked, templates
from ml.audit.verdicts import Judged, verdict
from ml.evaluate.splits import group_folds


def said(*texts, product="Ledger One"):
    return pl.DataFrame({"subject": [""] * len(texts), "description": list(texts), "product": [product] * len(texts)})


def test_names_numbers_codes_and_addresses_are_masked():
    first, second = (
        "Ledger One 4.2 fails with ERR_17, see https://a.example/x",
        "LEDGER ONE 9 fails with E-5, see a@b.c",
    )
    texts = masked(said(first, second))
    assert texts[0] == texts[1] == "# fails with # see #"


def test_texts_that_differ_by_a_sentence_are_one_template_and_others_are_not():
    base = "we cannot open the monthly report since this morning because the page stays empty for all of us"
    texts = masked(said(base, f"{base} please help", "my invoice shows the wrong amount and the wrong address", ""))
    found = templates(texts, seed=1)
    assert found[0] == found[1]
    assert len(set(found.tolist())) == 3


@given(st.lists(st.text(max_size=60), max_size=30))
@settings(deadline=None, max_examples=60)
def test_any_texts_have_templates_numbered_from_0_and_equal_ones_share_theirs(texts):
    plain = masked(said(*texts)) if texts else pl.Series([], dtype=pl.String)
    found = templates(plain, seed=1)
    assert len(found) == len(texts)
    assert sorted(set(found.tolist())) == list(range(len(set(found.tolist()))))
    worded = [place for place, text in enumerate(plain) if any(map(str.isalpha, text))]
    for first in worded:
        assert all(found[first] == found[other] for other in worded if plain[first] == plain[other])


@given(st.lists(st.integers(0, 20), min_size=2, max_size=200), st.integers(2, 6))
@settings(deadline=None)
def test_groups_stay_on_one_side_and_every_fold_tests_something(groups, folds):
    groups = np.array(groups)
    found = group_folds(groups, folds, seed=3)
    distinct = len(set(groups.tolist()))
    if distinct < 2:
        assert found is None
        return
    assert len({(int(g), int(f)) for g, f in zip(groups, found, strict=True)}) == distinct
    assert set(found.tolist()) == set(range(min(folds, distinct)))


def test_p_values_of_chance_are_spread_evenly_and_those_of_a_signal_are_least():
    rng = np.random.default_rng(1)
    found = []
    for seed in range(60):
        truth = rng.integers(0, 4, 120)
        found.append(p_value(truth, rng.dirichlet(np.ones(4), 120), rng.integers(0, 2, 120), seed=seed))
    assert 0.35 < np.mean(found) < 0.65
    assert np.mean(np.array(found) < 0.1) < 0.25
    truth = rng.integers(0, 4, 120)
    assert p_value(truth, np.eye(4)[truth], np.zeros(120, np.int64), seed=1) == 0.001


def test_what_the_stratum_tells_is_no_evidence():
    rng = np.random.default_rng(2)
    strata = rng.integers(0, 3, 600)
    truth = strata * 2 + rng.integers(0, 2, 600)
    knows_stratum = np.repeat(np.eye(3), 2, axis=1)[strata] / 2
    assert p_value(truth, knows_stratum, strata, seed=1) > 0.5
    assert p_value(truth, knows_stratum, np.zeros(600, np.int64), seed=1) == 0.001


def test_the_z_score_is_that_of_drawn_permutations():
    rng = np.random.default_rng(3)
    truth, strata = rng.integers(0, 3, 300), rng.integers(0, 2, 300)
    given_ = 0.9 * rng.dirichlet(np.ones(3), 300) + 0.1 * np.eye(3)[truth]
    rows = np.arange(300)
    drawn = []
    for _ in range(2_000):
        shuffled = truth.copy()
        for stratum in (0, 1):
            shuffled[strata == stratum] = rng.permutation(truth[strata == stratum])
        drawn.append(given_[rows, shuffled].sum())
    expected = (given_[rows, truth].sum() - np.mean(drawn)) / np.std(drawn)
    assert z_score(truth, given_, strata) == pytest.approx(expected, rel=0.08)


def test_bounds_are_wide_where_few_groups_decide():
    gains = np.repeat([1.0, 0.0, 0.0, 1.0], 250)
    groups = np.repeat([0, 1, 2, 3], 250)
    low, high = gain_bounds(gains, groups, seed=1)
    assert low == 0.0
    assert high == 1.0
    low, high = gain_bounds(gains, np.arange(1000), seed=1)
    assert 0.45 < low < high < 0.55


@pytest.mark.parametrize("right", [1.0, 0.8, 0.5, 0.25])
def test_the_ceiling_is_the_share_of_right_labels(right):
    rng = np.random.default_rng(4)
    truth = np.repeat(rng.integers(0, 4, 2_000), 3)
    wrong = (truth + rng.integers(1, 4, truth.size)) % 4
    labels = np.where(rng.random(truth.size) < right, truth, wrong)
    found = ceiling(labels, np.repeat(np.arange(2_000), 3), np.zeros(truth.size, np.int64))
    assert found == pytest.approx(right, abs=0.05)


def test_without_near_duplicates_there_is_no_ceiling():
    assert ceiling(np.array([0, 1] * 50), np.arange(100), np.zeros(100, np.int64)) is None


def judged(accuracy, p=0.001, low=0.1):
    return Judged(1000, accuracy, 0.3, p, low, low + 0.1)


@pytest.mark.parametrize(
    ("time", "customers", "unseen", "shared", "expected"),
    [
        (judged(0.9), judged(0.9), judged(0.8), 1.0, "learnable"),
        (judged(0.9), judged(0.9), judged(0.3, low=-0.1), 1.0, "solved by template"),
        (judged(0.9), judged(0.9), judged(0.5), 1.0, "solved by template"),
        (judged(0.9), judged(0.9), judged(0.5), 0.2, "learnable"),
        (judged(0.35), judged(0.35), judged(0.35), 0.0, "weak"),
        (judged(0.9), judged(0.32), judged(0.9), 0.0, "weak"),
        (judged(0.35, p=0.006), judged(0.35), judged(0.35), 0.0, "nothing to learn"),
        (judged(0.9), judged(0.9, p=0.2), judged(0.9), 0.0, "nothing to learn"),
        (judged(0.9), None, judged(0.8), 0.0, "learnable"),
        (None, None, None, 0.0, "nothing to learn"),
    ],
)
def test_the_rule(time, customers, unseen, shared, expected):
    assert verdict(time, customers, unseen, shared_templates=shared)[0] == expected
