"""Moods of areas: a shift is found, one loud customer is none, and without a shift alarms are as rare as they say."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import mannwhitneyu

from ml.anomaly import mood, shift
from ml.anomaly.holm import adjusted
from ml.anomaly.signals import signals
from warehouse.contracts.anomalies import MOOD, SIGNALS
from warehouse.contracts.predictions import TICKETS as PREDICTIONS
from warehouse.contracts.silver import TICKETS

LAST = date(2026, 3, 31)
NOBODY = pl.DataFrame(schema={name: PREDICTIONS.schema[name] for name in ("ticket_id", "model", "label", "created_at")})
LABELS = ["angry", "frustrated", "confused", "neutral", "satisfied", "grateful"]


def made(a_day=12, days=70, worse_for=0, seed=1, **fixed):
    """Tickets of one product up to `LAST`; in the last `worse_for` days moods are two steps worse."""
    rng = np.random.default_rng(seed)
    count = a_day * days
    ago = np.repeat(np.arange(days), a_day)
    customer = rng.integers(0, 400, count)
    level = rng.integers(0, 6, count) - 2 * (ago < worse_for)
    opened = datetime(LAST.year, LAST.month, LAST.day, tzinfo=UTC)
    rows = pl.DataFrame(
        {
            "ticket_id": [f"T-{number:05d}" for number in range(count)],
            "created_at": [
                opened - timedelta(days=int(day)) + timedelta(minutes=int(at))
                for day, at in zip(ago, rng.integers(0, 1440, count), strict=True)
            ],
            "customer_id": [f"C-{one}" for one in customer],
            "customer_tier": rng.choice(["free", "enterprise"], 400)[customer],
            "product": ["Ledger"] * count,
            "product_module": rng.choice(["api", "ui"], count),
            "customer_sentiment": [LABELS[one] for one in level.clip(0, 5)],
        }
    ).with_columns(**{name: pl.lit(value) for name, value in fixed.items()})
    return rows.cast({name: TICKETS.schema[name] for name in mood.READ})


def product(rows):
    return rows.filter(dimension="product").row(0, named=True)


def test_a_worse_week_is_an_alarm_with_its_interval_and_a_signal():
    tickets = made(worse_for=7)
    found = mood.mood(tickets, NOBODY, [LAST])

    of = product(found)
    assert of["alarm"]
    assert 0.3 < of["low"] < of["shift"] < of["high"] < 1
    assert of["p"] < 1e-6
    assert found.schema == pl.Schema(MOOD.schema)
    told = mood.told(found, tickets)
    assert told.schema == pl.Schema(SIGNALS.schema)
    signal = told.filter(dimension="product").row(0, named=True)
    assert signal["entities"] == ["Product:Ledger"]
    assert signal["known_at"] == tickets["created_at"].max()
    assert signal["window_end"] - signal["window_start"] == timedelta(days=7)
    shown = tickets.filter(pl.col("ticket_id").is_in(signal["ticket_ids"]))
    assert set(shown["customer_sentiment"]) <= set(LABELS[:3])
    assert (shown["created_at"] >= signal["window_start"]).all()
    assert mood.told(found, tickets.reverse()).equals(told)


def test_a_better_week_is_told_of_in_the_table_alone():
    worse_before = made(worse_for=70).filter(pl.col("created_at").dt.date() <= LAST - timedelta(days=7))
    of = product(mood.mood(pl.concat([worse_before, made(a_day=13, days=7, seed=2)]), NOBODY, [LAST]))

    assert of["shift"] < -0.3
    assert not of["alarm"]


def test_one_loud_customer_is_one_customer():
    tickets = made()
    loud = made(a_day=30, days=7, seed=2, customer_id="C-1", customer_sentiment="angry")
    loud = loud.with_columns(ticket_id=pl.lit("L-") + pl.col("ticket_id"))
    both = pl.concat([tickets, loud])
    quiet, of = (product(mood.mood(one, NOBODY, [LAST])) for one in (tickets, both))

    assert (quiet["tickets"], of["tickets"]) == (7 * 12, 7 * 42)
    assert of["customers"] <= quiet["customers"] + 1
    assert abs(of["shift"] - quiet["shift"]) < 0.02
    assert not of["alarm"]
    level, now = (
        both.select(mood.level("customer_sentiment")).to_series(),
        both["created_at"].dt.date() > LAST - timedelta(days=7),
    )
    assert mannwhitneyu(level.filter(now), level.filter(~now)).pvalue < 1e-6


def test_other_customers_are_no_other_mood():
    """The free are always angry and the enterprises calm: that the free write more this week is no shift."""
    tickets = made()
    spoken = pl.when(pl.col("customer_tier") == "free").then(pl.lit("angry")).otherwise(pl.lit("neutral"))
    more = made(a_day=20, days=7, seed=2, customer_tier="free").with_columns(
        ticket_id=pl.lit("M-") + pl.col("ticket_id"), customer_id=pl.lit("M-") + pl.col("customer_id")
    )
    of = product(mood.mood(pl.concat([tickets, more]).with_columns(customer_sentiment=spoken), NOBODY, [LAST]))

    assert (of["shift"], of["p"], of["alarm"]) == (0.0, 1.0, False)


@pytest.mark.parametrize("size", [9, 25, 80])
def test_without_a_shift_small_probabilities_are_as_rare_as_they_say(size):
    """Customers have moods of their own and write often; 1,500 weeks are drawn."""
    rng = np.random.default_rng(size)
    found = []
    for number in range(1_500):
        own, tier = rng.normal(0, 0.7, 4 * size), rng.integers(0, 3, 4 * size)
        often = rng.gamma(0.5, 2, 4 * size)
        often *= size / (1 - np.exp(-often)).sum()
        times = rng.poisson(often, (shift.WEEKS + 1, 4 * size))
        week, customer = (np.repeat(of.ravel(), times.ravel()) for of in np.indices(times.shape))
        felt = own[customer] + rng.normal(0, 1, len(customer))
        level = np.digitize(felt, [-1.3, -0.5, 0, 0.7, 1.4]).astype(np.int64)
        one = shift.compare(level, week, customer, tier[customer], str(number))
        if one is not None:
            found.append(one)
    p, covered = np.array([one.p for one in found]), np.mean([one.low <= 0 <= one.high for one in found])

    # Three standard errors of 1,500 draws.
    assert 0.03 < (p <= 0.05).mean() < 0.067
    assert 0.003 < (p <= 0.01).mean() < 0.018
    assert 0.93 < covered < 0.97


def test_what_was_predicted_stands_in_for_what_nobody_recorded():
    tickets = made(worse_for=7)
    predicted = tickets.select("ticket_id", "created_at", model=pl.lit("m"), label="customer_sentiment")
    silent = tickets.with_columns(customer_sentiment=pl.lit(None, pl.String))

    assert mood.mood(silent, NOBODY, [LAST]).is_empty()
    assert mood.mood(silent, predicted, [LAST]).equals(mood.mood(tickets, NOBODY, [LAST]))


def test_a_model_that_sees_things_more_darkly_is_no_shift():
    tickets = made()
    recent = pl.col("created_at").dt.date() > LAST - timedelta(days=4)
    predicted = tickets.filter(recent).select("ticket_id", "created_at", model=pl.lit("m"), label=pl.lit("angry"))
    silent = pl.when(~recent).then("customer_sentiment")
    of = product(mood.mood(tickets.with_columns(customer_sentiment=silent), predicted, [LAST]))

    assert not of["alarm"]


def test_of_two_models_the_one_that_was_trained_last_is_heard():
    answers = pl.DataFrame(
        {
            "ticket_id": ["T-1", "T-2", "T-2"],
            "model": ["old", "old", "new"],
            "label": ["angry", "angry", "neutral"],
            "created_at": [datetime(2026, 1, day, tzinfo=UTC) for day in (1, 5, 5)],
        }
    )

    assert dict(mood.current(answers).select("ticket_id", "label").iter_rows()) == {"T-1": "angry", "T-2": "neutral"}


def test_nothing_one_ticket_and_only_nulls_have_no_rows():
    for tickets in (made().clear(), made().head(1), made(customer_sentiment=None), made(product=None), made(days=7)):
        found = mood.mood(tickets, NOBODY, [LAST])
        assert found.is_empty()
        assert found.schema == pl.Schema(MOOD.schema)
        assert mood.told(found, tickets).equals(signals(pl.DataFrame(schema=SIGNALS.schema)))


def test_a_mood_that_never_varies_is_no_shift():
    of = product(mood.mood(made(customer_sentiment="angry"), NOBODY, [LAST]))

    assert (of["shift"], of["p"], of["alarm"]) == (0.0, 1.0, False)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 5), st.integers(0, 8), st.integers(0, 30), st.integers(0, 2)), min_size=0, max_size=200
    )
)
def test_whatever_is_compared_the_effect_lies_in_its_interval(tickets):
    level, week, customer, stratum = np.array(tickets, dtype=np.int64).reshape(-1, 4).T
    found = shift.compare(level, week, customer, stratum, "any")

    if found is not None:
        assert -1 <= found.low <= found.value + 1e-9
        assert found.value <= found.high + 1e-9
        assert found.high <= 1
        assert 0 < found.p <= 1


def test_holm_corrects_within_each_group_for_all_that_was_looked_at():
    rows = pl.DataFrame({"day": [1, 1, 1, 2], "p": [0.04, 0.01, 0.03, 0.02], "among": [4, 4, 4, 1]})

    assert adjusted(rows, "p", ["day"]).round(6).to_list() == [0.06, 0.03, 0.06, 0.02]
    assert adjusted(rows, "p", ["day"], pl.col("among")).round(6).to_list() == [0.09, 0.04, 0.09, 0.02]
