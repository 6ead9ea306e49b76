"""Windows of days beside what models were made from: inputs, vectors, predictions and quality."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from ml.anomaly.drift import parts, picture
from ml.anomaly.drift.history import WINDOW, Asked
from ml.anomaly.drift.parts import Learned
from ml.anomaly.drift.retraining import asks_for_retraining
from ml.targets import TARGETS
from warehouse.contracts import predictions
from warehouse.contracts.anomalies import DRIFT

FIRST = date(2026, 1, 5)
LEARNED = Learned(FIRST, FIRST + timedelta(84), FIRST + timedelta(119), FIRST + timedelta(147))
DAYS = 182
NEWEST = FIRST + timedelta(DAYS - 1)
RATE = 30
MOVED = FIRST + timedelta(161)
"""From this day on what a test plants is there; the windows that end from `NEWEST - 7` on hold nothing else."""


@pytest.fixture(scope="module")
def created():
    rng = np.random.default_rng(4)
    day = np.repeat(np.arange(DAYS), RATE)
    start = datetime(2026, 1, 5, tzinfo=UTC)
    return pl.Series(
        [
            start + timedelta(days=int(d), minutes=int(m))
            for d, m in zip(day, rng.integers(0, 1440, len(day)), strict=True)
        ]
    )


@pytest.fixture
def later(created):
    return (created.dt.date() >= MOVED).to_numpy()


def told(created, label, confidence):
    rows = pl.DataFrame({"created_at": created, "label": label, "confidence": confidence})
    fixed = {"target": "category", "model": "m", "family": "logistic", "part": "test"}
    rows = rows.with_columns(
        ticket_id=pl.format("T-{}", pl.int_range(pl.len())),
        **{name: pl.lit(value) for name, value in fixed.items()},
        **{name: pl.lit(None, pl.Float64) for name in ("hours_p10", "hours_p50", "hours_p90")},
    )
    return rows.filter(pl.col("created_at").dt.date() >= LEARNED.validation_from).select(
        predictions.TICKETS.schema.names()
    )


def recorded(rows, label):
    columns = dict.fromkeys((target.column for target in TARGETS), pl.lit(None, pl.String))
    resolved = pl.col("created_at") + pl.duration(hours=5)
    made = rows.select("ticket_id", resolved_at=resolved, resolution_time_hours=pl.lit(5.0), **columns)
    return made.with_columns(category=label, escalated=pl.lit(False)).select(parts.READ)


def names(rows, day=NEWEST):
    return set(rows.filter("drifted", pl.col("day") == day)["name"])


def test_a_feature_that_moves_is_found_in_its_windows_and_not_before(created, later):
    rng = np.random.default_rng(1)
    features = pl.DataFrame({
        "created_at": created,
        "words": (rng.gamma(2, 40, len(created)) * np.where(later, 1.5, 1)).astype(np.float32),
        "lines": rng.poisson(5, len(created)).astype(np.float32),
        "hour": created.dt.hour().cast(pl.Float32),
        "product": rng.choice(["Export", "Import", "Reports"], len(created)),
    })  # fmt: skip
    rows = parts.inputs(features, LEARNED, Asked(NEWEST))

    assert rows.schema == DRIFT.schema
    assert rows["day"].min() == LEARNED.validation_from + timedelta(WINDOW - 1)
    assert set(rows["rows"]) == {RATE * WINDOW}
    assert names(rows) == {"words"}
    assert rows.filter("drifted", pl.col("day") < MOVED).is_empty()
    moved = rows.filter(name="words", day=NEWEST).row(0, named=True)
    assert moved["value"] > moved["threshold"]
    assert moved["p"] <= 0.01


def test_a_new_topic_moves_the_vectors(created, later):
    rng = np.random.default_rng(2)
    topics = rng.normal(0, 1, (6, 64))
    topic = np.where(later & (rng.random(len(created)) < 0.2), 5, rng.integers(0, 5, len(created)))
    vectors = topics[topic] + rng.normal(0, 0.5, (len(created), 64))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    rows = parts.embeddings(created, vectors.astype(np.float32), LEARNED, Asked(NEWEST))

    assert names(rows) == {"mean"}
    assert rows.filter("drifted", pl.col("day") < MOVED).is_empty()


def test_answers_that_become_less_sure_and_others_are_found(created, later):
    rng = np.random.default_rng(3)
    label = np.where(
        later & (rng.random(len(created)) < 0.3), "bug", rng.choice(["bug", "billing", "how to"], len(created))
    )
    rows = told(created, label, rng.beta(8, 2, len(created)) * np.where(later, 0.8, 1))
    found = parts.predictions(rows, {"category": LEARNED}, Asked(NEWEST))

    assert names(found) == {"label", "confidence"}
    assert set(found["model"]) == {"category"}
    assert found.filter("drifted", pl.col("day") < MOVED).is_empty()


def test_quality_is_of_tickets_whose_labels_have_arrived_and_tells_a_fall_from_a_rise(created, later):
    rng = np.random.default_rng(5)
    truth = rng.choice(["bug", "billing"], len(created))

    def found(usual, late):
        right = rng.random(len(created)) < np.where(later, late, usual)
        label = np.where(right, truth, np.where(truth == "bug", "billing", "bug"))
        rows = told(created, label, rng.random(len(created)))
        tickets = recorded(rows, pl.Series(truth[len(created) - rows.height :]))
        return parts.quality(rows, tickets, {"category": LEARNED}, Asked(NEWEST))

    assert names(found(0.85, 0.7)) == {"accuracy", "macro F1"}
    assert names(found(0.7, 0.9)) == set()


def test_tickets_that_are_not_resolved_say_nothing_of_quality(created):
    rows = told(created, np.full(len(created), "bug"), np.ones(len(created)))
    tickets = recorded(rows, pl.lit("billing")).with_columns(resolved_at=pl.lit(None, pl.Datetime("us", "UTC")))

    assert parts.quality(rows, tickets, {"category": LEARNED}, Asked(NEWEST)).is_empty()


def test_only_windows_that_hold_a_changed_day_are_compared(created):
    features = pl.DataFrame({"created_at": created, "words": np.random.default_rng(1).random(len(created))})
    every = parts.inputs(features, LEARNED, Asked(NEWEST))
    newest = parts.inputs(features, LEARNED, Asked(NEWEST, {NEWEST}))
    early = parts.inputs(features, LEARNED, Asked(NEWEST, {MOVED}))

    assert newest.equals(every.filter(pl.col("day") == NEWEST))
    assert early["day"].to_list() == [MOVED + timedelta(n) for n in range(WINDOW)]
    assert parts.inputs(features, LEARNED, Asked(NEWEST, {FIRST})).is_empty()


def test_predictions_after_all_that_a_model_was_made_from_are_compared_with_all_it_was_judged_on():
    chosen, whole = LEARNED.foreseen(Asked(NEWEST))

    assert (chosen[0].first, chosen[0].days) == (LEARNED.validation_from, 35)
    assert (whole[0].first, whole[0].days) == (LEARNED.validation_from, 64)
    assert chosen[1][0] == LEARNED.test_from + timedelta(WINDOW - 1)
    assert chosen[1][-1] + timedelta(1) == whole[1][0] == LEARNED.last + timedelta(WINDOW)
    assert whole[1][-1] == NEWEST


def test_too_few_tickets_or_days_are_not_judged(created):
    features = pl.DataFrame({"created_at": created, "words": np.random.default_rng(1).random(len(created))})
    few = features.gather_every(6)
    short = Learned(FIRST, FIRST + timedelta(10), FIRST + timedelta(20), FIRST + timedelta(30))

    assert parts.inputs(few, LEARNED, Asked(NEWEST)).is_empty()
    assert parts.inputs(features, short, Asked(NEWEST)).is_empty()


def row(part, model, day, *, drifted):
    said = {"model": model, "part": part, "name": "accuracy", "day": day, "rows": 400, "method": "fall"}
    return {
        **said,
        "value": 0.1 if drifted else 0.01,
        "threshold": 0.05,
        "p": 0.001 if drifted else 0.5,
        "drifted": drifted,
    }


def test_retraining_is_asked_for_by_worse_answers_or_by_other_answers_to_other_tickets():
    def asked(*rows, after=MOVED):
        return asks_for_retraining(pl.DataFrame(rows, schema=DRIFT.schema), after)

    worse = row("quality", "category", NEWEST, drifted=True)
    others = row("prediction", "category", NEWEST, drifted=True)
    inputs = row("input", "*", NEWEST, drifted=True)
    better = row("quality", "category", NEWEST + timedelta(1), drifted=False)

    assert asked() is None
    assert "category" in asked(worse)
    assert "0.1" in asked(worse)
    assert asked(worse, after=NEWEST) is None
    assert asked(worse, better) is None
    assert asked(inputs) is None
    assert asked(others) is None
    assert "category" in asked(others, inputs)


def test_the_picture_is_the_same_each_time(created):
    features = pl.DataFrame({"created_at": created, "words": np.random.default_rng(1).random(len(created))})
    rows = parts.inputs(features, LEARNED, Asked(NEWEST))
    first, again = (picture.png(picture.figure(rows)) for _ in range(2))

    assert first == again
    assert first.startswith(b"\x89PNG")
    assert picture.png(picture.figure(rows.clear())).startswith(b"\x89PNG")
