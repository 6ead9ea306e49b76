"""Collections in BEIR's layout, as people hand them over."""

import gzip
import json

import pytest

from ml.evaluate import beir
from warehouse.errors import SourceUnreadable

CORPUS = [
    {"_id": "a", "title": "one", "text": "first", "created_at": "2024-01-01T00:00:00Z"},
    {"_id": "b", "title": "two", "text": "second", "created_at": "2024-02-01T00:00:00"},
    {"_id": 3, "text": "third", "created_at": "2024-03-01T01:00:00+01:00", "more": [1]},
]
QRELS = "query-id\tcorpus-id\tscore\nb\ta\t1\nb\t3\t1\nb\tb\t1\nb\tz\t1\na\t3\t0\n"


@pytest.fixture
def files(tmp_path):
    def write(corpus=CORPUS, queries=CORPUS[:2], qrels=QRELS):
        lines = ["\n".join(json.dumps(row) for row in rows).encode() for rows in (corpus, queries)]
        (tmp_path / "c.jsonl.gz").write_bytes(gzip.compress(lines[0]))
        (tmp_path / "q.jsonl").write_bytes(lines[1])
        (tmp_path / "r.tsv").write_text(qrels)
        return tmp_path / "c.jsonl.gz", tmp_path / "q.jsonl", tmp_path / "r.tsv"

    return write


def test_own_ids_zero_grades_and_what_is_not_there_are_no_answers(files):
    found = beir.read(*files())

    assert found.corpus["id"].to_list() == ["a", "b", "3"]
    assert found.corpus["title"].to_list() == ["one", "two", ""]
    assert found.judged.rows() == [("b", "3", 1.0), ("b", "a", 1.0)]
    assert found.unknown == 1


def test_as_of_a_query_is_answered_by_what_is_older(files):
    found = beir.read(*files(), as_of=True)

    assert found.judged.rows() == [("b", "a", 1.0)]
    assert found.corpus["created_at"].dt.hour().to_list() == [0, 0, 0]


def test_judgements_without_a_header_and_in_trec_columns_are_read(files):
    assert beir.read(*files(qrels="b\t0\ta\t2\r\n")).judged.rows() == [("b", "a", 2.0)]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"corpus": [{"title": "x"}]}, "line 1.*_id"),
        ({"corpus": [CORPUS[0], CORPUS[0]]}, "line 2.*second"),
        ({"queries": []}, "no lines"),
        ({"qrels": "query-id\tcorpus-id\tscore\nb a 1\n"}, "line 2.*tabs"),
        ({"qrels": "b\tb\t1\n"}, "no judgement"),
    ],
)
def test_a_malformed_file_is_refused_in_one_line(files, changed, said):
    with pytest.raises(SourceUnreadable, match=said) as raised:
        beir.read(*files(**changed))
    assert "\n" not in str(raised.value)


def test_as_of_wants_times(files):
    with pytest.raises(SourceUnreadable, match="created_at"):
        beir.read(*files(queries=[{"_id": "q", "text": "x"}]), as_of=True)


def test_a_broken_archive_is_refused(files, tmp_path):
    corpus, queries, qrels = files()
    corpus.write_bytes(b"\x1f\x8bbroken")
    with pytest.raises(SourceUnreadable, match="gzip"):
        beir.read(corpus, queries, qrels)
