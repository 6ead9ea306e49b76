"""Help with examples, one readable line for an error, exit codes that scripts can rely on."""

import gzip
import json

import click
import pytest
from click.testing import CliRunner

from cli.main import VERBS, LazyVerbs, ticketlake


@pytest.mark.parametrize("verb", VERBS)
def test_the_help_of_a_verb_says_what_it_does_and_gives_an_example(run, verb):
    done = run(None, verb, "--help")
    assert done.returncode == 0, done.stderr
    assert "Example" in done.stdout
    assert f"ticketlake {verb}" in done.stdout


@pytest.mark.parametrize("group", ["demo", "events", "incidents", "keys", "models", "requests"])
def test_the_help_of_each_command_of_a_group_gives_its_examples(group):
    found = LazyVerbs().get_command(click.Context(ticketlake), group)
    for name in found.commands:
        help_of = CliRunner().invoke(ticketlake, [group, name, "--help"]).output
        assert f"ticketlake {group} {name.replace('card', 'show')}" in help_of


def test_the_help_lists_every_verb(run):
    done = run(None, "--help")
    assert all(verb in done.stdout for verb in VERBS)


def test_an_unknown_verb_is_an_error_of_use(run):
    done = run(None, "fly")
    assert done.returncode == 2
    assert "No such command" in done.stderr


def test_a_missing_setting_is_one_line_and_a_traceback_only_when_asked_for(run, tmp_path):
    done = run(None, "status", cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.splitlines() == [done.stderr.strip()]
    assert "LAKE_ROOT" in done.stderr
    asked = run(None, "--traceback", "status", cwd=tmp_path)
    assert "Traceback" in asked.stderr


@pytest.mark.parametrize(
    "verb", [["ingest", "FILE"], ["status"], ["sql", "select 1"], ["worker"], ["build"], ["serve"]]
)
def test_a_lake_that_cannot_be_written_is_one_readable_line(run, tmp_path, verb):
    file = tmp_path / "file"
    file.write_text('{"ticket_id": "T", "created_at": "2026-01-01", "subject": "s"}')
    done = run(file / "lake", *(file if part == "FILE" else part for part in verb))
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert str(file) in line
    assert "Not a directory" in line
    assert "LAKE_ROOT" in line or "operational store" in line
    assert "unexpected" not in line


def test_a_file_that_cannot_be_written_is_one_line_that_blames_nothing_else(run, tmp_path):
    (tmp_path / "file").write_text("")
    out = tmp_path / "file" / "tickets.json"
    done = run(tmp_path / "lake", "simulate", "--tickets", 10, "--days", 5, "--out", out)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert str(out.parent) in line
    assert "LAKE_ROOT" not in line
    assert "unexpected" not in line


def test_a_wrong_setting_names_the_variable(run, tmp_path):
    (tmp_path / ".env").write_text("LAKE_ROOT=lake\nAPI_PORT=many\n")
    done = run(None, "status", cwd=tmp_path)
    assert done.returncode == 1
    assert "API_PORT" in done.stderr


def test_settings_may_come_from_a_file_beside_the_command(run, tmp_path):
    (tmp_path / ".env").write_text("LAKE_ROOT=lake\n")
    done = run(None, "status", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["lake_root"] == str(tmp_path / "lake")


def test_the_tickets_of_the_next_day_are_all_new(run, tmp_path):
    size = ["--tickets", 200, "--days", 20]
    assert run(tmp_path, "simulate", *size, "--out", tmp_path / "first.jsonl").returncode == 0
    assert run(tmp_path, "simulate", *size, "--further", 40, "--out", tmp_path / "next.jsonl").returncode == 0
    reports = []
    for name in ("first.jsonl", "next.jsonl"):
        done = run(tmp_path / "lake", "ingest", tmp_path / name, "--json")
        reports.append(json.loads(done.stdout.splitlines()[-1]))
    assert reports[1]["new"] == 40


@pytest.mark.parametrize("name", ["t.json", "t.jsonl", "t.json.gz", "t.jsonl.gz"])
def test_simulate_writes_what_the_name_says_with_its_truth_beside_it(run, tmp_path, name):
    out = tmp_path / name
    done = run(tmp_path, "simulate", "--tickets", 30, "--days", 20, "--seed", 2, "--out", out)
    assert done.returncode == 0, done.stderr
    content = gzip.decompress(out.read_bytes()) if name.endswith(".gz") else out.read_bytes()
    assert content.startswith(b"[" if ".json." in f"{name}." else b"{")
    assert (tmp_path / f"{name}.truth" / "tickets.parquet").exists()
    assert (tmp_path / f"{name}.articles.jsonl").exists()


def test_simulate_gives_the_same_bytes_for_the_same_seed(run, tmp_path):
    for name in ("a.json", "b.json"):
        run(tmp_path, "simulate", "--mode", "original", "--tickets", 50, "--seed", 9, "--out", tmp_path / name)
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()


def test_ingest_exits_with_0_with_3_for_quarantine_and_with_1_for_an_error(run, tmp_path):
    good = '{"ticket_id": "A", "created_at": "2026-01-01T00:00:00Z", "subject": "s"}\n'
    (tmp_path / "good.jsonl").write_text(good)
    (tmp_path / "bad.jsonl").write_text(good + "broken\n")
    (tmp_path / "none.json").write_text("")
    assert run(tmp_path / "lake", "ingest", tmp_path / "good.jsonl").returncode == 0
    assert run(tmp_path / "lake", "ingest", tmp_path / "bad.jsonl").returncode == 3
    for file in ("none.json", "absent.json"):
        done = run(tmp_path / "lake", "ingest", tmp_path / file)
        assert done.returncode == 1
        assert len(done.stderr.splitlines()) == 1
        assert file in done.stderr


def test_a_worker_drains_once_and_shows_its_health(run, tmp_path):
    assert run(tmp_path / "lake", "worker", "--healthy").returncode == 1
    done = run(tmp_path / "lake", "worker", "--once")
    assert done.returncode == 0, done.stderr
    assert run(tmp_path / "lake", "worker", "--healthy").returncode == 0


def test_the_status_of_an_empty_lake_says_that_nothing_is_there(run, tmp_path):
    found = json.loads(run(tmp_path / "lake", "status", "--json").stdout)
    assert (found["tables"], found["release"], found["runs"], found["as_of"]) == ({}, None, [], None)
    assert run(tmp_path / "lake", "status").returncode == 0
