"""`ticketlake evaluate drift`, as people run it."""

import gzip
import json

import numpy as np
import polars as pl
import pytest


def rows(count, seed, moved=0.0):
    rng = np.random.default_rng(seed)
    kinds = ["a", "b", "c"] + (["new"] if moved else [])
    return pl.DataFrame({
        "id": [f"T-{seed}-{n}" for n in range(count)],
        "amount": rng.normal(moved, 1, count),
        "steady": rng.normal(0, 1, count),
        "kind": rng.choice(kinds, count),
    })  # fmt: skip


@pytest.fixture
def files(tmp_path):
    rows(1_500, 1).write_csv(tmp_path / "r.csv")
    rows(300, 2, 0.6).write_parquet(tmp_path / "c.parquet")
    lines = rows(300, 3).write_ndjson().encode()
    (tmp_path / "same.jsonl.gz").write_bytes(gzip.compress(lines))
    (tmp_path / "array.json").write_text(rows(300, 2, 0.6).write_json())
    return tmp_path


def test_each_column_has_method_value_threshold_and_p_and_what_moved_is_said(run, files):
    out, page = files / "out" / "o.json", files / "out" / "o.html"
    given = ("--reference", files / "r.csv", "--current", files / "c.parquet", "--json", out, "--html", page)
    done = run(None, "evaluate", "drift", *given)

    assert done.returncode == 0, done.stderr
    found = json.loads(out.read_text())
    columns = {one["column"]: one for one in found["columns"]}
    assert {name for name, one in columns.items() if one["drifted"]} == {"amount", "kind"}
    assert found["drifted"] is True
    assert set(columns["steady"]) == {"column", "method", "value", "threshold", "p", "p_alone", "drifted"}
    assert columns["amount"]["method"] == "wasserstein"
    assert columns["amount"]["value"] == pytest.approx(0.6, abs=0.15)
    assert columns["amount"]["value"] > columns["amount"]["threshold"]
    assert found["rows"] == {"reference": 1500, "current": 300}
    assert "identifiers" in found["not_compared"]["id"]
    assert "amount" in done.stdout
    assert page.stat().st_size > 100_000


def test_json_and_gzip_are_read_and_the_same_seed_says_the_same(run, files):
    found = []
    for current in ("array.json", "array.json", "same.jsonl.gz"):
        given = ("--reference", files / "r.csv", "--current", files / current, "--json", files / "o.json")
        done = run(None, "evaluate", "drift", *given)
        assert done.returncode == 0, done.stderr
        found.append(json.loads((files / "o.json").read_text()))

    assert found[0] == found[1]
    assert found[0]["drifted"] is True
    assert found[2]["drifted"] is False


def test_days_are_resampled_where_a_column_tells_them(run, files):
    at = pl.Series([f"2026-{1 + n // 28 % 3:02d}-{1 + n % 28:02d}T08:00:00Z" for n in range(1_500)])
    rows(1_500, 1).with_columns(opened=at).write_csv(files / "r.csv")
    rows(300, 3).with_columns(opened=pl.lit("2026-04-02T08:00:00Z")).write_csv(files / "c.csv")
    done = run(
        None,
        "evaluate",
        "drift",
        "--reference",
        files / "r.csv",
        "--current",
        files / "c.csv",
        "--json",
        files / "o.json",
    )

    assert done.returncode == 0, done.stderr
    found = json.loads((files / "o.json").read_text())
    assert "days by opened" in found["resampled"]
    assert not found["drifted"]
    assert "opened" not in {one["column"] for one in found["columns"]}


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("empty.csv", "", "no rows"),
        ("header.csv", "amount,kind\n", "no rows"),
        ("other.csv", "colour\nred\n", "no column to compare"),
        ("broken.json", "[{]", "expected a CSV"),
        ("numbers.json", "[1, 2]", "expected a CSV"),
        ("broken.csv.gz", b"\x1f\x8bnothing", "expected a CSV"),
        ("broken.parquet", b"PAR1nothing", "expected a CSV"),
    ],
)
def test_what_cannot_be_compared_is_one_line(run, files, name, content, said):
    (files / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    done = run(None, "evaluate", "drift", "--reference", files / "r.csv", "--current", files / name)

    assert done.returncode == 1
    assert name in done.stderr
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_time_that_is_none_is_refused(run, files):
    given = ("--reference", files / "r.csv", "--current", files / "same.jsonl.gz")
    absent = run(None, "evaluate", "drift", *given, "--time", "when")
    wrong = run(None, "evaluate", "drift", *given, "--time", "kind")

    assert (absent.returncode, wrong.returncode) == (1, 1)
    assert "no such column" in absent.stderr
    assert "no moments" in wrong.stderr
