"""What becomes of an answer follows from the precision that the team wants, as measured on the validation part."""

from datetime import UTC, datetime
from typing import get_args

import msgspec
import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.classify.decisions import FEWEST, Rule, decide, edited, judged, load, rules, save, thresholds, wanted
from ml.targets import TARGETS
from warehouse.payloads import PolicyChanged

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
    found = thresholds(POLICY, "priority", judged(["low", "high"], chances, truth))

    for place, label in enumerate(["low", "high"]):
        at = found[label]["automate"].confidence
        above = (chances.argmax(axis=1) == place) & (chances.max(axis=1) >= at)
        assert above.sum() >= FEWEST
        assert (truth[above] == place).mean() >= 0.9
        assert found[label]["suggest"].confidence <= at


def test_a_precision_that_was_never_reached_automates_nothing():
    chances, truth = answers()
    found = thresholds([Rule("*", "*", "automate", 1.0)], "priority", judged(["low", "high"], chances, 1 - truth))

    decision = decide("low", 0.999, found)
    assert (found["low"]["automate"].confidence, decision.action) == (None, "abstain")
    assert "100%" in decision.why


def test_decisions_go_from_abstaining_to_automating_as_confidence_rises():
    found = thresholds(POLICY, "priority", judged(["low", "high"], *answers()))
    actions = [decide("low", confidence, found).action for confidence in np.linspace(0, 1, 201)]

    assert list(dict.fromkeys(actions)) in (["abstain", "suggest", "automate"], ["suggest", "automate"])
    assert decide("other", 1.0, found).action == "abstain"


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=60), st.floats(0.1, 1.0))
def test_whatever_was_answered_no_threshold_breaks_its_promise(said, precision):
    confidence = np.array([one for one, _ in said])
    right = np.array([one for _, one in said])
    chances = np.column_stack([np.maximum(confidence, 1 - confidence), np.minimum(confidence, 1 - confidence)])
    found = thresholds([Rule("*", "*", "suggest", precision)], "t", judged(["a", "b"], chances, np.where(right, 0, 1)))

    at = found["a"]["suggest"].confidence
    if at is not None:
        assert right[chances.max(axis=1) >= at].mean() >= precision - 1e-12


def test_a_policy_that_is_no_policy_is_refused():
    with pytest.raises(ValueError, match="decision"):
        rules(pl.DataFrame({"target": ["*"], "label": ["*"], "decision": ["maybe"], "precision": [0.5]}))


def change(id_, day, precision, label="*", decision="automate"):
    payload = {"target": "category", "label": label, "decision": decision, "precision": precision}
    at = datetime(2026, 3, day, tzinfo=UTC)
    return {"event_id": id_, "event_time": at, "actor_id": "A-7", "payload": msgspec.json.encode(payload).decode()}


def test_the_last_edit_by_event_time_wins_over_the_seed_in_whatever_order_it_came():
    seed = [Rule("category", "*", "automate", 0.8)]
    events = [change("b", 2, 0.9), change("a", 1, 0.7), change("c", 1, 1.0, label="Security")]

    for order in (events, events[::-1]):
        found = edited(seed, pl.DataFrame(order))
        assert wanted(found, "category", "Billing", "automate") == 0.9
        assert wanted(found, "category", "Security", "automate") == 1.0
        assert [rule.set_by for rule in found if rule.label == "*"] == ["A-7"]


def test_an_edit_without_a_precision_lets_the_seed_hold_again():
    seed = [Rule("category", "*", "automate", 0.8)]
    events = [change("a", 1, 0.7), change("b", 2, None)]
    events += [change("c", 1, 0.5, "Security"), change("d", 2, None, "Security")]

    assert edited(seed, pl.DataFrame(events)) == seed


def test_a_policy_speaks_of_the_targets_that_there_are():
    assert set(get_args(PolicyChanged.__annotations__["target"])) == {"*", *(target.name for target in TARGETS)}


def test_what_was_judged_is_the_same_after_reading(tmp_path):
    kept = judged(["low", "high", "never"], np.array([[0.6, 0.3, 0.1], [0.2, 0.7, 0.1]]), np.array([0, 0]))
    save(kept, tmp_path)

    assert load(tmp_path).equals(kept)
    assert list(thresholds(POLICY, "priority", load(tmp_path))) == ["low", "high", "never"]
