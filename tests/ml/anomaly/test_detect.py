"""What is found, and how often nothing is taken for something."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.detectors import ears
from benchmarks.outbreaks import draw, frame
from ml.anomaly import store
from ml.anomaly.detect import backtest, score
from ml.anomaly.fitting import fit
from ml.anomaly.panel import Panel, panel
from ml.evaluate import anomalies, outbreaks

BEGIN = datetime(2024, 1, 1, tzinfo=UTC)


def panel_of(counts, frequency="daily", begin=BEGIN, starts=None):
    counts = np.atleast_2d(np.asarray(counts, dtype=float))
    names = tuple(f"s{place}" for place in range(len(counts)))
    starts = np.zeros(len(counts), dtype=np.int64) if starts is None else np.asarray(starts)
    return Panel(names, frequency, begin, counts, starts)


def quiet(series, steps, mean, phi=1.5, seed=0, week=(1.5, 1.3, 1.3, 1.2, 1.2, 0.25, 0.25)):
    random = np.random.default_rng(seed)
    rate = mean * np.array(week)[np.arange(steps) % len(week)] * np.ones((series, 1))
    return random.poisson(random.gamma(rate / (phi - 1), phi - 1)).astype(float)


def last_step(history, count):
    baseline = fit(history)
    return score(baseline, np.full((len(history.names), 1), float(count)))


@pytest.mark.parametrize("mean", [0.1, 1.0, 20.0])
def test_one_quiet_day_in_a_hundred_alarms_whatever_the_level(mean):
    counts = quiet(300, 490, mean)
    baseline = fit(panel_of(counts[:, :420]))
    found = score(baseline, counts[:, 420:])
    assert 0.005 < (found.combined < 0.01).mean() < 0.016
    assert 0.004 < (found.p < 0.01).mean() < 0.015


def test_alarms_of_a_quiet_week_are_as_rare_on_sundays_as_on_mondays():
    counts = quiet(400, 770, 4.0)
    found = score(fit(panel_of(counts[:, :700])), counts[:, 700:])
    by_day = [(found.combined[:, day::7] < 0.02).mean() for day in range(7)]
    assert max(by_day) < 0.04
    assert min(by_day) > 0.008


@pytest.mark.parametrize("frequency", ["weekly", "daily"])
def test_more_outbreaks_are_found_than_by_ears_and_false_alarms_keep_to_their_rate(frequency):
    drawn = draw(frequency, 84, seed=99)
    counts = panel(frame(drawn))
    begins = dict.fromkeys(
        drawn.names, datetime.combine(drawn.times[-28 if frequency == "daily" else -49], datetime.min.time())
    )
    scanned = anomalies.scan(counts, begins, whole=False, alpha=0.01)
    found = anomalies.measured([scanned], drawn.truth, 0.01)
    assert 0.004 < found["fpr"] < 0.017
    truth = outbreaks.planted(counts, drawn.truth, scanned.judged)
    simple = ears(drawn)
    by_ears = ~np.isnan(outbreaks.delays(simple > outbreaks.threshold(simple, truth), truth))
    assert found["pod_at_fpr_1pct"] > by_ears.mean() + 0.05


def test_what_three_days_say_together_is_stranger_than_each_alone():
    counts = quiet(50, 727, 20.0, phi=1.2)
    history = panel_of(counts[:, :724])
    raised = np.ceil(fit(history).expected(724, 727)[0] + 1.7 * np.sqrt(20 * 1.3))
    found = score(fit(history), raised)
    assert (found.combined[:, 2] < found.p[:, 2]).mean() > 0.9
    assert (found.combined[:, 2] < 0.01).mean() > 0.9


def test_an_outbreak_that_is_over_does_not_ring_on():
    counts = quiet(50, 727, 20.0)
    counts[:, 720:722] += 120
    found = score(fit(panel_of(counts[:, :720])), counts[:, 720:])
    assert (found.combined[:, 1] < 1e-6).all()
    assert (found.combined[:, 4:] < 0.01).mean() < 0.05


def test_a_small_rise_that_stays_is_heard_by_the_sum():
    counts = quiet(60, 740, 20.0)
    counts[:, 700:] = np.round(counts[:, 700:] * 1.25)
    found = score(fit(panel_of(counts[:, :700])), counts[:, 700:])
    assert (found.slow[:, -1] < 0.01).mean() > 0.8


def test_a_past_outbreak_hides_no_later_one():
    clean = quiet(40, 730, 10.0)
    marred = clean.copy()
    marred[:, 300:310] += 60
    without, with_ = fit(panel_of(clean)), fit(panel_of(marred))
    now, then = without.expected(730, 737)[0], with_.expected(730, 737)[0]
    assert np.abs(np.log(then / now)).mean() < 0.05


def test_steps_scored_alone_and_together_and_by_a_stored_baseline_are_the_same(tmp_path):
    counts = quiet(20, 407, 3.0)
    baseline = fit(panel_of(counts[:, :400]))
    together = score(baseline, counts[:, 400:])
    store.save(baseline, tmp_path)
    alone, memory = [], None
    loaded = store.load(tmp_path)
    for step in range(7):
        found = score(loaded, counts[:, 400 + step : 401 + step], first=400 + step, memory=memory)
        memory = found.memory
        alone.append(found.combined)
    np.testing.assert_allclose(np.concatenate(alone, axis=1), together.combined, rtol=1e-9)
    one = score(loaded.take(np.array([3])), counts[3:4, 400:])
    np.testing.assert_allclose(one.combined[0], together.combined[3], rtol=1e-9)


def test_too_little_history_leans_on_the_pool_is_wider_and_says_so():
    counts = quiet(60, 400, 5.0)
    starts = np.zeros(60, dtype=np.int64)
    starts[:2] = 390
    counts[:2, :390] = 0
    baseline = fit(panel_of(counts, starts=starts))
    found = score(baseline, np.full((60, 1), 8.0))
    assert found.baselines[:3] == ["pooled", "pooled", "own"]
    sunday, monday = baseline.expected(405, 407)[0][:2].T
    assert (sunday < 0.5 * monday).all()
    assert baseline.expected(400, 401)[1][0] > 5 * baseline.expected(400, 401)[1][2]


def test_a_series_that_nobody_knew_is_judged_by_the_pool_and_alarms_at_nothing_common():
    counts = quiet(60, 400, 5.0)
    counts[::2] = quiet(30, 400, 0.5, seed=1)
    known = fit(panel_of(counts))
    found = score(known.newcomers(("new", "newer")), np.array([[8.0], [4000.0]]))
    assert found.baselines == ["pooled", "pooled"]
    assert found.combined[0, 0] > 0.01
    assert found.combined[1, 0] < 0.01


@pytest.mark.parametrize("frequency", ["hourly", "daily", "weekly"])
def test_no_history_expects_nothing_and_alarms_at_nothing(frequency):
    found = last_step(panel_of(np.zeros((2, 0)), frequency), 1000)
    assert found.baselines == ["none", "none"]
    assert (found.combined == 1).all()
    assert np.isnan(found.expected).all()


def test_all_zeros_stay_quiet_and_ten_at_once_do_not():
    history = panel_of(np.zeros((3, 400)))
    assert (last_step(history, 0).combined > 0.05).all()
    assert (last_step(history, 10).combined < 1e-3).all()


def test_a_constant_series_knows_its_level():
    found = last_step(panel_of(np.full((2, 400), 7.0)), 7)
    assert np.abs(found.expected - 7).max() < 0.4
    assert (found.combined > 0.05).all()
    assert (last_step(panel_of(np.full((2, 400), 7.0)), 40).combined < 1e-6).all()


def test_a_series_that_started_yesterday_takes_its_level_for_normal_soon():
    counts = quiet(30, 400, 3.0)
    counts[0] = 0
    counts[0, 399] = 400
    starts = np.zeros(30, dtype=np.int64)
    starts[0] = 399
    found = score(fit(panel_of(counts, starts=starts)), np.array([[380.0]] + [[3.0]] * 29))
    assert found.baselines[0] == "pooled"
    assert found.combined[0, 0] > 1e-3


def test_a_spike_at_the_first_point_marrs_nothing_after_it():
    counts = quiet(20, 200, 4.0)
    counts[:, 0] = 10_000
    parts = list(backtest(panel_of(counts)))
    last = parts[-1]
    assert np.isfinite(last.expected).all()
    assert last.expected.max() < 20


def test_huge_counts_are_finite():
    counts = np.random.default_rng(1).poisson(1e9, (2, 120)).astype(float)
    found = last_step(panel_of(counts), 2e9)
    assert np.isfinite(found.score).all()
    assert (found.combined < 1e-6).all()


def test_hours_have_their_own_day_and_week():
    random = np.random.default_rng(3)
    hours = np.arange(24 * 7 * 12)
    shape = np.where((hours % 24 > 7) & (hours % 24 < 18), 4.0, 0.4) * np.where(hours // 24 % 7 < 5, 1.0, 0.2)
    counts = random.poisson(shape * np.ones((30, 1))).astype(float)
    baseline = fit(panel_of(counts[:, : -24 * 7], "hourly"))
    found = score(baseline, counts[:, -24 * 7 :])
    assert 0.004 < (found.combined < 0.01).mean() < 0.018
    assert found.expected[:, 12].mean() > 4 * found.expected[:, 2].mean()


def test_a_release_raises_what_is_expected_of_its_first_weeks():
    counts, raised = quiet(80, 730, 6.0), quiet(80, 730, 18.0)
    rows = []
    for place in range(80):
        for when in (100 + place, 400 + place, 720):
            counts[place, when : when + 7] = raised[place, when : when + 7]
            rows.append((f"s{place}", BEGIN + timedelta(days=when), "release"))
    events = pl.DataFrame(rows, schema=["series", "time", "kind"], orient="row")
    history = panel_of(counts[:, :720])
    told, untold = fit(history, events), fit(history)
    knowing = score(told, counts[:, 720:727], events=events)
    unknowing = score(untold, counts[:, 720:727])
    assert (unknowing.combined.min(axis=1) < 0.01).mean() > 0.8
    assert (knowing.combined < 0.01).mean() < 0.03


def test_a_holiday_lowers_what_is_expected_of_all():
    counts = quiet(40, 760, 8.0)
    days = [100, 200, 300, 400, 500, 600, 752]
    counts[:, days] = np.round(counts[:, days] * 0.2)
    events = pl.DataFrame(
        {"series": [None] * 7, "time": [BEGIN + timedelta(days=day) for day in days], "kind": ["holiday"] * 7},
        schema_overrides={"series": pl.String},
    )
    baseline = fit(panel_of(counts[:, :750]), events)
    found = score(baseline, counts[:, 750:757], events=events)
    assert np.abs(np.log(found.expected[:, 2].mean() / counts[:, 752].mean())) < 0.4


@settings(max_examples=40, deadline=None)
@given(
    st.integers(1, 4),
    st.integers(0, 60),
    st.sampled_from(["hourly", "daily", "weekly"]),
    st.lists(st.sampled_from([0, 0, 0, 1, 2, 5, 1000, 10**7]), min_size=1, max_size=80),
    st.integers(0, 60),
)
def test_whatever_came_before_p_is_a_probability_and_the_band_holds_what_is_expected(
    series, steps, frequency, values, start
):
    counts = np.resize(np.array(values, dtype=float), (series, steps + 3))
    starts = np.minimum(np.arange(series) * start, steps)
    baseline = fit(panel_of(counts[:, :steps], frequency, starts=starts))
    found = score(baseline, counts[:, steps:])
    for p in (found.p, found.combined, found.slow):
        assert ((p > 0) & (p <= 1)).all()
    told = ~np.isnan(found.expected)
    assert (found.upper[told] >= found.expected[told]).all()
