"""Predictions against the truth: only what was not chosen on counts; the ceiling is who reads the same words."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from ml.evaluate.predictions import measure
from warehouse.contracts.predictions import TICKETS
from warehouse.errors import SourceUnreadable

NOW = datetime(2026, 6, 1, tzinfo=UTC)
CLEAN = ["A", "A", "B", "B", "B", "A"]
CHANCES = [[0.9, 0.1], [0.8, 0.2], [0.2, 0.8], [0.3, 0.7], [0.6, 0.4], [0.1, 0.9]]
SAID = ["A", "B", "B", "B", "B", "A"]
PARTS = ["test", "test", "test", "later", "test", "validation"]
IDS = [f"T-{place}" for place in range(6)]


@pytest.fixture
def truth(tmp_path):
    rows = {
        "ticket_id": IDS,
        "language": ["en", "en", "en", "ja", "ja", "en"],
        "category": CLEAN,
        "p_category": CHANCES,
    }
    pl.DataFrame(rows).write_parquet(tmp_path / "tickets.parquet")
    labels = {"target": ["category"] * 2, "position": [0, 1], "label": ["A", "B"]}
    pl.DataFrame(labels).write_parquet(tmp_path / "labels.parquet")
    return tmp_path


@pytest.fixture
def tickets():
    return pl.DataFrame(
        {
            "ticket_id": IDS,
            "created_at": [NOW] * 6,
            "resolved_at": [NOW + timedelta(hours=hours) for hours in (1, 2, 3, 4, 5, 6)],
            "category": ["A", "B", "B", "B", "B", "A"],
            "subcategory": [None] * 6,
            "priority": [None] * 6,
            "severity": [None] * 6,
            "customer_sentiment": [None] * 6,
            "escalated": [True, False, False, True, False, False],
        },
        schema_overrides=dict.fromkeys(("subcategory", "priority", "severity", "customer_sentiment"), pl.String),
    )


def predictions(target, labels, **more):
    rows = {"ticket_id": IDS, "part": PARTS, "label": labels, "confidence": [0.9] * 6} | more
    frame = pl.DataFrame(rows, schema_overrides={"label": pl.String}).with_columns(target=pl.lit(target))
    missing = [pl.lit(None, dtype).alias(name) for name, dtype in TICKETS.schema.items() if name not in frame.columns]
    return frame.with_columns(missing).drop("created_at").select(sorted(set(TICKETS.schema) - {"created_at"}))


def test_only_tickets_that_were_not_chosen_on_count_and_the_best_reader_is_the_ceiling(truth, tickets):
    found = measure(predictions("category", SAID), tickets, truth)["category"]
    assert found["rows"] == 5
    right = {"en": (2 / 3, 1.0), "ja": (1.0, 0.5)}
    assert {name: (one["accuracy"], one["ceiling"]) for name, one in found["languages"].items()} == right
    assert found["weighted_f1_on_recorded_labels"]["value"] == 1.0
    assert found["calibration_error"] == pytest.approx(0.1)
    assert found["share_of_ceiling"] == pytest.approx(found["weighted_f1"]["value"] / found["ceiling"]["value"])


def test_escalation_is_ranked_beside_its_base_rate(truth, tickets):
    given = predictions("escalation", ["yes", "no", "no", "yes", "no", "no"])
    found = measure(given, tickets, truth)["escalation"]
    assert found == {"rows": 5, "base_rate": 0.4, "average_precision": 1.0}


def test_hours_are_inside_their_interval_or_not(truth, tickets):
    given = predictions("resolution_time", [None] * 6, hours_p10=[0.5] * 6, hours_p50=[2.0] * 6, hours_p90=[3.5] * 6)
    found = measure(given, tickets, truth)["resolution_time"]
    assert found == {"rows": 5, "coverage_of_80_percent_interval": 0.6}


def test_a_folder_without_truth_is_named(tmp_path, tickets):
    with pytest.raises(SourceUnreadable, match=r"tickets\.parquet"):
        measure(predictions("category", SAID), tickets, tmp_path)
