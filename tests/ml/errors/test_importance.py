"""What a model leans on is what decides its labels, and nothing that it does not read."""

import numpy as np
import polars as pl
import pytest

from ml.classify.calibrated import Calibrated
from ml.classify.families import fitting
from ml.classify.learner import Inputs
from ml.errors.importance import WORDS, importance


def made(rows, seed):
    """Tickets whose label is told by `tier` alone; words and `hour` say nothing."""
    draw = np.random.default_rng(seed)
    tier = draw.choice(["free", "premium"], rows)
    texts = pl.Series([" ".join(draw.choice(["export", "login", "slow", "help", "today"], 6)) for _ in range(rows)])
    table = pl.DataFrame({"hour": draw.uniform(0, 24, rows).astype(np.float32), "tier": tier})
    return Inputs(texts, np.zeros((rows, 0), np.float32), table), pl.Series(np.where(tier == "free", "low", "high"))


def fitted(family):
    train, validation = made(400, 1), made(100, 2)
    return Calibrated(fitting(family).fit(*train, *validation, seed=7, parameters={}))


def test_the_feature_that_decides_comes_first():
    found = importance(fitted("xgboost"), *made(200, 3))
    assert found["feature"][0] == "tier"
    assert found["log_loss_added"][0] > 0.5
    others = found.filter(pl.col("feature").is_in(["hour", WORDS]))
    assert others["log_loss_added"].abs().max() < 0.1


def test_a_model_of_words_leans_on_no_feature():
    found = importance(fitted("logistic"), *made(200, 3))
    assert found["feature"].to_list() == [WORDS]
    assert found["log_loss_added"].item() == pytest.approx(0, abs=0.1)


def test_labels_that_were_never_learned_are_left_out():
    inputs, labels = made(50, 4)
    assert importance(fitted("majority"), inputs, labels.str.replace(".*", "new")).is_empty()
