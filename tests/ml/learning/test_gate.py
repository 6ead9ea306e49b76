"""A better challenger is promoted; a worse one is refused, with the reason that is the right one."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from ml.evaluate.measures import Interval
from ml.features import FENCED
from ml.learning import gate
from ml.learning.gate import Comparison, SliceGain, compare, verdict
from ml.learning.judge import Bench, Model, judge_labels
from ml.targets import CATEGORY
from ml.understand import Past

NOBODY = pl.DataFrame(schema={"ticket_id": pl.String, "label": pl.String})
FEW = ("majority", "naive_bayes")
TREES = ("majority", "xgboost")


def older(past: Past, share: float = 0.2) -> Past:
    """The same tickets, of which only the first were there."""
    count = int(len(past.inputs) * share)
    parts = pl.Series("part", ["train"] * (count * 8 // 10) + ["validation"] * (count - count * 8 // 10))
    rest = pl.Series("part", ["test"] * (len(past.inputs) - count))
    return replace(past, dealt=pl.concat([parts, rest]))


def judged(past, challenger, champion, frozen=NOBODY, afterwards=FENCED):
    return judge_labels(Bench(past, frozen, afterwards, 1), CATEGORY, challenger, champion, None)


@pytest.fixture(scope="module")
def past(make_past):
    return make_past(1_600, clear=0.7)


@pytest.fixture(scope="module")
def champion(past, learn):
    return learn(past)


def test_a_challenger_that_learned_more_is_promoted_and_the_reason_tells_the_gain(past, learn, champion):
    few = learn(older(past, 0.05))
    found = judged(past, champion, few)

    assert found.verdict.promoted, found.verdict.reasons
    assert found.newest.gain.low > 0
    assert "macro F1" in found.verdict.reasons[0]
    assert found.newest.rows == (past.parts == "test").sum()


def test_the_same_model_again_is_no_gain(past, champion):
    found = judged(past, champion, champion)

    assert not found.verdict.promoted
    assert found.verdict.reasons[0].startswith("no gain beyond chance")


def test_a_label_that_the_champion_does_not_know_counts_as_its_error():
    truth = pl.Series(["new"] * 50 + ["old"] * 50)
    nobody = pl.DataFrame(height=100)
    found = compare(truth, truth, pl.Series(["old"] * 100), nobody, seed=1)

    assert found.challenger.value == 1
    assert found.champion.value == pytest.approx((0 + 2 / 3) / 2)
    assert {(one.value, one.gain.value) for one in found.slices} == {("new", 1.0), ("old", 0.0)}


def test_shuffled_labels_are_refused_for_they_say_nothing(past, learn, champion):
    labels = past.rows["category"].shuffle(seed=3)
    shuffled = learn(past, rows=past.rows.with_columns(category=labels))
    found = judged(past, shuffled, champion)

    assert not found.verdict.promoted
    assert "no better than guessing" in found.verdict.reasons[0]


def test_a_leaked_feature_is_refused_by_its_name_and_by_what_hangs_on_it(past, learn):
    codes = past.rows["category"].rank("dense").cast(pl.Float32)
    noise = pl.Series(np.random.default_rng(1).normal(0, 0.05, len(codes)), dtype=pl.Float32)
    given = {name: past.inputs.table.with_columns((codes + noise).alias(name)) for name in ("agent_id", "weekday")}
    weak = learn(past, TREES)
    fenced, hidden = (learn(past, TREES, inputs=replace(past.inputs, table=table)) for table in given.values())
    named = judged(replace(past, inputs=replace(past.inputs, table=given["agent_id"])), fenced, weak)
    jumped = judged(replace(past, inputs=replace(past.inputs, table=given["weekday"])), hidden, weak)

    assert not named.verdict.promoted
    assert named.verdict.reasons[0] == "leak: it was given agent_id, known only after a ticket was opened"
    assert not jumped.verdict.promoted
    assert jumped.newest.gain.value > 0.1
    assert jumped.verdict.reasons[0].startswith("leak suspected: the gain hangs on weekday alone")
    assert len(jumped.verdict.reasons) == 1


def test_a_language_that_was_left_out_is_refused_and_named(past, learn, champion):
    german = (past.rows["language"] == "de") & (past.parts == "train")
    dropped = learn(past, dealt=past.parts.zip_with(~german, pl.Series("part", ["nowhere"] * len(german))))
    found = judged(past, dropped, champion)

    assert not found.verdict.promoted
    assert found.verdict.reasons[0].startswith("left out: it learned from no ticket in de")
    assert any("worse on the newest tickets of language de" in reason for reason in found.verdict.reasons)


def test_frozen_tickets_are_asked_again_and_those_that_were_relabelled_are_not(past, learn, champion):
    frozen = past.rows.filter(past.parts == "test").select("ticket_id", label="category").head(60)
    changed = frozen.with_columns(label=pl.when(pl.int_range(pl.len()) < 10).then(pl.lit("other")).otherwise("label"))
    few = learn(older(past, 0.05))
    found = judged(past, champion, few, frozen=changed)

    assert found.frozen.rows == 50
    assert found.newest.rows == (past.parts == "test").sum() - 60


def test_a_first_model_serves_unless_something_is_wrong_with_it(past, learn, champion):
    labels = past.rows["category"].shuffle(seed=3)
    guessing = learn(past, rows=past.rows.with_columns(category=labels))
    leaking = Model(champion.model, {**champion.card, "features": ["agent_id"]})

    assert judged(past, champion, None).verdict.reasons[0] == "it is the first model: there is no other to ask"
    assert len(judged(past, champion, None).verdict.reasons) == 2
    assert judged(past, guessing, None).verdict.promoted
    assert "no better than guessing" in judged(past, guessing, None).verdict.reasons[2]
    assert not judged(past, leaking, None).verdict.promoted


def comparison(gain, slices=(), rows=400):
    nothing = Interval(0.5, 0.4, 0.6)
    return Comparison(rows, "macro F1", nothing, nothing, gain, list(slices))


def test_a_gain_for_which_one_slice_pays_is_refused():
    better = Interval(0.05, 0.02, 0.08)
    paid = SliceGain("tier", "free", 60, Interval(-0.1, -0.2, -0.011))
    unsure = SliceGain("tier", "free", 60, Interval(-0.1, -0.2, -0.009))

    assert verdict(comparison(better, [unsure]), None, []).promoted
    refused = verdict(comparison(better, [paid]), None, [])
    assert not refused.promoted
    assert refused.reasons == ["worse on the newest tickets of tier free: -10.0 points (-20.0 to -1.1), 60 tickets"]
    assert not verdict(comparison(better), comparison(Interval(-0.05, -0.08, -0.02)), []).promoted
    assert not verdict(comparison(better), comparison(Interval(0, -0.01, 0.01), [paid]), []).promoted


def test_too_few_new_tickets_judge_nobody():
    found = verdict(comparison(Interval(0.5, 0.4, 0.6), rows=gate.FEWEST - 1), None, [])

    assert not found.promoted
    assert found.reasons == [
        f"{gate.FEWEST - 1} tickets are new to both models, expected at least {gate.FEWEST} to judge by"
    ]
    assert not verdict(None, None, []).promoted
