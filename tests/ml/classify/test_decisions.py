"""What becomes of an answer follows from the precision that the team wants, as measured on the validation part."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.classify.decisions import FEWEST, Rule, decide, rules, thresholds, wanted

POLICY = [
    Rule("*", "*", "automate", 0.9),
    Rule("*", "*", "suggest", 0.5),
    Rule("category", "*", "automate", 0.8),
    Rule("category", "Security", "automate", 1.0),
]


def test_the_rule_that_names_most_wins():
    assert wanted(POLICY, "category", "Security", "automate") == 1.0
    assert wanted(POLICY, "category", "Billing", "automate") == 0.8
    assert wanted(POLICY, "priority", "high", "automate") == 0.9
    assert wanted(POLICY[:1], "priority", "high", "suggest") is None


def answers(count=400, seed=1):
    """Confidences that mean what they say, of two labels."""
    rng = np.random.default_rng(seed)
    confidence = rng.uniform(0.5, 1.0, count)
    guess = rng.integers(0, 2, count)
    truth = np.where(rng.random(count) < confidence, guess, 1 - guess)
    chances = np.column_stack([np.where(guess == 0, confidence, 1 - confidence), np.where(guess, confidence, 0.0)])
    chances[:, 1] = 1 - chances[:, 0]
    return chances, truth


def test_above_a_threshold_so_many_answers_were_right():
    chances, truth = answers()
    found = thresholds(POLICY, "priority", ["low", "high"], chances, truth)

    for place, label in enumerate(["low", "high"]):
        at = found[label]["automate"].confidence
        judged = (chances.argmax(axis=1) == place) & (chances.max(axis=1) >= at)
        assert judged.sum() >= FEWEST
        assert (truth[judged] == place).mean() >= 0.9
        assert found[label]["suggest"].confidence <= at


def test_a_precision_that_was_never_reached_automates_nothing():
    chances, truth = answers()
    found = thresholds([Rule("*", "*", "automate", 1.0)], "priority", ["low", "high"], chances, 1 - truth)

    decision = decide("low", 0.999, found)
    assert (found["low"]["automate"].confidence, decision.action) == (None, "abstain")
    assert "100%" in decision.why


def test_decisions_go_from_abstaining_to_automating_as_confidence_rises():
    found = thresholds(POLICY, "priority", ["low", "high"], *answers())
    actions = [decide("low", confidence, found).action for confidence in np.linspace(0, 1, 201)]

    assert list(dict.fromkeys(actions)) in (["abstain", "suggest", "automate"], ["suggest", "automate"])
    assert decide("other", 1.0, found).action == "abstain"


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=60), st.floats(0.1, 1.0))
def test_whatever_was_answered_no_threshold_breaks_its_promise(said, precision):
    confidence = np.array([one for one, _ in said])
    right = np.array([one for _, one in said])
    chances = np.column_stack([np.maximum(confidence, 1 - confidence), np.minimum(confidence, 1 - confidence)])
    found = thresholds([Rule("*", "*", "suggest", precision)], "t", ["a", "b"], chances, np.where(right, 0, 1))

    at = found["a"]["suggest"].confidence
    if at is not None:
        assert right[chances.max(axis=1) >= at].mean() >= precision - 1e-12


def test_a_policy_that_is_no_policy_is_refused():
    with pytest.raises(ValueError, match="decision"):
        rules(pl.DataFrame({"target": ["*"], "label": ["*"], "decision": ["maybe"], "precision": [0.5]}))
