"""`ticketlake evaluate retrieve`, as people run it."""

import gzip
import json

import pytest

TOPICS = ("invoice shows the wrong amount", "password reset mail never arrives", "export to CSV stops half way",
          "dashboard is slow after the update", "printer prints empty pages")  # fmt: skip
METHODS = ("bm25", "keyword", "dense", "fusion", "finder")
MEASURES = ("ndcg@10", "map", "mrr@10", "recall@10", "recall@100", "ms_per_query")


@pytest.fixture
def files(tmp_path):
    documents = [
        {"_id": f"d{place}", "title": topic, "text": f"Customer {place} says: {topic}, ERR_{place % 5}_GONE",
         "created_at": f"2024-01-{place + 1:02d}T00:00:00Z"}
        for place, topic in enumerate(TOPICS * 3)
    ]  # fmt: skip
    lines = "\n".join(json.dumps(row) for row in documents)
    (tmp_path / "c.jsonl.gz").write_bytes(gzip.compress(lines.encode()))
    (tmp_path / "q.jsonl").write_text("\n".join(json.dumps(row) for row in documents[10:]))
    pairs = [(f"d{asks}", f"d{asks - back}") for asks in range(10, 15) for back in (5, 10)]
    pairs += [(asks, asks) for asks, _ in pairs]
    (tmp_path / "r.tsv").write_text("query-id\tcorpus-id\tscore\n" + "".join(f"{a}\t{b}\t1\n" for a, b in pairs))
    return ["--corpus", tmp_path / "c.jsonl.gz", "--queries", tmp_path / "q.jsonl", "--qrels", tmp_path / "r.tsv"]


def test_each_method_is_measured_with_intervals_and_its_own_id_is_no_answer(run, files, encoder_folder, tmp_path):
    done = run(None, "evaluate", "retrieve", *files, "--encoder", encoder_folder, "--json", tmp_path / "o.json")

    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "o.json").read_text())
    assert tuple(found["methods"]) == METHODS
    for method in found["methods"].values():
        assert set(MEASURES) < set(method)
        assert method["map"] == 1.0
        low, high = method["intervals"]["map"]
        assert low <= method["map"] <= high
    assert found["queries"] == 5
    assert found["weights"]["source"]
    assert "finder" in done.stdout


def test_as_of_nothing_newer_is_found(run, files, encoder_folder, tmp_path):
    (tmp_path / "r.tsv").write_text("d5\td0\t1\nd5\td10\t1\n")
    (tmp_path / "q.jsonl").write_text('{"_id": "d5", "text": "invoice", "created_at": "2024-01-06T00:00:00Z"}')
    options = ("--encoder", encoder_folder, "--as-of", "--json", tmp_path / "o.json")
    done = run(None, "evaluate", "retrieve", *files, *options)

    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "o.json").read_text())
    assert found["as_of"] is True
    assert found["judgements"]["used"] == 1
    assert found["methods"]["finder"]["recall@10"] == 1.0


def test_a_malformed_file_is_one_line_with_its_place(run, files, tmp_path):
    (tmp_path / "q.jsonl").write_text('{"_id": "x"}\n{broken\n')
    done = run(None, "evaluate", "retrieve", *files, "--cache", tmp_path / "cache")

    assert done.returncode == 1
    assert "q.jsonl, line 2" in done.stderr
    assert len(done.stderr.splitlines()) == 1
