"""`ticketlake evaluate`, as people run it."""

import json

import pytest

GOOD = '{"id":"1","text":"a","label":"x"}\n'


@pytest.fixture
def files(tmp_path):
    def write(train, test=GOOD):
        (tmp_path / "train.jsonl").write_text(train)
        (tmp_path / "test.jsonl").write_text(test)
        return ["--train", tmp_path / "train.jsonl", "--test", tmp_path / "test.jsonl", "--cache", tmp_path / "cache"]

    return write


def test_the_evaluations_are_listed_without_a_lake(run):
    found = run(None, "evaluate", "--help")
    assert found.returncode == 0
    assert "classify" in found.stdout


def test_a_malformed_file_is_one_line_with_its_place(run, files):
    found = run(None, "evaluate", "classify", *files(GOOD + "{broken\n"))
    assert found.returncode == 1
    assert found.stderr.startswith("ticketlake: ")
    assert "train.jsonl, line 2" in found.stderr
    assert len(found.stderr.splitlines()) == 1


def test_labels_that_were_never_learned_are_warned_of(run, files):
    lines = [json.dumps({"text": f"{label} {place}", "label": label}) for place in range(10) for label in ("a", "b")]
    found = run(None, "evaluate", "classify", *files("\n".join(lines)), "--family", "majority")
    assert found.returncode == 0, found.stderr
    (warning,) = (line for line in found.stderr.splitlines() if line.startswith("warning"))
    assert "test.jsonl is among those of" in warning


def test_an_unknown_family_is_refused_with_those_there_are(run, files):
    found = run(None, "evaluate", "classify", *files(GOOD), "--family", "oracle")
    assert found.returncode == 2
    assert "kernel_svm" in found.stderr


def test_texts_are_learned_and_answered_without_a_lake(run, files, tmp_path):
    topics = {"billing": "the invoice is wrong", "login": "my password is lost"}
    lines = [
        json.dumps({"id": f"{place}", "text": f"{text} {place}", "label": label})
        for place in range(20)
        for label, text in topics.items()
    ]
    arguments = files("\n".join(lines), "\n".join(lines[:6]))
    out = ["--json", tmp_path / "o.json", "--predictions", tmp_path / "p.jsonl"]
    found = run(None, "evaluate", "classify", *arguments, *out, "--family", "kernel_svm")
    assert found.returncode == 0, found.stderr
    assert "kernel_svm" in found.stdout
    report = json.loads((tmp_path / "o.json").read_text())
    assert report["champion"] == "kernel_svm"
    assert report["accuracy"] == 1.0
    assert report["oos_auroc"] is None
    rows = [json.loads(line) for line in (tmp_path / "p.jsonl").read_text().splitlines()]
    assert [set(row) for row in rows] == [{"id", "label", "confidence", "novelty"}] * 6
