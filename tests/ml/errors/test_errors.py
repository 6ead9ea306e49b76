"""Error analysis finds what was planted, and nothing where nothing is."""

from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest

from ml.errors import Answered, table_rows, write
from ml.errors.answered import PROPERTIES
from ml.errors.tables import CHANCE, confidence, confusions, hardest, slices
from ml.targets import CATEGORY, ESCALATION
from warehouse.contracts.errors import CONFUSIONS, HARDEST, SLICES, TABLES
from warehouse.enforcement import check

START = datetime(2026, 5, 1, tzinfo=UTC)
LANGUAGES = ("en", "de", "fr", "es", "it", "pt")


def answers(rows, *, seed, right=0.85, hard=None):
    """Answers right as often as `right`, but for one language much less often."""
    draw = np.random.default_rng(seed)
    language = draw.choice(LANGUAGES, rows)
    chance = np.where(language == hard, right - 0.35, right)
    label = draw.choice(["Login", "Billing"], rows)
    other = np.where(label == "Login", "Billing", "Login")
    values = {name: draw.choice(["a", "b", "c"], rows) for name in PROPERTIES if name != "language"}
    return pl.DataFrame(
        {
            "ticket_id": [f"T-{n:05d}" for n in range(rows)],
            "label": label,
            "predicted": np.where(draw.random(rows) < chance, label, other),
            "confidence": draw.uniform(0.5, 1.0, rows),
            "language": language,
            **values,
        }
    )


def test_a_slice_that_is_answered_worse_is_found():
    found = slices(answers(1_500, seed=1, hard="fr")).filter(pl.col("worse"))
    assert found.select("property", "value").rows() == [("language", "fr")]
    assert found["right"].item() < found["right_elsewhere"].item()


def test_without_a_worse_slice_findings_are_as_rare_as_promised():
    found = [slices(answers(600, seed=seed))["worse"].any() for seed in range(100)]
    # Of 100 tables at most 5 should have a finding; 11 or more happen in one of a hundred such trials.
    assert sum(found) < 11


def test_adjusted_values_are_those_of_benjamini_and_hochberg():
    found = slices(answers(900, seed=3, hard="de")).sort("p_value")
    p_values, count = found["p_value"].to_numpy(), found.height
    stepped = np.minimum.accumulate((p_values * count / np.arange(1, count + 1))[::-1])[::-1]
    assert found["q_value"].to_numpy() == pytest.approx(np.minimum(stepped, 1))
    assert (found["worse"] <= (found["q_value"] <= CHANCE)).all()


def test_a_slice_that_is_small_or_everything_is_not_judged():
    rows = answers(400, seed=4).with_columns(pl.lit("same").alias("region"), pl.lit("usual").alias("channel"))
    few = rows.with_row_index().with_columns(
        pl.when(pl.col("index") < 10).then(pl.lit("rare")).otherwise("channel").alias("channel")
    )
    found = slices(few)
    assert "region" not in set(found["property"])
    assert "rare" not in set(found["value"])


def test_confusions_and_confidence_count_every_ticket_once():
    rows = answers(500, seed=5)
    assert confusions(rows)["tickets"].sum() == 500
    held = confidence(rows)
    assert held["tickets"].sum() == 500
    assert held["tenth"].is_between(5, 9).all()
    right = (held["right"] * held["tickets"]).sum()
    assert right == pytest.approx((rows["label"] == rows["predicted"]).sum())


def test_the_hardest_are_wrong_and_most_confident_first():
    rows = answers(500, seed=6)
    found = hardest(rows)
    wrong = rows.filter(pl.col("label") != pl.col("predicted"))["confidence"]
    assert (found["label"] != found["predicted"]).all()
    assert found["confidence"].to_list() == wrong.sort(descending=True).head(found.height).to_list()


def test_an_open_ticket_is_not_yet_known_to_be_escalated_or_not():
    rows = pl.DataFrame(
        {"escalated": [True, False, False, None], "resolved_at": [START, START, None, START], "category": ["x"] * 4}
    )
    assert rows.select(ESCALATION.labels()).to_series().to_list() == ["yes", "no", None, None]
    assert rows.select(CATEGORY.labels()).to_series().to_list() == ["x"] * 4


def test_page_and_tables_are_the_same_again_and_hold_to_their_contracts(tmp_path):
    one = Answered("category", "0123456789abcdef", START, answers(800, seed=7, hard="it"))
    tables = table_rows([one])
    assert set(tables) == set(TABLES)
    for table, rows in tables.items():
        check(table, rows)
    assert tables[SLICES].filter(pl.col("worse"))["value"].to_list() == ["it"]
    first, second = (write([one], tables, tmp_path / name) for name in ("first", "second"))
    for file in first.parent.iterdir():
        assert file.read_bytes() == (second.parent / file.name).read_bytes()
    page = first.read_text(encoding="utf-8")
    assert "| language | it |" in page
    assert tables[HARDEST]["ticket_id"][0] in page
    assert f"{tables[CONFUSIONS]['tickets'].sum():,} tickets since 2026-05-01" in page


def test_without_any_model_the_page_says_so(tmp_path):
    page = write([], table_rows([]), tmp_path)
    assert "build --learn" in page.read_text(encoding="utf-8")
