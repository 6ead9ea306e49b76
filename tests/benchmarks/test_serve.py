"""The measurement of load: requests come at their rate, waiting counts, growth is told from noise."""

import numpy as np
import pytest

from benchmarks.clients import served
from benchmarks.load import Ask, Done, at_most, due_times, press, quantiles, slope
from benchmarks.serve import MIX, Mixed


def test_requests_are_due_at_the_stated_rate_in_order():
    times = due_times(50, 200, seed=1)

    assert len(times) == pytest.approx(10_000, rel=0.05)
    assert (np.diff(times) > 0).all()
    assert times[-1] < 200
    assert (due_times(50, 200, seed=1) == times).all()


def test_a_request_that_waits_for_its_turn_is_counted_from_when_it_was_due(tmp_path):
    with served(tmp_path, "benchmarks.bare") as (port, _):
        done = press(port, lambda _: Ask("bare", "POST", "/v1/predict-ticket", b"{}"), np.zeros(30), 1)
        lost = press(port, lambda _: Ask("lost", "GET", "/nowhere"), np.array([0.0, 0.01]), 2)

    assert [one.status for one in done] == [200] * 30
    assert [one.took for one in done] == sorted(one.took for one in done)
    assert done[-1].took > 5 * done[0].took / 2
    assert {one.status for one in lost} == {404}


def test_growth_is_told_from_noise():
    rng = np.random.default_rng(2)
    minutes = np.arange(600) / 60
    noise = rng.normal(0, 3, 600)
    grows, still = slope(minutes, 500 + 2.0 * minutes + noise), slope(minutes, 500 + noise)

    assert grows.low < 2.0 < grows.high
    assert grows.low > 1.0
    assert still.low < 0 < still.high
    with pytest.raises(ValueError, match="at least 20"):
        slope(minutes[:5], noise[:5])


def test_quantiles_are_by_kind_and_of_all():
    done = [Done("a", 0.0, float(value), 200) for value in range(1, 101)] + [Done("b", 0.0, 1000.0, 200)]

    found = quantiles(done)
    assert found["a"][:2] == (100, 50.5)
    assert found["all"][0] == 101
    assert found["all"][3] == 1000.0


def test_no_failure_in_many_still_allows_for_a_few():
    assert at_most(0, 3_000) == pytest.approx(0.001, rel=0.01)
    assert at_most(3, 3) == 1.0
    assert at_most(2, 100) > 0.02


def test_kinds_are_mixed_by_their_shares_and_nothing_is_sent_in_twice():
    mixed = Mixed([{"subject": f"s {n}"} for n in range(20)], [f"TK-{n}" for n in range(20)], seed=3)
    asked = [mixed(number) for number in range(4_000)]

    for kind, share in MIX:
        assert sum(one.kind == kind for one in asked) / 4_000 == pytest.approx(share, abs=0.03)
    sent = [one.body for one in asked if one.kind in ("tickets in", "events in")]
    assert len(set(sent)) == len(sent)
