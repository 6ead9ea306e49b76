"""Named words are those that an answer leans on, for families that explain themselves in different ways."""

import numpy as np
import polars as pl
import pytest

from ml.classify.calibrated import Calibrated
from ml.classify.families import fitting
from ml.classify.learner import Inputs, Reason
from ml.errors.faithful import faithful

TOLD = {"low": ["question", "wish", "idea", "sometime"], "high": ["outage", "down", "blocked", "urgent"]}
OTHERS = ["export", "login", "report", "today", "page", "file", "menu", "team", "screen", "button"]


def encode(texts):
    return np.zeros((len(texts), 0), np.float32)


def made(rows, seed):
    """Tickets of eleven words, five of which tell the label, mostly the right one."""
    draw = np.random.default_rng(seed)
    labels = draw.choice(list(TOLD), rows)
    other = {"low": "high", "high": "low"}
    told = [[label, label, label, label, label if draw.random() < 0.5 else other[label]] for label in labels]
    said = [[*(draw.choice(TOLD[name]) for name in five), *draw.choice(OTHERS, 6, replace=False)] for five in told]
    texts = pl.Series([" ".join(draw.permutation(words)) for words in said])
    return Inputs(texts, encode(texts), pl.DataFrame()), pl.Series(labels)


def member(family):
    learner = fitting(family).fit(*made(300, 1), *made(60, 2), seed=7, parameters={})
    return Calibrated(learner)


@pytest.mark.parametrize("family", ["logistic", "naive_bayes"])
def test_without_its_reasons_an_answer_is_less_sure(family):
    found = faithful(member(family), made(80, 3)[0], encode)
    assert found.tickets > 30
    assert found.share > 0.8


def test_reasons_that_are_none_are_found_out():
    class Liar(Calibrated):
        def explain(self, inputs, classes, *, full):
            return [[Reason(word, 1.0) for word in text.split() if word in OTHERS] for text in inputs.texts]

    found = faithful(Liar(member("logistic").learner), made(80, 3)[0], encode)
    assert found.share < 0.5


def test_short_texts_and_none_are_not_judged():
    inputs = Inputs(pl.Series(["outage", "", "wish idea"]), encode(range(3)), pl.DataFrame())
    assert (
        faithful(member("logistic"), inputs, encode).tickets,
        faithful(member("logistic"), inputs, encode).share,
    ) == (0, None)
