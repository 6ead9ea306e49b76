"""What a judge of answers is worth."""

import numpy as np
import polars as pl
import pytest

from ml.evaluate.answers import by_truth, measured
from warehouse.errors import NotMaterialized


def judged(rows=600, seed=0, *, off=0.0):
    rng = np.random.default_rng(seed)
    chance = rng.random(rows)
    return pl.DataFrame(
        {
            "probability": np.clip(chance + off, 0, 1),
            "resolved": (rng.random(rows) < chance).astype(float),
            "to_person": chance < 0.4,
            "thin": False,
            "language": ["en", "ja"] * (rows // 2),
        }
    )


def test_who_knows_the_chances_is_calibrated_and_who_is_sure_of_more_is_not():
    true, sure = measured(judged(), seed=1), measured(judged(off=0.3), seed=1)

    assert true["ece"]["value"] < 0.08 < sure["ece"]["low"]
    assert 0.75 < true["auroc"]["low"] < true["auroc"]["value"] < true["auroc"]["high"] < 0.92
    assert true["to_person"] == pytest.approx(0.4, abs=0.05)
    assert true["resolved_answered"] > true["resolved"] + 0.1


def test_kinds_are_told_apart_and_few_of_a_kind_are_left_out():
    rows = judged().with_columns(language=pl.when(pl.int_range(pl.len()) < 5).then(pl.lit("pt")).otherwise("language"))
    found = measured(rows, seed=1, by=["language"])

    assert set(found["by_language"]) == {"en", "ja"}
    assert sum(one["answers"] for one in found["by_language"].values()) == 595


def test_what_is_always_the_same_has_no_curve():
    found = measured(judged().with_columns(resolved=pl.lit(1.0)), seed=1)

    assert (found["auroc"], found["ece"], found["resolved"]) == (None, None, 1.0)


def test_chances_are_those_of_the_truth(tmp_path):
    answers = pl.DataFrame({"ticket_id": ["a", "b", "c", "d", "e"], "solution_id": ["S1", "S1", None, "S9", "S1"]})
    with pytest.raises(NotMaterialized):
        by_truth(answers, answers, tmp_path)
    tickets = {"ticket_id": ["a", "b", "c", "d", "x"], "cause": ["k1", "k2", "k1", "k1", "k1"],
               "solved_by": [None, None, None, None, "mend"]}  # fmt: skip
    pl.DataFrame(tickets).write_parquet(tmp_path / "tickets.parquet")
    rates = {"cause": ["k1", "k2"], "solution": ["mend", "other"], "success": [0.75, 0.5]}
    pl.DataFrame(rates).write_parquet(tmp_path / "solutions.parquet")
    attempts = pl.DataFrame({"ticket_id": ["x"], "solution_id": ["S1"], "succeeded": [True]})

    assert by_truth(answers, attempts, tmp_path)["resolved"].to_list() == [0.75, 0.0, 0.0, None, None]
