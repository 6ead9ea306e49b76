"""`ticketlake evaluate texts`: what is found in simulated texts, against what the simulator wrote."""

import json

import pytest


@pytest.fixture(scope="module")
def tickets(run, tmp_path_factory):
    folder = tmp_path_factory.mktemp("texts")
    options = ("--mode", "realistic", "--tickets", 600, "--days", 60, "--seed", 23)
    assert run(None, "simulate", *options, "--out", folder / "t.jsonl").returncode == 0
    return folder / "t.jsonl"


def test_language_personal_data_codes_and_versions_are_found(run, tickets, tmp_path):
    done = run(None, "evaluate", "texts", tickets, "--json", tmp_path / "texts.json", cwd=tmp_path)

    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "texts.json").read_text())
    assert found["language"]["accuracy"] >= 0.97
    assert found["language"]["excerpts"]["accuracy"] >= 0.97
    for kind in ("email", "phone", "card", "iban", "ip", "token"):
        assert found["pii"][kind]["spans"] == 0 or found["pii"][kind]["f1"] >= 0.95, kind
    for kind in ("error_code", "version", "path", "exception", "url", "ticket"):
        assert found["entities"][kind]["f1"] >= 0.95, kind
    assert "error_code" in done.stdout


def test_a_truth_that_is_not_there_is_one_line(run, tickets, tmp_path):
    done = run(None, "evaluate", "texts", tickets, "--truth", tmp_path, cwd=tmp_path)

    assert done.returncode == 1
    assert "spans.parquet" in done.stderr
    assert len(done.stderr.splitlines()) == 1
