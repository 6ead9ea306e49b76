"""Labels that were changed are found again, and those that were not are left alone."""

import numpy as np
import polars as pl
import pytest

from ml.classify.learner import Inputs
from ml.classify.noise import LEAST_KEPT, confident_learning, out_of_fold
from warehouse.errors import NothingToLearn

CLASSES = ("access", "billing", "bug", "export")
WORDS = (
    ["password", "login", "locked", "reset"],
    ["invoice", "refund", "charged", "card"],
    ["crash", "error", "broken", "freeze"],
    ["csv", "download", "report", "empty"],
)
FIXED = {"logistic": {"temperature": 1.0}, "naive_bayes": {}}
FILLER = ["please", "help", "our", "team", "today", "with", "thing", "every", "week", "again", "still"]


def tickets(n, seed):
    rng = np.random.default_rng(seed)
    true = rng.choice(4, n, p=[0.4, 0.3, 0.2, 0.1])
    texts = [" ".join(rng.permutation([*rng.choice(FILLER, 6), *rng.choice(WORDS[label], 2)])) for label in true]
    return Inputs(pl.Series(texts), np.zeros((n, 0), np.float32), pl.DataFrame()), true


def with_wrong_ones(true, share, seed):
    rng = np.random.default_rng(seed)
    wrong = rng.random(len(true)) < share
    return np.where(wrong, (true + rng.integers(1, 4, len(true))) % 4, true), wrong


def trusted(given, texts, family="logistic"):
    labels = pl.Series([CLASSES[place] for place in given])
    classes, found = out_of_fold(family, texts, labels, texts, labels, seed=3, parameters=FIXED[family])
    assert classes == list(CLASSES)
    assert np.allclose(found.sum(axis=1), 1)
    return confident_learning(found, given)


def test_most_planted_noise_is_found_and_little_else():
    texts, true = tickets(1200, 1)
    given, wrong = with_wrong_ones(true, 0.15, 2)
    doubted = ~trusted(given, texts)
    assert (doubted & wrong).sum() / wrong.sum() > 0.8
    assert (doubted & wrong).sum() / doubted.sum() > 0.8


def test_noise_that_goes_one_way_is_found():
    texts, true = tickets(1200, 4)
    wrong = (true == 0) & (np.random.default_rng(5).random(1200) < 0.3)
    doubted = ~trusted(np.where(wrong, 1, true), texts, "naive_bayes")
    assert (doubted & wrong).sum() / wrong.sum() > 0.8
    assert (doubted & wrong).sum() / doubted.sum() > 0.9


def test_right_labels_are_left_alone():
    texts, true = tickets(1200, 6)
    assert trusted(true, texts).mean() > 0.99


def test_a_class_never_loses_all_its_tickets():
    probabilities = np.tile([0.9, 0.1], (60, 1))
    labels = np.array([0] * 40 + [1] * 20)
    probabilities[40:44] = [0.05, 0.95]
    kept = confident_learning(probabilities, labels)
    assert kept[labels == 1].sum() >= LEAST_KEPT
    assert kept[:40].all()


def test_a_class_without_any_ticket_is_no_error():
    probabilities = np.random.default_rng(7).dirichlet(np.ones(3), 50)
    assert confident_learning(probabilities, np.arange(50) % 2).shape == (50,)


def test_a_label_of_one_ticket_is_given_no_chance_by_the_fold_without_it():
    texts, true = tickets(200, 8)
    labels = pl.Series(["rare", *(CLASSES[place] for place in true[1:])])
    classes, found = out_of_fold("naive_bayes", texts, labels, texts, labels, seed=3, parameters={})
    assert found[0, classes.index("rare")] == 0
    assert np.allclose(found.sum(axis=1), 1)


def test_a_single_label_is_refused():
    texts, _ = tickets(20, 9)
    labels = pl.Series(["bug"] * 20)
    with pytest.raises(NothingToLearn, match="the one label 'bug'"):
        out_of_fold("naive_bayes", texts, labels, texts, labels, seed=3, parameters={})
