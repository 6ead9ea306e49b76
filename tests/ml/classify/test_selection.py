"""Confidence means what it says, families answer together, and the cheapest of those that are as good is chosen."""

import numpy as np
import polars as pl
import pytest

from ml.classify import selection
from ml.classify.blend import Blend
from ml.classify.calibrated import Calibrated
from ml.classify.calibration import NONE, Calibration, calibrate, logs, loss, softmax
from ml.classify.families import fitting, loading
from ml.classify.learner import Inputs
from ml.classify.selection import Examples
from ml.evaluate import measures
from warehouse.errors import ContractBroken

WORDS = {
    "billing": ["invoice", "refund", "charge"],
    "access": ["password", "login", "locked"],
    "data": ["sync", "rows", "lost"],
}
KINDS = list(WORDS)


def examples(count=400, seed=1, wrong=0.0):
    rng = np.random.default_rng(seed)
    true = rng.choice(KINDS, count)
    texts = [" ".join([*rng.choice(WORDS[kind], 2), *rng.choice(list("abcdefgh"), 4)]) for kind in true]
    labels = np.where(rng.random(count) < wrong, rng.choice(KINDS, count), true)
    parts = np.repeat(["train", "validation", "test"], [count * 70 // 100, count * 15 // 100, count * 15 // 100])
    inputs = Inputs(pl.Series(texts), np.zeros((count, 0), np.float32), pl.DataFrame())
    return Examples(inputs, pl.Series(labels), pl.Series(parts), pl.Series(["en"] * count))


def fitted(family, given):
    train, later = given.part("train"), given.part("validation")
    learner = fitting(family).fit(train.inputs, train.labels, later.inputs, later.labels, seed=1, parameters={})
    return Calibrated(learner, Calibration(2.0, 0.1))


def test_where_labels_are_wrong_at_random_a_doubt_is_found_that_no_temperature_can_say():
    rng = np.random.default_rng(0)
    scores = rng.normal(0, 4, (6000, 4))
    truth = np.array([rng.choice(4, p=row) for row in softmax(scores)])
    noisy = np.where(rng.random(6000) < 0.2, rng.integers(0, 4, 6000), truth)

    found = calibrate(scores[:3000], noisy[:3000])
    given = found.probabilities(scores[3000:])
    plain = calibrate(scores[:3000], truth[:3000])

    assert found.doubt == pytest.approx(0.2, abs=0.04)
    assert calibrate(scores[:3000] / found.temperature, noisy[:3000]).doubt == pytest.approx(found.doubt, abs=0.005)
    assert plain.doubt < 0.02
    assert plain.temperature == pytest.approx(1, rel=0.1)
    assert given.sum(axis=1) == pytest.approx(1)
    assert (given.argmax(axis=1) == scores[3000:].argmax(axis=1)).all()
    assert (
        measures.calibration_error(noisy[3000:], given)
        < 0.03
        < measures.calibration_error(noisy[3000:], softmax(scores[3000:]))
    )
    assert loss(logs(given), noisy[3000:]) < loss(scores[3000:], noisy[3000:])


def test_without_a_known_truth_nothing_is_calibrated():
    assert calibrate(np.zeros((5, 3)), np.full(5, -1)) == NONE


def test_a_blend_is_the_mean_of_log_probabilities_and_the_same_after_loading(tmp_path):
    given = examples()
    blend, asked = Blend([fitted("logistic", given), fitted("naive_bayes", given)]), given.part("test").inputs
    blend.save(tmp_path)
    kept = loading("blend").load(tmp_path)

    found = blend.predict_proba(asked)
    mean = np.mean([logs(member.probabilities(asked)) for member in blend.members], axis=0)
    assert np.allclose(found, softmax(mean))
    assert np.allclose(kept.predict_proba(asked), found, atol=1e-6)
    for before, after in zip(
        blend.explain(asked, [0] * len(asked)), kept.explain(asked, [0] * len(asked)), strict=True
    ):
        assert {r.term: r.weight for r in after} == pytest.approx({r.term: r.weight for r in before}, abs=1e-4)


def test_the_reasons_of_a_blend_are_the_mean_of_those_of_its_members():
    given = examples()
    members = [fitted("logistic", given), fitted("naive_bayes", given)]
    asked = given.part("test").inputs.take(np.array([0]))
    told = [{reason.term: reason.weight for reason in member.explain(asked, [1], full=True)[0]} for member in members]

    found = Blend(members).explain(asked, [1])[0]

    weights = {reason.term: reason.weight for reason in found}
    assert weights == pytest.approx({term: sum(one.get(term, 0.0) for one in told) / 2 for term in told[0] | told[1]})
    assert [abs(reason.weight) for reason in found] == sorted((abs(r.weight) for r in found), reverse=True)


def test_a_blend_is_made_of_families_and_is_none_to_ask_for():
    with pytest.raises(ContractBroken, match="no family of learners is named 'blend'"):
        fitting("blend")


def test_the_cheapest_of_those_that_are_as_good_answers_and_another_family_stands_behind_it():
    told = []
    candidates, chosen = selection.choose(
        examples(600, wrong=0.1), ["majority", "naive_bayes", "logistic", "random_forest"], seed=1, tell=told.append
    )
    quick = {c.fitted.family: float(np.median(c.milliseconds)) for c in candidates}
    champion, other = (c.fitted.family for c in chosen)

    assert {"majority", "naive_bayes", "logistic", "random_forest"} < set(quick) <= {*quick, "blend"}
    assert any(line.startswith("blend of ") for line in told)
    assert champion == min(("naive_bayes", "logistic"), key=quick.get)
    assert other not in (champion, "blend", "majority")


def test_a_gain_is_judged_on_the_same_rows():
    rng = np.random.default_rng(3)
    truth = rng.integers(0, 3, 900)
    good = np.where(rng.random(900) < 0.7, truth, (truth + 1) % 3)
    better = np.where((good != truth) & (rng.random(900) < 0.1), truth, good)
    other = np.where(rng.random(900) < 0.7, truth, (truth + 2) % 3)

    gain = measures.f1_gain(truth, better, good, 3, seed=1)
    f1 = [float(measures.weighted_f1(measures.confusion(truth, guess, 3))) for guess in (better, good)]
    assert gain.value == pytest.approx(f1[0] - f1[1])
    assert 0 < gain.low < gain.value < gain.high < 0.06
    assert measures.f1_gain(truth, other, good, 3, seed=1).low < 0
    assert measures.f1_gain(truth, good, good, 3, seed=1) == measures.Interval(0.0, 0.0, 0.0)
