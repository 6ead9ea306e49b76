"""One answer a target: the champion's, or the other family's; a subcategory lies under the category."""

import numpy as np
import polars as pl
import pytest

from ml.answers import answer
from ml.classify.calibrated import Calibrated
from ml.classify.champion import Champion
from ml.classify.learner import Inputs
from ml.classify.logistic import Logistic
from ml.classify.unknown import Unknown

KINDS = {"Bill": "invoice amount wrong", "Login": "password refused again", "Sync": "upload stops halfway"}


def inputs(texts):
    rng = np.random.default_rng(len(texts))
    return Inputs(pl.Series(texts, dtype=pl.String), rng.random((len(texts), 0), np.float32), pl.DataFrame())


@pytest.fixture(scope="module")
def fitted():
    rng = np.random.default_rng(5)
    labels = rng.choice(list(KINDS), 240)
    texts = [f"{KINDS[label]} {' '.join(rng.choice(list('abcdef'), 3))}" for label in labels]
    given, labels = inputs(texts), pl.Series(labels)
    half = Inputs(given.texts[:120], given.vectors[:120], given.table)
    rest = Inputs(given.texts[120:], given.vectors[120:], given.table)

    def learn(names):
        return Calibrated(Logistic.fit(half, names[:120], rest, names[120:], seed=1, parameters={}))

    under = {f"{kind} {part}": kind for kind in KINDS for part in (1, 2)}
    parts = pl.Series([f"{label} {1 + place % 2}" for place, label in enumerate(labels)])
    category = Champion("category", [learn(labels)], {}, Unknown.fit(half, labels[:120], rest, labels[120:], seed=1))
    return category, Champion("subcategory", [learn(parts)], under)


class Broken:
    family = "broken"
    classes = tuple(KINDS)

    def predict_proba(self, inputs):
        raise RuntimeError("a library gave up")


def nobody(target, family, error):
    raise AssertionError(error)


def test_a_subcategory_lies_under_the_category_that_is_answered(fitted):
    category, sub = fitted
    found = answer({"category": category, "subcategory": sub}, inputs(list(KINDS.values())), nobody)

    above = [found["category"].classes[place] for place in found["category"].best]
    below = [found["subcategory"].classes[place] for place in found["subcategory"].best]
    assert above == list(KINDS)
    assert [sub.under[label] for label in below] == above
    assert np.allclose(found["subcategory"].probabilities.sum(axis=1), 1)


def test_where_the_champion_fails_the_other_family_answers_and_it_is_said(fitted):
    told = []
    both = Champion("category", [Calibrated(Broken()), *fitted[0].members], {})

    found = answer({"category": both}, inputs(["invoice amount"]), lambda *what: told.append(what[:2]))

    assert (found["category"].fallback, found["category"].member.family) == (True, "logistic")
    assert told == [("category", "broken")]
    assert answer({"category": Champion("category", both.members[:1], {})}, inputs(["x"]), lambda *_: None) == {}


def test_what_fits_no_class_is_unknown_and_stays_so_when_loaded(fitted, tmp_path):
    fitted[0].save(tmp_path)
    loaded = Champion.load(tmp_path).unknown
    asked = inputs(["invoice amount wrong a b", "quantum flux zebra harmonica"])

    known, strange = loaded.judge(asked)

    assert not known.unknown
    assert strange.score > known.score
    assert known.nearest[0] == "Bill"
    assert loaded.judge(asked) == fitted[0].unknown.judge(asked)


def test_what_one_model_read_another_need_not_read_again(fitted):
    asked = inputs(["invoice amount wrong"])
    first = fitted[0].members[0].probabilities(asked)
    kept = dict(asked.read)

    assert np.array_equal(fitted[0].members[0].probabilities(asked), first)
    assert asked.read == kept
    assert asked.take(np.array([0])).read == {}
