"""Tails that are exact, whatever the mean."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from ml.anomaly.counts import log_ratio, middle, quantile, tails

MEANS = st.floats(1e-4, 1e6)
PHIS = st.floats(1.0, 40.0)


@pytest.mark.parametrize("count", [0, 1, 3, 40])
@pytest.mark.parametrize("mean", [0.02, 0.7, 25.0])
@pytest.mark.parametrize("phi", [1.0, 1.3, 5.0])
def test_tails_are_those_of_the_poisson_and_the_negative_binomial(count, mean, phi):
    known = stats.poisson(mean) if phi == 1 else stats.nbinom(mean / (phi - 1), 1 / phi)
    at_least, more = tails(np.array(float(count)), np.array(mean), np.array(phi))
    assert at_least == pytest.approx(known.sf(count - 1), rel=1e-8)
    assert more == pytest.approx(known.sf(count), rel=1e-8)


@given(MEANS, PHIS, st.floats(1e-6, 0.4))
def test_no_more_than_alpha_lies_beyond_the_upper_band_which_holds_the_mean(mean, phi, alpha):
    upper = quantile(alpha, np.array(mean), np.array(phi))
    assert upper >= mean
    assert tails(upper, np.array(mean), np.array(phi))[1] <= alpha
    if upper > np.ceil(mean):
        assert tails(upper - 1, np.array(mean), np.array(phi))[1] > alpha


@given(MEANS, PHIS, st.floats(0, 1e7).map(np.floor))
def test_the_middle_is_a_probability(mean, phi, count):
    assert 0 < middle(np.array(count), np.array(mean), np.array(phi)) <= 1


def test_sums_of_such_counts_are_such_counts():
    random = np.random.default_rng(2)
    means = np.array([0.4, 3.0, 1.1])
    sums = random.poisson(random.gamma(means / 0.8, 0.8, (100_000, 3))).sum(axis=1)
    assert tails(np.array(9.0), means.sum(), np.array(1.8))[0] == pytest.approx((sums >= 9).mean(), rel=0.05)


def test_a_raised_mean_is_likelier_for_high_counts_only():
    counts = np.array([0.0, 3.0, 12.0])
    ratio = log_ratio(counts, np.array(3.0), np.array(3.0), np.array(1.5))
    assert ratio[0] < 0 < ratio[2]
    direct = stats.nbinom(24.0, 1 / 1.25).logpmf(12) - stats.nbinom(6.0, 1 / 1.5).logpmf(12)
    assert ratio[2] == pytest.approx(direct)


@pytest.mark.parametrize("phi", [1.0, 1.3, 4.0])
def test_a_likelihood_ratio_is_1_on_average_where_nothing_happens(phi):
    counts, mean = np.arange(400.0), np.full(400, 5.0)
    known = stats.poisson(5.0) if phi == 1 else stats.nbinom(5.0 / (phi - 1), 1 / phi)
    ratio = np.exp(log_ratio(counts, mean, np.full(400, 4.0), np.full(400, phi)))
    assert (known.pmf(counts) * ratio).sum() == pytest.approx(1, rel=1e-6)
