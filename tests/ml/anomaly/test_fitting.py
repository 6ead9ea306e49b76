"""What is learned of a series and of its pool: level, season, week, spread."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from benchmarks.outbreaks import draw, frame
from ml.anomaly import null, tabulate
from ml.anomaly.dispersion import anomaly_weights
from ml.anomaly.fitting import fit
from ml.anomaly.panel import panel, recognised


@pytest.mark.parametrize("frequency", ["weekly", "daily"])
def test_the_true_mean_and_dispersion_are_found(frequency):
    drawn = draw(frequency, 84, seed=4)
    counts = panel(frame(drawn))
    baseline = fit(counts.upto(drawn.judged))
    mean, variance = baseline.expected(drawn.judged, drawn.judged + 7)
    apart = np.log(mean / drawn.mean[:, drawn.judged : drawn.judged + 7])
    assert 0.6 < np.sqrt((apart**2 / variance).mean()) < 1.6
    assert np.abs(np.median(np.log(baseline.phi / drawn.phi))) < 0.08


def test_dispersion_of_honest_counts_is_not_lost_with_the_anomalies():
    random = np.random.default_rng(8)
    counts = random.poisson(random.gamma(0.3 / 1.0, 1.0, (400, 600)))
    rows = pl.DataFrame(
        {
            "series": np.repeat([f"{place:03d}" for place in range(400)], 600),
            "time": pl.Series([date(2023, 1, 2) + timedelta(days=day) for day in range(600)] * 400),
            "count": counts.ravel(),
        }
    )
    assert 1.9 < np.median(fit(panel(rows)).phi) < 2.1


def test_counts_that_are_far_too_high_lose_their_weight():
    mean, phi = np.full((1, 9), 5.0), np.array([1.2])
    weights = anomaly_weights(np.array([[0.0, 6, 4, 3, 13, 4, 3, 60, 3]]), mean, phi)[0]
    assert (weights[:4] == 1).all()
    assert 1 > weights[4] > weights[7]
    assert weights[7] < 0.1


def test_counts_that_are_too_high_together_lose_their_weight():
    mean, phi = np.full((1, 7), 5.0), np.array([1.2])
    weights = anomaly_weights(np.array([[5.0, 4, 10, 11, 10, 4, 5]]), mean, phi)[0]
    assert (weights[2:5] < 0.7).all()
    assert (weights[[0, 1, 5, 6]] == 1).all()


def test_a_cell_of_the_table_is_what_its_simulation_says():
    random = np.random.default_rng(11)
    place = (14, 2, 1)
    mean, phi = np.exp(tabulate.LOG_MEANS[place[0]]), np.exp(tabulate.LOG_PHIS[place[1]])
    odds, _ = tabulate.cell(float(mean), float(phi), float(tabulate.ERRORS[place[2]]), random)
    stored = null.curves(np.array([mean]), np.array([phi]), tabulate.ERRORS[[place[2]]])[0]
    common = odds > 0.004
    assert np.abs(stored[common] - np.log(odds[common])).max() < 0.35


def test_clock_changes_leave_every_day_with_24_hours():
    zone = pl.Series([datetime(2024, 3, 30, 12, tzinfo=UTC) + timedelta(hours=hour) for hour in range(72)])
    rows = pl.DataFrame({"series": "a", "time": zone.dt.convert_time_zone("Europe/Berlin"), "count": 1})
    found = panel(rows)
    assert found.frequency == "hourly"
    assert found.counts.tolist() == [[1.0] * 72]


def test_missing_hours_are_zeros_and_rows_of_one_hour_are_added_up():
    times = [datetime(2024, 1, 1, hour, tzinfo=UTC) for hour in (3, 0, 3, 7)]
    found = panel(pl.DataFrame({"series": ["a", "a", "a", "b"], "time": times, "count": [2, 1, 3, 4]}))
    assert found.counts.tolist() == [[1, 0, 0, 5, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 0, 4]]
    assert found.starts.tolist() == [0, 7]


@pytest.mark.parametrize(
    ("apart", "frequency"),
    [(timedelta(weeks=1), "weekly"), (timedelta(days=1), "daily"), (timedelta(hours=1), "hourly")],
)
def test_the_frequency_is_recognised_with_gaps(apart, frequency):
    times = pl.Series([datetime(2024, 1, 1, tzinfo=UTC) + apart * step for step in (0, 1, 2, 5, 9)])
    assert recognised(times) == frequency
    assert recognised(times[:1]) == "daily"


def test_a_panel_may_begin_earlier_and_end_later_than_its_rows():
    rows = pl.DataFrame({"series": ["a"], "time": [datetime(2024, 1, 3, tzinfo=UTC)], "count": [2]})
    found = panel(rows, begin=datetime(2024, 1, 1, tzinfo=UTC), until=datetime(2024, 1, 5, tzinfo=UTC))
    assert found.counts.tolist() == [[0, 0, 2, 0, 0]]
    assert found.begin == datetime(2024, 1, 1, tzinfo=UTC)
    assert found.starts.tolist() == [0]


def test_a_level_that_doubled_for_good_is_normal_after_six_weeks():
    random = np.random.default_rng(12)
    mean = np.full((40, 507), 10.0)
    mean[:4, 457:] *= 2
    days = [date(2023, 1, 2) + timedelta(days=day) for day in range(507)]
    rows = pl.DataFrame(
        {
            "series": np.repeat([f"{place:02d}" for place in range(40)], 507),
            "time": pl.Series(days * 40),
            "count": random.poisson(mean).ravel(),
        }
    )
    expected = fit(panel(rows).upto(500)).expected(500, 507)[0].mean(axis=1)
    assert (expected[:4] > 17).all()
    assert (expected[4:] < 12).all()
