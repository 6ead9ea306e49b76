"""Rates of now: what events say of suggestions, the old counting less, versions within everywhere."""

import json
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from ml.retrieve.standing import HALF, MOST, WITHIN, Standing
from ml.retrieve.told import REFUSED, outcomes

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def events(*said):
    rows = [
        {
            "event_id": f"e{n}",
            "type": type_,
            "ticket_id": ticket,
            "event_time": NOW + timedelta(hours=at),
            "payload": json.dumps(payload),
        }
        for n, (type_, ticket, at, payload) in enumerate(said)
    ]
    return pl.DataFrame(rows)


def used(ticket, at, thing="SOL-1"):
    return ("SuggestionAccepted", ticket, at, {"suggestion_id": f"s{ticket}:{thing}"})


def judged(ticket, at, helpful, thing="SOL-1"):
    return ("SuggestionJudged", ticket, at, {"suggestion_id": f"s{ticket}:{thing}", "helpful": helpful})


REFUSAL = ("SuggestionRefused", "T", 1, {"suggestion_id": "sT:SOL-1"})
REOPENED = ("TicketReopened", "T", 5, {})
RESOLVED = ("TicketResolved", "T", 6, {})


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ([used("T", 1)], [("SOL-1", True, 1.0)]),
        ([used("T", 1), judged("T", 2, False)], [("SOL-1", False, 1.0)]),
        ([used("T", 1), judged("T", 2, False), judged("T", 3, True)], [("SOL-1", True, 1.0)]),
        ([REFUSAL], [("SOL-1", False, REFUSED)]),
        ([REFUSAL, used("T", 2)], [("SOL-1", True, 1.0)]),
        ([used("T", 1), REOPENED], [("SOL-1", False, 1.0)]),
        ([used("T", 1), REOPENED, RESOLVED], [("SOL-1", False, 1.0)]),
        ([used("T", 1), REOPENED, judged("T", 6, True)], [("SOL-1", True, 1.0)]),
        ([used("T", 1), used("T", 2, "SOL-2"), REOPENED], [("SOL-1", True, 1.0), ("SOL-2", False, 1.0)]),
        ([used("T", 1), REOPENED, used("T", 7, "SOL-2"), RESOLVED], [("SOL-1", False, 1.0), ("SOL-2", True, 1.0)]),
        ([used("T", 1), ("FeedbackGiven", "T", 3, {"helpful": False})], [("SOL-1", False, 1.0)]),
        ([used("T", 1), ("FeedbackGiven", "T", 3, {"score": 1})], [("SOL-1", True, 1.0)]),
        ([used("U", 1), REOPENED], [("SOL-1", True, 1.0)]),
        ([used("*", 1)], [("SOL-1", True, 1.0)]),
        ([REOPENED], []),
    ],
)
def test_what_became_of_a_suggestion(said, expected):
    found = outcomes(events(*said)).sort("target_id").select("target_id", "succeeded", "weight").rows()
    assert found == expected
    assert outcomes(events(*said)[::-1]).sort("target_id").select("target_id", "succeeded", "weight").rows() == expected


def tried(name, won, lost, *, version="1.0", days=0):
    at = NOW - timedelta(days=days)
    said = {"target_id": name, "product": "Sync", "product_version": version, "weight": 1.0, "at": at}
    return [{**said, "succeeded": True}] * won + [{**said, "succeeded": False}] * lost


def standing(*parts):
    return Standing(pl.DataFrame([row for part in parts for row in part]))


OTHERS = [tried(f"SOL-{n}", 2 + n, 12 - n) for n in range(2, 9)]


def test_an_attempt_of_one_half_life_ago_weighs_half():
    found = standing(tried("SOL-1", 4, 0, days=HALF.days), tried("SOL-1", 1, 1), *OTHERS).fared("SOL-1")

    assert (found.tried, found.won) == (pytest.approx(4.0), pytest.approx(3.0))


def test_a_rate_is_shrunk_towards_what_is_usual_and_on_a_version_towards_that():
    made = standing(tried("SOL-1", 8, 2), tried("SOL-1", 0, 3, version="2.0"), *OTHERS)
    mean, strength = made.prior.mean, made.prior.strength

    everywhere = (8 + mean * strength) / (13 + strength)
    assert made.fared("SOL-1").rate == pytest.approx(everywhere)
    assert made.fared("SOL-1", ("Sync", "2.0")).rate == pytest.approx(everywhere * WITHIN / (3 + WITHIN))
    assert made.fared("SOL-1", ("Sync", "9.9")).rate == pytest.approx(everywhere)
    assert made.fared("SOL-x").rate == pytest.approx(mean)


def test_a_solution_that_stops_working_on_a_new_version_sinks_there_and_nowhere_else():
    made = standing(
        tried("SOL-1", 40, 4, days=60), tried("SOL-1", 0, 6, version="2.0"), tried("SOL-2", 30, 15, days=60)
    )
    belief, names, known = np.array([0.6, 0.4]), ["SOL-1", "SOL-2"], {"SOL-1": 0.9, "SOL-2": 0.67}

    old, new = (made.moved(belief, names, known, ("Sync", version)) for version in ("1.0", "2.0"))
    assert old[0] > old[1]
    assert new[0] < new[1]
    assert new.sum() < old.sum() <= 1


def test_what_failed_lately_counts_more_than_what_worked_long_ago():
    long_ago, lately = tried("SOL-1", 20, 0, days=360), tried("SOL-1", 0, 4)
    before, after = standing(long_ago, *OTHERS).fared("SOL-1"), standing(long_ago, lately, *OTHERS).fared("SOL-1")

    assert before.rate > 0.5 > after.rate
    assert after.won == pytest.approx(20 / 16)


def test_belief_grows_within_bounds():
    made = standing(tried("SOL-1", 50, 0), tried("SOL-2", 0, 50))
    moved = made.moved(np.array([0.5, 0.5]), ["SOL-1", "SOL-2"], {"SOL-1": 0.1, "SOL-2": 0.9}, (None, None))

    assert moved[0] == pytest.approx(0.5 * MOST)
    assert moved[1] < 0.1
