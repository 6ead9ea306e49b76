"""Two tables beside each other: what was moved is found, what was not is left alone, and nothing odd breaks it."""

import re
from datetime import UTC, datetime, timedelta
from math import isfinite

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.anomaly.drift import report
from ml.anomaly.drift.compare import compare
from ml.anomaly.drift.samples import DaySamples, days_alike


def table(rows, seed, **more):
    rng = np.random.default_rng(seed)
    own = {
        "amount": rng.normal(0, 1, rows),
        "value": rng.lognormal(0, 1.5, rows),
        "count": rng.poisson(4, rows),
        "kind": rng.choice(["a", "b", "c", "d"], rows, p=[0.5, 0.3, 0.15, 0.05]),
        "flag": rng.random(rows) < 0.3,
    }
    return pl.DataFrame({**own, **more})


def drifted(found):
    return {pair.name for pair, judged in zip(found.compared, found.found, strict=True) if judged.drifted}


def by_name(found):
    return {pair.name: judged for pair, judged in zip(found.compared, found.found, strict=True)}


def test_each_planted_drift_is_found_and_the_other_columns_are_left_alone():
    reference, current = table(3_000, 1), table(400, 2)
    moved = {
        "amount": current.with_columns(pl.col("amount") + 0.4),
        "value": current.with_columns(pl.col("value") * 2),
        "count": current.with_columns(count=pl.when(pl.int_range(pl.len()) % 4 == 0).then(12).otherwise("count")),
        "kind": current.with_columns(kind=pl.when(pl.int_range(pl.len()) % 9 == 0).then(pl.lit("z")).otherwise("kind")),
        "flag": current.with_columns(pl.col("flag") | (pl.int_range(pl.len()) % 4 == 0)),
    }  # fmt: skip

    assert drifted(compare(reference, current)) == set()
    for name, rows in moved.items():
        assert drifted(compare(reference, rows)) == {name}


def test_where_nothing_changed_columns_exceed_at_the_nominal_rate():
    found = [compare(table(300, 2 * n), table(80, 2 * n + 1), seed=n) for n in range(40)]
    alone = [judged.alone for one in found for judged in one.found]

    assert 0.02 <= np.mean(np.array(alone) <= 0.05) <= 0.08
    assert sum(bool(drifted(one)) for one in found) <= 2


def test_days_that_differ_are_no_drift_where_days_are_resampled():
    def weeks(first, days, seed):
        rng = np.random.default_rng(seed)
        day = np.repeat(np.arange(first, first + days), rng.poisson(40, days))
        busy = np.where(day % 7 >= 5, 3.0, 0.0) + np.random.default_rng(99).normal(0, 1, 200)[day]
        at = [datetime(2026, 1, 5, tzinfo=UTC) + timedelta(days=int(one)) for one in day]
        return pl.DataFrame({"at": at, "busy": busy + rng.normal(0, 1, len(day))})

    by_days = by_rows = 0
    for seed in range(10):
        reference, current = weeks(0, 112, seed), weeks(112, 7, 50 + seed)
        by_days += bool(drifted(compare(reference, current, time="at", seed=seed)))
        by_rows += bool(drifted(compare(reference.drop("at"), current.drop("at"), seed=seed)))

    assert by_days == 0
    assert by_rows >= 5


def test_samples_are_blocks_of_whole_weeks_as_long_as_what_they_stand_for():
    samples = DaySamples.drawn(np.arange(70), 70, 14, seed=3, draws=200)

    assert samples.reference.sum(axis=1).tolist() == [70] * 200
    assert samples.current.sum(axis=1).tolist() == [14] * 200
    weekdays = samples.current.reshape(200, 10, 7).sum(axis=1)
    assert (weekdays == 2).all()


def test_fewer_tickets_are_compared_with_fewer_days():
    assert days_alike(140, 1_000, 100) == 14
    assert days_alike(70, 1_000, 100) == 7
    assert days_alike(9, 1_000, 100) == 0


def test_one_row_of_a_new_label_is_no_drift_and_many_are():
    reference = pl.DataFrame({"constant": ["same"] * 2_000, "rare": ["x"] * 1_990 + [f"once {n}" for n in range(10)]})
    once = pl.DataFrame({"constant": ["same"] * 199 + ["new"], "rare": ["x"] * 198 + ["first", "second"]})
    often = pl.DataFrame({"constant": ["same"] * 190 + ["new"] * 10, "rare": ["x"] * 180 + ["first"] * 20})

    assert drifted(compare(reference, once)) == set()
    assert drifted(compare(reference, often)) == {"constant", "rare"}


def test_values_that_go_missing_are_told_apart_from_values_that_move():
    reference, current = table(2_000, 5), table(300, 6)
    gone = current.with_columns(pl.when(pl.int_range(pl.len()) % 5 == 0).then(None).otherwise("amount").alias("amount"))

    assert drifted(compare(reference, gone)) == {"amount (missing)"}
    assert drifted(compare(reference, current.with_columns(amount=pl.lit(None, pl.Float64)))) == {"amount (missing)"}
    assert "kind" in drifted(compare(reference, current.with_columns(kind=pl.lit(None, pl.String))))


def test_one_wild_value_is_no_drift():
    wild = table(300, 8).with_columns(amount=pl.when(pl.int_range(pl.len()) == 7).then(1e12).otherwise("amount"))

    assert drifted(compare(table(2_000, 7), wild)) == set()


def test_what_cannot_be_compared_is_named_with_the_reason():
    ids = pl.Series("id", [f"T-{n}" for n in range(200)])
    when = pl.Series("at", [datetime(2026, 1, 1, tzinfo=UTC)] * 200)
    reference = table(200, 1, id=ids, at=when, tags=[["a"]] * 200, number=range(200), before=1.0)
    later = range(200, 400)
    found = compare(reference, table(200, 2, id=ids, at=when, tags=[["b"]] * 200, number=later, after=1.0))

    assert set(found.refused) == {"id", "at", "tags", "number", "before", "after"}
    assert found.refused["before"] == "only in the reference"
    assert found.refused["after"] == "only in the current table"
    assert "identifiers" in found.refused["id"]
    assert "identifiers" in found.refused["number"]


@pytest.mark.parametrize(("before", "after"), [(1, 1), (1, 300), (300, 1), (0, 300), (300, 0)])
def test_tables_of_a_row_or_none_are_compared_without_an_alarm(before, after):
    found = compare(table(300, 3).head(before), table(300, 4).head(after))

    assert len(found.compared) >= 5
    assert drifted(found) == set()


COLUMNS = st.sampled_from(["numbers", "labels", "flags", "nulls", "constant"])
VALUES = {
    "numbers": st.one_of(st.none(), st.floats(allow_nan=True, allow_infinity=True)),
    "labels": st.one_of(st.none(), st.text(max_size=3)),
    "flags": st.booleans(),
    "nulls": st.none(),
    "constant": st.just(1),
}


@settings(max_examples=15, deadline=None)
@given(st.data(), st.integers(0, 30), st.integers(0, 30), COLUMNS, COLUMNS)
def test_any_two_columns_give_finite_distances_and_shares(data, before, after, first, second):
    sides = [
        pl.DataFrame({"x": data.draw(st.lists(VALUES[kind], min_size=rows, max_size=rows))}, strict=False)
        for rows, kind in ((before, first), (after, second))
    ]
    found = compare(*sides)

    for judged in found.found:
        assert isfinite(judged.value)
        assert judged.value >= 0
        assert 0 < judged.alone <= 1
        assert 0 < judged.p <= 1


def test_distances_are_evidentlys_and_its_page_needs_no_network(tmp_path):
    reference = table(1_500, 1).with_columns(lacking=pl.when(pl.col("count") > 5).then(None).otherwise("amount"))
    current = table(300, 2).with_columns(lacking=pl.when(pl.col("count") > 6).then(None).otherwise("amount"))
    found = compare(reference, current.with_columns(pl.col("amount") + 1, kind=pl.lit("new")))
    limits = {name: judged.threshold for name, judged in by_name(found).items()}
    theirs = report.write(found.compared, limits, tmp_path / "drift.html")

    assert theirs == pytest.approx({name: judged.value for name, judged in by_name(found).items()}, rel=1e-6, abs=1e-9)
    page = (tmp_path / "drift.html").read_text()
    assert "amount" in page
    assert not re.search(r"<(script|link|img|iframe)[^>]+(src|href)\s*=\s*[\"']?https?:", page)
    assert "fonts.googleapis" not in page
