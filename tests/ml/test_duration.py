"""Hours until resolution: the interval holds as often as it says, with tickets still open."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.classify.learner import Inputs
from ml.duration import Durations, ResolutionTime, coverage, durations, survival_quantiles
from warehouse.errors import ContractBroken, NothingToLearn

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def tickets(n: int, seed: int, closes_after: float = np.inf) -> tuple[Inputs, Durations]:
    """Gold customers wait an hour in the middle, others ten; whoever waits longer than `closes_after` is still open."""
    rng = np.random.default_rng(seed)
    gold = rng.random(n) < 0.5
    hours = np.exp(np.where(gold, 0.0, np.log(10.0)) + rng.logistic(0, 0.6, n))
    table = pl.DataFrame({"tier": np.where(gold, "gold", "free"), "noise": rng.random(n).astype(np.float32)})
    known = Durations(np.minimum(hours, closes_after), hours > closes_after)
    return Inputs(pl.Series(["text"] * n), np.zeros((n, 0), np.float32), table), known


@pytest.fixture(scope="module")
def model() -> ResolutionTime:
    return ResolutionTime.fit(*tickets(3000, 1, 15.0), *tickets(1500, 2, 15.0), seed=3)


def test_eight_in_ten_intervals_hold_though_a_third_of_what_was_learned_from_was_open(model):
    inputs, truth = tickets(4000, 4)
    # The tail beyond what anybody has waited yet is unknown: judged where it is known.
    fast = np.flatnonzero(inputs.table["tier"].to_numpy() == "gold")
    assert 0.77 <= coverage(model.predict(inputs.take(fast)), truth.take(fast)) <= 0.83


def test_what_decides_the_time_is_learned(model):
    inputs, truth = tickets(1000, 5)
    found = model.predict(inputs)
    gold = inputs.table["tier"].to_numpy() == "gold"
    assert 0.7 < found["p50"].to_numpy()[gold].mean() < 1.5
    assert 6 < found["p50"].to_numpy()[~gold].mean() < 15
    assert (found["p10"] < found["p50"]).all()
    assert (found["p50"] < found["p90"]).all()
    assert truth.hours.min() > 0


def test_saved_and_loaded_it_says_the_same(model, tmp_path):
    inputs, _ = tickets(50, 6)
    model.save(tmp_path)
    assert ResolutionTime.load(tmp_path).predict(inputs).equals(model.predict(inputs))


def test_another_format_is_refused(model, tmp_path):
    model.save(tmp_path)
    file = tmp_path / "model.json"
    file.write_text(file.read_text().replace('"format":1', '"format":9'))
    with pytest.raises(ContractBroken, match="format 9, expected 1"):
        ResolutionTime.load(tmp_path)


def test_the_same_seed_gives_the_same_model(model):
    again = ResolutionTime.fit(*tickets(3000, 1, 15.0), *tickets(1500, 2, 15.0), seed=3)
    inputs, _ = tickets(50, 7)
    assert again.predict(inputs).equals(model.predict(inputs))


def test_too_few_resolved_tickets_teach_nothing():
    with pytest.raises(NothingToLearn, match="0 resolved tickets in the validation part"):
        ResolutionTime.fit(*tickets(500, 1), *tickets(500, 2, 0.0), seed=3)


def test_tickets_without_features_get_one_interval_for_all():
    def bare(n, seed):
        inputs, known = tickets(n, seed)
        return Inputs(inputs.texts, inputs.vectors, inputs.table.select([])), known

    found = ResolutionTime.fit(*bare(400, 1), *bare(400, 2), seed=3).predict(bare(20, 3)[0])
    assert found.n_unique() == 1


def test_what_is_resolved_after_now_is_still_open():
    rows = pl.DataFrame(
        {
            "created_at": [NOON, NOON, NOON],
            "resolved_at": [NOON + timedelta(hours=2), NOON + timedelta(hours=30), None],
        }
    )
    found = durations(rows, NOON + timedelta(hours=24))
    assert found.hours.tolist() == [2.0, 24.0, 24.0]
    assert found.open.tolist() == [False, True, True]


def test_quantiles_of_a_curve_that_was_worked_out_by_hand():
    # 1 resolved of 4 at risk, 2 open, 3 resolved of 2 at risk: the curve falls to 3/4, then to 3/8, then to 0.
    times, censored = np.array([1.0, 2.0, 3.0, 4.0]), np.array([False, True, False, False])
    assert survival_quantiles(times, censored, (0.25, 0.5, 0.9)) == [1.0, 3.0, 4.0]


@given(st.lists(st.tuples(st.floats(0.1, 100), st.booleans()), min_size=1, max_size=40))
def test_quantiles_of_any_curve_ascend_and_are_times_of_it(rows):
    times, censored = np.array([t for t, _ in rows]), np.array([c for _, c in rows])
    found = survival_quantiles(times, censored, (0.1, 0.5, 0.9))
    assert found == sorted(found)
    assert set(found) <= set(times.tolist())
