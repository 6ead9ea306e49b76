"""A study: folds keep time, the budget is kept, what is found is better than what is stored, and the page says it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.classify.learner import Inputs
from ml.evaluate.splits import time_split
from ml.study import report
from ml.study.ablations import oversampled, without
from ml.study.folds import forward, judge
from ml.study.run import Setting, study
from ml.study.tuning import tune
from ml.targets import CATEGORY
from ml.understand import Past

WORDS = {"billing": "invoice payment refund card", "export": "export file empty download", "login": "password login"}
ROWS = 240
START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def past():
    """Tickets whose words tell the category and nothing tells the sentiment."""
    draw = np.random.default_rng(4)
    labels = draw.choice(list(WORDS), ROWS, p=[0.6, 0.3, 0.1])
    texts = [" ".join(draw.choice([*WORDS[label].split(), "the", "please", "since", "again"], 6)) for label in labels]
    times = pl.Series([START + timedelta(hours=7 * place) for place in range(ROWS)])
    rows = pl.DataFrame(
        {
            "ticket_id": [f"T-{place}" for place in range(ROWS)],
            "created_at": times,
            "resolved_at": times + timedelta(hours=5),
            "language": ["en"] * ROWS,
            "category": labels,
            "customer_sentiment": draw.choice(["calm", "angry"], ROWS),
        }
    )
    table = pl.DataFrame({"hour": np.arange(ROWS, dtype=np.float32) % 24})
    vectors = draw.normal(size=(ROWS, 8)).astype(np.float32)
    return Past(rows, Inputs(pl.Series(texts), vectors, table), time_split(times), START, {"silver/tickets": 3})


@pytest.fixture(scope="module")
def examples(past):
    return past.examples(CATEGORY)


@given(st.integers(4, 400), st.integers(1, 6))
def test_every_fold_learns_from_all_before_its_window_and_no_ticket_is_judged_twice(rows, folds):
    windows = forward(rows, folds)
    judged = np.concatenate([fold.later for fold in windows])
    assert len(set(judged)) == len(judged)
    assert judged.max() == rows - 1
    for fold in windows:
        assert fold.train.max() + 1 == fold.later.min()


def test_a_fold_that_does_not_fit_into_the_seconds_is_left_out(examples):
    nothing = judge(examples, "naive_bayes", {}, forward(ROWS, 3), seconds=0.01, seed=1)
    assert (nothing.scores, nothing.mean, nothing.spread) == ([], None, None)


def test_tuning_finds_better_than_what_is_stored_and_never_worse(examples):
    heard = []
    found = tune(examples, "decision_tree", {"max_depth": 1}, forward(ROWS, 1), seconds=20, seed=3, heard=heard.append)
    assert found.trials == heard
    assert found.best >= found.stored
    assert found.trials[0].parameters == {"max_depth": 1}
    assert found.parameters in [one.parameters for one in found.trials]


def test_without_the_words_that_tell_the_label_nothing_is_left(examples):
    blind = replace(examples, inputs=without(examples.inputs, "text"))
    whole, apart = (
        judge(given, "decision_tree", {}, forward(ROWS, 1), seconds=100, seed=3).mean for given in (examples, blind)
    )
    assert apart < whole - 0.2


def test_a_part_that_is_left_out_is_as_of_tickets_that_lack_it(examples):
    assert set(without(examples.inputs, "text").texts) == {""}
    assert not without(examples.inputs, "vectors").vectors.any()
    assert without(examples.inputs, "table").table["hour"].null_count() == ROWS
    assert without(examples.inputs, "table").table.schema == examples.inputs.table.schema


def test_rare_labels_are_drawn_again_until_they_are_as_many_as_the_mean(examples):
    counts = oversampled(examples).labels.value_counts(name="n")["n"]
    before = examples.labels.value_counts(name="n")["n"]
    assert counts.min() == ROWS // 3
    assert counts.max() == before.max()


@pytest.mark.long
def test_the_whole_study_keeps_its_budget_and_never_reads_the_test_part(past):
    lines = []
    found = study(
        past, [CATEGORY], ["majority", "naive_bayes"], {}, budget_minutes=1.0, setting=Setting(5, lines.append)
    )
    assert found.minutes < 1.5
    assert found.rows == int((past.examples(CATEGORY).parts != "test").sum())
    scores = {(one.target, one.family): one.mean for one in found.validations}
    assert scores["category", "naive_bayes"] > scores["category", "majority"] + 0.2
    assert found.ablations[0].variant == "as it is"
    assert len(lines) == len([*found.searches, *found.validations, *found.ablations])
    page = report.markdown(found)
    assert f"{scores['category', 'naive_bayes']:.3f}" in page
    assert "| majority |" in page


def test_a_study_without_time_says_so(past, tmp_path):
    found = study(past, [CATEGORY], ["naive_bayes"], {}, budget_minutes=0.0001, setting=Setting(5))
    assert found.hyperparameters() == {}
    assert "budget was used up" in report.write(found, tmp_path).read_text()
    assert (tmp_path / report.PLOT).exists()
