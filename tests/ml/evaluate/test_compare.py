import numpy as np
import polars as pl
import pytest

from ml.classify import families
from ml.classify.blend import Blend
from ml.classify.calibrated import Calibrated
from ml.classify.calibration import Calibration
from ml.classify.learner import Inputs
from ml.evaluate.budget import Task, fit_within
from ml.evaluate.classify import auroc, mcnemar
from ml.evaluate.compare import Fitted, Split, available, blended, coverage, worth


@pytest.fixture
def task():
    texts = pl.Series(["pay the bill", "bill wrong", "cannot log in", "login fails"] * 5)
    inputs = Inputs(texts, np.eye(20, 3, dtype=np.float32), pl.DataFrame(height=20))
    labels = pl.Series(["billing", "billing", "login", "login"] * 5)
    return lambda family, **parameters: Task(family, inputs, labels, inputs, labels, 0, parameters)


def test_coverage_is_the_largest_share_that_reaches_the_precision():
    confidence = np.array([0.9, 0.8, 0.7, 0.6])
    assert coverage(confidence, np.array([True, True, True, True])) == 1.0
    assert coverage(confidence, np.array([True, True, False, False])) == 0.5
    assert coverage(confidence, np.array([False, True, True, True])) == 0.0


def test_coverage_does_not_part_the_equally_confident():
    assert coverage(np.array([0.9, 0.9]), np.array([True, False])) == 0.0


def test_a_label_that_was_never_learned_counts_as_wrong():
    found = worth(pl.Series(["a", "z"]), ["a", "b"], np.array([[0.9, 0.1], [0.8, 0.2]]))
    assert found["accuracy"] == 0.5


def test_auroc_counts_ties_half():
    assert auroc(np.array([0.0, 1.0]), np.array([2.0, 1.0])) == pytest.approx(0.875)


def test_mcnemar_sees_only_where_two_classifiers_differ():
    one = np.array([True] * 110)
    assert mcnemar(one, one) == 1.0
    assert mcnemar(one, np.array([True] * 100 + [False] * 10)) == pytest.approx(2 * 0.5**10)


def test_a_learner_comes_back_from_its_process(task):
    outcome = fit_within(task("naive_bayes"), 100)
    assert outcome.status == "fitted"
    assert outcome.learner.classes == ["billing", "login"]


def test_a_learner_beyond_its_share_is_ended(task):
    outcome = fit_within(task("naive_bayes"), 0.01)
    assert outcome.learner is None
    assert outcome.status == "skipped: budget"


def test_a_learner_that_fails_says_why(task):
    outcome = fit_within(task("kernel_svm", ridge=0.1), 100)
    assert outcome.learner is None
    assert outcome.status.startswith("failed: KeyError")


def test_every_registered_family_is_compared():
    assert set(available()) == set(families.TRAINED)


class Sure:
    """Always the same probabilities."""

    classes = ("a", "b")

    def __init__(self, *given, family="sure"):
        self.given = given
        self.family = family

    def predict_proba(self, inputs):
        return np.tile(self.given, (len(inputs), 1))


def test_a_blend_is_the_mean_of_calibrated_log_probabilities(task):
    inputs = task("majority").train
    blend = Blend([Calibrated(Sure(0.9, 0.1)), Calibrated(Sure(0.2, 0.8), Calibration(2.0))])
    flat = np.sqrt([0.2, 0.8]) / np.sqrt([0.2, 0.8]).sum()
    logs = (np.log([0.9, 0.1]) + np.log(flat)) / 2
    assert blend.predict_proba(inputs)[0] == pytest.approx(np.exp(logs) / np.exp(logs).sum())


def test_only_what_chance_cannot_tell_from_the_best_is_blended(task):
    one = task("majority")
    split = Split(one.train, one.labels, np.arange(20), np.arange(20))
    good, near, bad = (
        Fitted(Calibrated(Sure(0.6, 0.4, family=name)), right, 1.0)
        for name, right in (("g", 0.9), ("n", 0.85), ("b", 0.5))
    )
    assert [member.family for member in blended([bad, near, good], split).members] == ["g", "n"]
    assert blended([good, bad], split) is None
