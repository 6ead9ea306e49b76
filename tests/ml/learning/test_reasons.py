"""What asks for training says so in words."""

from datetime import UTC, date, datetime

import polars as pl

from ml.learning.reasons import Standing, told, why, why_drift, why_time
from warehouse.contracts.anomalies import DRIFT

KNOWN = Standing(
    target="category",
    labelled=1_000,
    labelled_then=1_000,
    corrections=3,
    corrections_then=3,
    labels={"access": 600, "billing": 400},
    classes=["access", "billing"],
)


def asked(**changed):
    import msgspec

    return why(msgspec.structs.replace(KNOWN, **changed), growth=0.1, corrections=40)


def test_nothing_new_asks_for_nothing():
    assert asked() == []
    assert asked(corrections=42, labelled=1_100) == []
    assert asked(labels={"access": 600, "webhooks": 19}) == []


def test_corrections_growth_and_a_label_that_nobody_knows_each_say_so():
    found = asked(corrections=43, labelled=1_101, labels={"access": 600, "webhooks": 20})

    assert [one.kind for one in found] == ["growth", "corrections", "new label"]
    assert told(found) == (
        "category: 101 tickets more than the 1000 of then; "
        "category: 40 corrections since it was trained, 40 are enough; "
        "category: no model knows 'webhooks', of which there are 20 tickets"
    )


def test_a_model_that_does_not_say_what_it_knows_misses_no_label():
    assert asked(classes=[], labels={"webhooks": 500}) == []


def test_time_asks_when_the_days_are_over():
    trained, now = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 31, tzinfo=UTC)

    assert why_time(trained, now, days=31) == []
    assert told(why_time(trained, now, days=30)) == "trained 30 days ago, 30 are enough"


def test_drift_asks_only_by_days_that_the_models_have_not_seen():
    row = {
        "model": "category", "part": "quality", "name": "accuracy", "day": date(2026, 3, 2), "rows": 90,
        "method": "fall", "value": 0.2, "threshold": 0.1, "p": 0.001, "drifted": True,
    }  # fmt: skip
    rows = pl.DataFrame([row], schema=DRIFT.schema)

    assert why_drift(rows, date(2026, 3, 2)) == []
    assert "accuracy of category" in told(why_drift(rows, date(2026, 3, 1)))
