"""What waiting costs, and that the order by it keeps more promises than others at a simulated desk."""

from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.desk import by_cost, by_priority, desk, first_come, knowing, waits
from ml import queueing
from ml.targets import PRIORITY
from service.queue import ordered, promises
from service.waiting import Waiting

AGENTS = 8


def cost_of(waited=1.0, priority="medium", tier="premium", mood=None, pressing=0.0):
    tiers = pl.Series([tier])
    chances = np.asarray([[float(name == priority) for name in PRIORITY.order]])
    hours, cost = (queueing.promised(promises(), tiers, name) for name in ("first_response_hours", "waiting_cost"))
    weight = queueing.weights([{mood: 1.0} if mood else {}])
    return queueing.expected(np.asarray([waited]), chances, hours, cost, weight, pressing=np.asarray([pressing]))[0]


def test_an_hour_more_costs_more_the_nearer_the_promise_and_no_more_after_it():
    costs = [cost_of(hours) for hours in (0, 2, 4, 8, 80)]

    assert costs[0] < costs[1] < costs[2] < costs[3] == costs[4]


@pytest.mark.parametrize(
    ("more", "less"),
    [
        ({"priority": "critical"}, {"priority": "high"}),
        ({"priority": "high"}, {"priority": "low"}),
        ({"tier": "enterprise"}, {"tier": "premium"}),
        ({"tier": "premium"}, {"tier": "free"}),
        ({"mood": "angry"}, {"mood": "frustrated"}),
        ({"mood": "frustrated"}, {"mood": "satisfied"}),
        ({"pressing": 0.9}, {"pressing": 0.0}),
        ({"pressing": 0.9, "tier": None, "priority": "low"}, {"tier": "premium", "priority": "high", "waited": 1.5}),
        ({"priority": "critical", "tier": None}, {"priority": "high", "tier": None}),
    ],
)
def test_waiting_costs_more_for_whom_it_is_worse(more, less):
    assert cost_of(**more) > cost_of(**less)


def test_a_tier_that_nothing_is_promised_to_waits_at_the_usual_cost():
    assert cost_of(tier="diamond") == cost_of(tier=None) > 0


def test_of_a_ticket_of_which_nobody_said_anything_the_shortest_promise_is_told():
    now = datetime(2026, 3, 1, 12, tzinfo=UTC)
    opened = {"ticket_id": "T-1", "opened_at": now, "tier": "enterprise", "recorded": None, "mood": {}}
    unknown, critical = (
        ordered([Waiting(**opened, chances=chances)], promises(), now)[0]
        for chances in (queueing.chances(None, None), queueing.chances("critical", 1.0))
    )

    assert unknown.due_at == critical.due_at
    assert unknown.reason.startswith("unknown priority of a customer")
    assert critical.reason.startswith("critical priority (100% likely)")


def test_what_is_not_sure_is_weighed_by_its_probability():
    tiers = pl.Series(["premium"] * 3)
    hours, cost = (queueing.promised(promises(), tiers, name) for name in ("first_response_hours", "waiting_cost"))
    chances = np.asarray([[1.0, 0, 0, 0], [0.5, 0, 0, 0.5], [0, 0, 0, 1.0]])
    low, either, critical = queueing.expected(np.full(3, 0.5), chances, hours, cost, np.ones(3))

    assert either == pytest.approx((low + critical) / 2)


@settings(deadline=None)
@given(
    st.sampled_from([*PRIORITY.order, "other", None]),
    st.none() | st.floats(0, 1),
    st.dictionaries(st.sampled_from([*PRIORITY.order, "other"]), st.floats(0, 0.3)),
)
def test_chances_add_up_to_one_whatever_was_answered(label, confidence, alternatives):
    chances = queueing.chances(label, confidence, alternatives)

    assert sum(chances) == pytest.approx(1)
    assert all(0 <= one <= 1 for one in chances)


def test_an_answer_that_says_little_leaves_the_rest_to_the_others():
    assert queueing.chances("high", 0.7) == pytest.approx([0.1, 0.1, 0.7, 0.1])
    assert queueing.chances("high", 0.6, {"low": 0.4}) == pytest.approx([0.4, 0, 0.6, 0])
    assert queueing.chances(None, None) == [0.25] * 4


@pytest.mark.parametrize("load", [0.85, 0.95])
def test_fewer_promises_are_broken_than_by_first_come_first_served_on_every_seed(load):
    for seed in range(5):
        at = desk(promises(), days=5, agents=AGENTS, load=load, seed=seed)
        late = {rule: (waits(at, rule, AGENTS) > at.promised).mean() for rule in (first_come, by_priority, by_cost)}

        assert late[by_cost] < 0.5 * late[first_come]
        assert late[by_cost] < late[by_priority]
        assert (waits(at, knowing, AGENTS) > at.promised).mean() <= late[by_cost]


def test_one_agent_serves_in_turn_as_lindley_says():
    at = desk(promises(), days=2, agents=1, load=0.9, seed=1)
    expected = [0.0]
    for work, between in zip(at.work[:-1], np.diff(at.comes), strict=True):
        expected.append(max(0.0, expected[-1] + work - between))

    assert waits(at, first_come, 1) == pytest.approx(np.asarray(expected))


def test_the_order_changes_who_waits_not_how_much_work_there_is():
    at = desk(promises(), days=2, agents=1, load=0.9, seed=1)
    ends = [(at.comes + waits(at, rule, 1) + at.work).max() for rule in (first_come, by_cost)]

    assert ends[0] == pytest.approx(ends[1])
