"""A build from a file to a release, through Dagster, as a process of its own."""

import gzip
import json
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import polars as pl
import pytest
from mlflow import MlflowClient

from ml.classify.champion import Champion
from orchestration import registry
from warehouse.contracts import bronze, errors, gold, quality, silver
from warehouse.delta import Lake
from warehouse.marts import open_metrics
from warehouse.releases import open_release

PROJECT = Path(__file__).parents[2]
FACTS = gold.MARTS["fct_tickets"].table


def versions(root):
    lake = Lake(root)
    return {t.path: lake.version(t) for t in (*bronze.TABLES, *silver.TABLES, *gold.TABLES)}


def report(done):
    return json.loads(done.stdout.splitlines()[-1])


def test_the_first_build_makes_every_table_and_a_release(built_once):
    root, done = built_once
    lake = Lake(root)
    assert report(done)["failures"] == []
    assert lake.row_count(silver.TICKETS) >= 590
    assert lake.row_count(FACTS) == lake.row_count(silver.TICKETS)
    release = open_release(root)
    assert release.manifest.tables["silver/tickets"] == lake.data_version(silver.TICKETS)
    assert "models/category_baseline" in release.artifacts
    with open_metrics(root) as metrics:
        assert metrics.execute("select count(*) from fct_tickets").fetchone() == (lake.row_count(silver.TICKETS),)
    assert json.loads((root / "gold" / "export" / "metric_backlog_by_day.json").read_text())


def test_the_report_names_what_was_built_with_rows_and_versions(built_once):
    built = {item["asset"]: item for item in report(built_once[1])["built"]}
    assert built["silver/tickets"]["rows"] >= 590
    assert built["silver/tickets"]["version"] is not None
    assert built["release/current"]["version"].startswith("000001-")


def test_checks_are_kept_with_the_run_that_made_them(built_once):
    root, done = built_once
    history = Lake(root).read(quality.CHECK_RESULTS)
    assert set(history["run_id"]) == {report(done)["run_id"]}
    assert set(history["engine"]) == {"soda", "dbt"}
    assert history.filter(severity="error")["passed"].all()


def test_a_second_build_changes_nothing(built, tickets, run):
    before = versions(built)
    release = open_release(built).id
    done = run(built, "build", tickets, "--json")
    assert done.returncode == 0, done.stderr
    assert versions(built) == before
    assert open_release(built).id == release
    assert "emitted no result" not in done.stderr


def test_a_file_dropped_into_landing_is_taken_in_by_the_next_build(built, tmp_path, run):
    ticket = {"ticket_id": "DROPPED-1", "created_at": "2026-06-29T10:00:00Z", "subject": "the export is empty"}
    (built / "landing").mkdir(exist_ok=True)
    (built / "landing" / "more.jsonl.gz").write_bytes(gzip.compress(json.dumps(ticket).encode() + b"\n"))
    done = run(built, "build", "--json")
    assert done.returncode == 0, done.stderr
    assert "DROPPED-1" in set(Lake(built).read(silver.TICKETS)["ticket_id"])
    assert list((built / "landing" / "taken").rglob("more.jsonl.gz"))


def test_a_dropped_file_that_is_broken_is_named_and_stops_no_other(built, run):
    good, broken = built / "landing" / "good.jsonl", built / "landing" / "broken.json"
    good.parent.mkdir(exist_ok=True)
    good.write_text('{"ticket_id": "GOOD-1", "created_at": "2026-06-29T10:00:00Z", "subject": "no export"}\n')
    broken.write_text('[{"ticket_id": "X-1", "created_at": "2026-01-01T00:00:00Z", "subject": "a"}')
    for file in (good, broken):
        os.utime(file, (0, 0))
    done = run(built, "build")
    assert done.returncode == 1
    assert "broken.json ends inside" in done.stderr
    assert "GOOD-1" in set(Lake(built).read(FACTS)["ticket_id"])
    status = json.loads(run(built, "status", "--json").stdout)
    assert status["runs"][0]["status"] == "SUCCESS"
    assert [Path(file).name for file in status["refused_files"]] == ["broken.json"]
    assert run(built, "build").returncode == 0


def test_records_in_quarantine_show_in_the_exit_code_of_the_build_that_put_them_there(built, tmp_path, run):
    few = tmp_path / "few.jsonl"
    few.write_text('{"ticket_id": "A-1", "created_at": "2026-06-29T10:00:00Z", "subject": "a"}\n{"ticket_id": 7}\n')
    done = run(built, "build", few, "--json")
    assert done.returncode == 3, done.stderr
    assert json.loads(done.stdout.splitlines()[-1])["quarantined"] == 1
    assert run(built, "build", few, "--json").returncode == 0


def test_an_unreadable_file_fails_with_one_readable_line_and_shows_in_the_status(built, tmp_path, run):
    broken = tmp_path / "broken.json"
    broken.write_text('[{"ticket_id": "X-1", "created_at": "2026-01-01T00:00:00Z", "subject": "a"}')
    before = versions(built)
    done = run(built, "build", broken)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "broken.json ends inside" in done.stderr
    assert versions(built) == before
    status = json.loads(run(built, "status", "--json").stdout)
    assert status["runs"][0]["status"] == "FAILURE"
    assert "broken.json" in status["runs"][0]["why"]


def test_a_blocking_check_stops_gold_and_the_release(built, tmp_path, run):
    lake = Lake(built)
    tickets = lake.read(silver.TICKETS)
    lake.delete(silver.TICKETS, tickets.select("ticket_id").head(tickets.height // 2))
    before = {path: version for path, version in versions(built).items() if path.startswith("gold/")}
    release = open_release(built).id
    done = run(built, "build")
    assert done.returncode == 1
    assert "row_count" in done.stderr
    assert {path: version for path, version in versions(built).items() if path.startswith("gold/")} == before
    assert open_release(built).id == release


@pytest.mark.parametrize("content", [[{"ticket_id": "A", "created_at": "2026-01-01T00:00:00Z", "subject": "s"}]])
def test_a_file_with_only_the_required_fields_builds_everything(tmp_path, content, run):
    file, root = tmp_path / "few.json", tmp_path / "lake"
    file.write_text(json.dumps(content))
    done = run(root, "build", file, "--json")
    assert done.returncode == 0, done.stderr
    assert Lake(root).row_count(FACTS) == len(content)
    indexes = {"indexes/graph", "indexes/solutions", "indexes/tickets"}
    assert set(open_release(root).artifacts) == {"models/decision_policy", "models/encoder"} | indexes
    shutil.rmtree(root)


def test_a_failing_test_of_dbt_stops_publishing_and_is_named_and_kept(built, tmp_path):
    project = tmp_path / "project"
    packages = tomllib.loads((PROJECT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    for room in ("dbt_project", *packages["packages"]):
        shutil.copytree(PROJECT / room, project / room, ignore=shutil.ignore_patterns("target", "__pycache__"))
    shutil.copy(PROJECT / "dagster.yaml", project)
    failing = "select ticket_id from {{ ref('fct_tickets') }} limit 3"
    (project / "dbt_project" / "tests" / "no_ticket_is_welcome.sql").write_text(failing)
    lake = Lake(built)
    before = {path: version for path, version in versions(built).items() if path.startswith("gold/")}

    done = subprocess.run(
        [sys.executable, "-m", "cli.main", "build"],
        cwd=project,
        env={**os.environ, "LAKE_ROOT": str(built), "DATABASE_URL": "", "PYTHONPATH": str(project)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1, done.stdout
    assert "no_ticket_is_welcome: Got 3 results" in done.stderr
    assert "Traceback" not in done.stderr
    assert {path: version for path, version in versions(built).items() if path.startswith("gold/")} == before
    failed = lake.read(quality.CHECK_RESULTS).filter(~pl.col("passed"), engine="dbt", severity="error")
    assert failed["check"].to_list() == ["no_ticket_is_welcome"]
    assert failed["value"].to_list() == [3.0]
    assert "gold.fct_tickets" in failed["failing_rows_sql"].item()


def test_learning_releases_a_champion_for_every_target_and_again_only_when_tickets_grew(built, run):
    done = run(built, "build", "--learn", "--json")

    assert done.returncode == 0, done.stderr
    release = open_release(built)
    champions = {name: release.artifact(f"models/{name}") for name in ("category", "subcategory", "priority")}
    card = champions["category"].card
    assert set(card["measures"]["families"]) == {"majority", "logistic"}
    assert (
        card["measures"]["test"]["weighted_f1"]["value"]
        > card["measures"]["families"]["majority"]["weighted_f1"]["value"]
    )
    assert card["learnability"]["verdict"] in ("learnable", "weak", "nothing to learn", "solved by template")
    model = Champion.load(champions["subcategory"].path)
    assert set(model.under.values()) <= set(Champion.load(champions["category"].path).classes)

    lake = Lake(built)
    answered = lake.read(errors.CONFUSIONS).filter(target="category")
    assert set(answered["model"]) == {champions["category"].digest}
    assert answered["tickets"].sum() == card["rows"]["test"]
    analysed = {table.path: lake.version(table) for table in errors.TABLES}
    assert (built / "reports" / "errors" / "category.svg").exists()
    page = (built / "reports" / "errors" / "README.md").read_text(encoding="utf-8")
    assert champions["priority"].digest[:12] in page
    assert not any(text in page for text in lake.read(silver.TICKETS)["subject"].drop_nulls() if len(text) > 12)

    mlflow = MlflowClient(registry.address(built))
    mirrored = mlflow.get_model_version_by_alias("category", registry.CHAMPION)
    assert mirrored.tags[registry.SAME] == champions["category"].digest
    logged = mlflow.get_run(mirrored.run_id).data.metrics
    assert logged["test.weighted_f1.value"] == card["measures"]["test"]["weighted_f1"]["value"]

    again = run(built, "build", "--learn", "--json")

    assert again.returncode == 0, again.stderr
    assert open_release(built).id == release.id
    assert {table.path: lake.version(table) for table in errors.TABLES} == analysed
    assert len(mlflow.search_model_versions("name = 'category'")) == 1
