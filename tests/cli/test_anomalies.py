"""`ticketlake evaluate anomalies`, as people run it."""

import csv
import gzip
import json
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

PUBLIC = Path(__file__).parents[2] / ".." / "shared" / "data" / "eval" / "outbreaks"
needs_public = pytest.mark.skipif(not PUBLIC.exists(), reason="the shared evaluation data is not here")
MEASURES = ("pod", "pod_at_fpr_1pct", "fpr", "median_delay", "precision")


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("counts")
    random, lines, truth = np.random.default_rng(6), ["series,time,count"], ["series,start,end"]
    for series in range(6):
        counts = random.poisson(6, 120)
        if series < 3:
            counts[100:103] += 15
            begin = date(2024, 1, 1) + timedelta(days=100)
            truth.append(f"day{series},{begin},{begin + timedelta(days=2)}")
        lines += [f"day{series},{date(2024, 1, 1) + timedelta(days=day)},{count}" for day, count in enumerate(counts)]
    for series in range(2):
        weeks = enumerate(random.poisson(20, 60))
        lines += [f"week{series},{date(2023, 1, 2) + timedelta(weeks=week)},{count}" for week, count in weeks]
    (folder / "counts.csv.gz").write_bytes(gzip.compress("\n".join(lines).encode()))
    (folder / "truth.csv").write_text("\n".join(truth) + "\n")
    since = ["series,eval_start", *(f"day{series},2024-03-01" for series in range(6)), "week0,2024-01-01"]
    (folder / "from.csv").write_text("\n".join([*since, "week1,2024-01-01"]))
    return folder


@pytest.fixture(scope="module")
def told(run, files, tmp_path_factory):
    out = tmp_path_factory.mktemp("told")
    done = run(
        None, "evaluate", "anomalies", "--counts", files / "counts.csv.gz", "--truth", files / "truth.csv",
        "--from", files / "from.csv", "--json", out / "o.json", "--scores", out / "s.csv",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout, json.loads((out / "o.json").read_text()), list(csv.DictReader((out / "s.csv").open()))


def test_outbreaks_are_found_measured_and_shown(told):
    shown, found, _ = told
    assert {"alarms", *MEASURES} <= set(found)
    assert found["pod"] == 1
    assert found["pod_at_fpr_1pct"] == 1
    assert found["fpr"] < 0.05
    assert found["median_delay"] == 0
    assert found["precision"] > 0.5
    assert set(found["by_frequency"]) == {"daily", "weekly"}
    assert "day0" in shown
    assert "median delay" in shown


def test_an_alarm_says_when_how_strange_and_what_was_expected(told):
    _, found, _ = told
    alarm = next(one for one in found["alarms"] if one["series"] == "day1" and one["time"] == "2024-04-10")
    assert {"series", "time", "score", "expected", "upper"} <= set(alarm)
    assert alarm["score"] > 2
    assert 4 < alarm["expected"] < 9
    assert alarm["expected"] <= alarm["upper"] < alarm["count"]


def test_every_time_has_a_score_and_only_what_is_judged_alarms(told):
    _, found, scores = told
    assert len(scores) == 6 * 120 + 2 * 60
    assert all(float(row["score"]) >= 0 for row in scores)
    assert all(one["time"] >= "2024-01-01" for one in found["alarms"])
    strange = {(row["series"], row["time"]) for row in scores if float(row["score"]) > 2}
    assert {(one["series"], one["time"]) for one in found["alarms"]} <= strange


def test_without_truth_nothing_is_said_of_detection(run, files, tmp_path):
    out = tmp_path / "o.json"
    done = run(None, "evaluate", "anomalies", "--counts", files / "counts.csv.gz", "--alpha", 0.001, "--json", out)
    assert done.returncode == 0, done.stderr
    found = json.loads(out.read_text())
    assert found["alarms"]
    assert all(found[name] is None for name in MEASURES)
    assert all(one["score"] > 3 for one in found["alarms"])


def test_one_point_hours_and_duplicates_are_no_trouble(run, tmp_path):
    counts, out = tmp_path / "c.csv", tmp_path / "s.csv"
    hours = [f"a,2024-03-31T{hour:02d}:00:00+02:00,{hour % 3}" for hour in range(24)]
    counts.write_text("\n".join(["series,time,count", *hours, hours[0], "b,2024-03-31 12:00,900"]))
    done = run(None, "evaluate", "anomalies", "--counts", counts, "--scores", out)
    assert done.returncode == 0, done.stderr
    rows = list(csv.DictReader(out.open()))
    assert rows[0]["time"] == "2024-03-30T22:00:00Z"
    assert "hourly" in done.stdout


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("series,time\na,2024-01-01\n", "no column 'count'"),
        ("series,time,count\na,yesterday,1\n", "'yesterday' in row 1"),
        ("series,time,count\na,2024-01-01,-3\n", "expected 0 or more"),
        ("series,time,count\na,2024-01-01,many\n", "expected 0 or more"),
        ("series,time,count\n", "no rows"),
    ],
)
def test_a_file_that_is_none_is_one_line_with_its_place(run, tmp_path, text, said):
    (tmp_path / "c.csv").write_text(text)
    done = run(None, "evaluate", "anomalies", "--counts", tmp_path / "c.csv")
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert said in line


@needs_public
def test_on_the_public_weekly_series_the_oracle_of_one_point_is_passed(run, tmp_path):
    lines = gzip.decompress((PUBLIC / "counts.csv.gz").read_bytes()).decode().splitlines()
    (tmp_path / "c.csv").write_text("\n".join([lines[0], *(line for line in lines if line.startswith("w"))]))
    truth = ("--truth", PUBLIC / "truth.csv", "--from", PUBLIC / "series.csv")
    done = run(None, "evaluate", "anomalies", "--counts", tmp_path / "c.csv", *truth, "--json", tmp_path / "o.json")
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "o.json").read_text())
    assert found["pod_at_fpr_1pct"] > 0.61
    assert 0.005 < found["fpr"] < 0.015
