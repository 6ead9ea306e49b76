import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ml.evaluate import measures
from ml.evaluate.splits import time_split


def test_f1_brier_and_log_loss_agree_with_scikit_learn():
    from sklearn.metrics import brier_score_loss, f1_score, log_loss

    rng = np.random.default_rng(0)
    truth = rng.integers(0, 4, 300)
    probabilities = rng.dirichlet(np.ones(4), 300)
    guess = probabilities.argmax(axis=1)
    matrix = measures.confusion(truth, guess, 4)

    assert measures.weighted_f1(matrix) == pytest.approx(f1_score(truth, guess, average="weighted"))
    assert measures.macro_f1(matrix) == pytest.approx(f1_score(truth, guess, average="macro"))
    assert measures.log_loss(truth, probabilities) == pytest.approx(log_loss(truth, probabilities))
    assert measures.brier(truth, probabilities) == pytest.approx(
        brier_score_loss(truth, probabilities, scale_by_half=False)
    )


def test_an_interval_covers_the_true_accuracy_about_as_often_as_it_says():
    rng = np.random.default_rng(0)
    covered = 0
    for draw in range(200):
        right = rng.random(300) < 0.7
        truth = rng.integers(0, 2, 300)
        matrix = measures.confusion(truth, np.where(right, truth, 1 - truth), 2)
        interval = measures.resampled(matrix, measures.accuracy, seed=draw)
        covered += interval.low <= 0.7 <= interval.high

    assert 180 <= covered <= 199


def test_confidence_that_means_what_it_says_has_no_calibration_error():
    rng = np.random.default_rng(0)
    confidence = rng.uniform(0.5, 1, 50_000)
    truth = (rng.random(50_000) > confidence).astype(np.int64)
    honest = np.column_stack([confidence, 1 - confidence])

    assert measures.calibration_error(truth, honest) < 0.01
    assert measures.calibration_error(truth, np.tile([1.0, 0.0], (50_000, 1))) == pytest.approx(0.25, abs=0.01)


@given(arrays(np.int64, st.integers(1, 60), elements=st.integers(0, 3)), st.integers(0, 2**32 - 1))
def test_measures_stay_in_their_ranges(truth, seed):
    probabilities = np.random.default_rng(seed).dirichlet(np.ones(4), len(truth))
    found = measures.classification(truth, probabilities, list("abcd"), seed=seed)

    for name in ("accuracy", "weighted_f1", "macro_f1"):
        interval = found[name]
        assert 0 <= interval.low <= interval.high <= 1
    assert 0 <= found["brier"] <= 2
    assert 0 <= found["ece"] <= 1
    assert found["log_loss"] >= 0


@given(st.lists(st.integers(0, 50), max_size=200))
def test_a_time_split_leaves_no_instant_in_two_parts(minutes):
    times = pl.Series(minutes, dtype=pl.Int64).cast(pl.Datetime("us", "UTC"))
    split = time_split(times)

    if split is None:
        assert len(set(minutes)) < 3 or len(minutes) < 8 or max(minutes.count(m) for m in minutes) > len(minutes) * 0.15
        return
    frame = times.alias("created_at").to_frame().with_columns(split.part().alias("part"))
    ends = {part: frame.filter(pl.col("part") == part)["created_at"] for part in ("train", "validation", "test")}
    assert ends["train"].max() < ends["validation"].min()
    assert ends["validation"].max() < ends["test"].min()
