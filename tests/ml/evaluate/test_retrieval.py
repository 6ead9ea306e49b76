"""What search is worth on duplicate bug reports of a public project."""

from pathlib import Path

import numpy as np
import pytest

from ml.evaluate.beir import read
from ml.evaluate.rankings import ranked, worth
from ml.evaluate.retrieval import METHODS, retrieve
from ml.evaluate.textbook import Textbook
from ml.retrieve.documents import prepared
from ml.retrieve.keyword import Keyword
from ml.text.encoder import load

BUGS = Path(__file__).parents[3] / ".." / "shared" / "data" / "eval" / "bugs-hadoop"
needs_bugs = pytest.mark.skipif(not BUGS.exists(), reason="the shared evaluation data is not here")


def collection(judged, *, as_of=False):
    return read(BUGS / "corpus.jsonl.gz", BUGS / "queries.jsonl.gz", BUGS / judged, as_of=as_of)


@needs_bugs
def test_words_of_fields_and_names_find_more_duplicates_than_textbook_bm25():
    found = collection("qrels.tsv")
    documents, asked = prepared(found.corpus), prepared(found.queries)
    places = {name: place for place, name in enumerate(found.corpus["id"])}
    keyword, textbook = Keyword.build(documents), Textbook.build(documents)
    words = keyword.queries(asked)

    precision = {"keyword": [], "textbook": []}
    for row, name in enumerate(found.queries["id"]):
        answers = found.judged.filter(query=name)["document"]
        if len(answers):
            allowed = np.arange(len(places)) != places[name]
            for method, scores in (("keyword", keyword.scores(words[row])), ("textbook", textbook.scores(asked[row]))):
                graded = {places[answer]: 1.0 for answer in answers}
                precision[method].append(worth(ranked(scores, allowed), graded)["map"])
    assert np.mean(precision["textbook"]) == pytest.approx(0.54, abs=0.01)
    assert np.mean(precision["keyword"]) > 0.58


@needs_bugs
@pytest.mark.long
@pytest.mark.parametrize(("judged", "as_of"), [("qrels.tsv", False), ("qrels-newer-asks.tsv", True)])
def test_the_finder_beats_bm25_and_meaning_by_an_eighth(encoder_folder, judged, as_of):
    encoder = load(encoder_folder)
    found = retrieve(collection(judged, as_of=as_of), encoder, as_of=as_of, learn=False, seed=0, tell=str)

    assert tuple(found["methods"]) == METHODS
    for over in ("bm25", "dense"):
        assert found["gain"][over]["relative"]["value"] >= 0.12
        assert found["gain"][over]["difference"]["low"] > 0
