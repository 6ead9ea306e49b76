"""`ticketlake evaluate audit` on anyone's tickets, without a lake."""

import json

import pytest

VERDICTS = {"learnable", "weak", "nothing to learn", "solved by template"}
KEYS = {"verdict", "majority", "time_split", "group_split", "unseen_template_split", "p_value", "leaks"}


@pytest.fixture(scope="module")
def tickets(run, tmp_path_factory):
    folder = tmp_path_factory.mktemp("tickets")
    options = ("--mode", "original", "--tickets", 900, "--days", 120, "--seed", 4)
    assert run(None, "simulate", *options, "--out", folder / "t.jsonl.gz").returncode == 0
    return folder / "t.jsonl.gz"


def test_the_audit_prints_a_table_and_writes_json_and_a_page(run, tickets, tmp_path):
    done = run(
        None, "evaluate", "audit", tickets, "--json", tmp_path / "a.json", "--report", tmp_path / "page", cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "a.json").read_text())["targets"]
    assert all(set(entry) >= KEYS and entry["verdict"] in VERDICTS for entry in found.values())
    assert found["category"]["verdict"] == "solved by template"
    assert found["category"]["time_split"] > 0.95
    assert found["resolution_code"]["verdict"] == "nothing to learn"
    assert "solved by template" in done.stdout
    assert (tmp_path / "page" / "README.md").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.json", "page"]


def test_a_file_that_is_none_is_one_line(run, tmp_path):
    (tmp_path / "none.jsonl").write_text("")
    done = run(None, "evaluate", "audit", tmp_path / "none.jsonl", cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.splitlines() == [done.stderr.strip()]


def test_a_file_of_which_every_record_is_refused_is_an_error_with_the_first_reason(run, tmp_path):
    bad = [{"ticket_id": f"T-{number}", "created_at": "yesterday", "subject": "x"} for number in range(3)]
    (tmp_path / "bad.jsonl").write_text("\n".join(json.dumps(record) for record in bad))
    done = run(None, "evaluate", "audit", tmp_path / "bad.jsonl", cwd=tmp_path)
    assert done.returncode == 1
    assert "every record was refused (3), the first, at 1: created_at" in done.stderr
    assert "nothing to learn" not in done.stdout


def test_the_help_gives_examples_and_the_verdicts(run):
    done = run(None, "evaluate", "audit", "--help")
    assert done.returncode == 0
    assert "Example" in done.stdout
    assert "nothing to learn" in done.stdout
