"""Search by words."""

import math

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.retrieve.keyword import FORMAT, K1, SETTINGS, B, Keyword
from warehouse.errors import ArtifactDamaged, FormatMismatch

SAID = st.lists(st.sampled_from(["login", "broken", "invoice", "ERR_42", "接続", "FileSystem.mkdirs", ""]), max_size=6)


def rows(*texts, title="", errors="", language="en"):
    texts = [text if isinstance(text, tuple) else (title, text, errors) for text in texts]
    return pl.DataFrame(texts, schema=["title", "body", "errors"], orient="row").with_columns(language=pl.lit(language))


def best(index, asked):
    return [int(index.scores(query).argmax()) for query in index.queries(asked)]


def test_scores_are_those_of_the_formula():
    index = Keyword.build(rows("login broken", "invoice invoice login printer", "nothing here"), {"body": 1})

    [query] = index.queries(rows("invoices"))
    idf = math.log(1 + (3 - 1 + 0.5) / (1 + 0.5))
    average = (2 + 4 + 1) / 3
    expected = idf * 2 / (2 + K1 * (1 - B + B * 4 / average))
    assert index.scores(query).tolist() == pytest.approx([0, expected, 0], rel=1e-5)


def test_a_word_in_the_title_counts_more_than_in_the_body():
    index = Keyword.build(rows(("printer", "login", ""), ("login", "printer", "")))
    assert best(index, rows("login", "printer")) == [1, 0]


def test_a_code_is_found_whatever_surrounds_it():
    index = Keyword.build(rows("it says ERR_CONN_RESET.", "it says ERR_CONN_CLOSED", "reset the connection"))
    assert best(index, rows("(err_conn_reset)", "ERR_CONN_CLOSED!")) == [0, 1]


def test_japanese_is_found_by_a_part_of_a_sentence():
    index = Keyword.build(rows("請求書が届かない", "接続エラーが出る", language="ja"))
    assert best(index, rows("エラーの接続", language="ja")) == [1]


def test_a_language_that_hardly_any_document_has_is_taken_for_the_usual_one():
    texts = rows(*["connections failing"] * 150).with_columns(language=pl.Series(["de"] + ["en"] * 149))
    index = Keyword.build(texts)
    assert index.scores(index.queries(rows("connection", language="fr"))[0])[0] > 0


def test_what_no_document_says_finds_nothing():
    index = Keyword.build(rows("login", ""))
    unknown, empty = index.queries(rows("zebra", ""))
    assert index.scores(unknown).tolist() == [0, 0]
    assert index.scores(empty).tolist() == [0, 0]


@settings(max_examples=20, deadline=None)
@given(st.lists(SAID, min_size=1, max_size=5), SAID)
def test_saved_then_loaded_finds_the_same(tmp_path_factory, documents, asked):
    folder = tmp_path_factory.mktemp("keyword")
    index = Keyword.build(rows(*(" ".join(words) for words in documents)))
    index.save(folder)
    loaded = Keyword.load(folder)

    question = rows(" ".join(asked))
    assert loaded.documents == len(documents)
    expected = index.scores(index.queries(question)[0])
    assert np.array_equal(loaded.scores(loaded.queries(question)[0]), expected)


def test_arrays_are_mapped_and_nothing_is_a_pickle(tmp_path):
    Keyword.build(rows("login broken")).save(tmp_path)
    assert {path.suffix for path in tmp_path.iterdir()} == {".npy", ".json"}
    for path in tmp_path.glob("*.npy"):
        np.load(path, allow_pickle=False)
    assert isinstance(Keyword.load(tmp_path)._index.scores["data"], np.memmap)


def test_a_damaged_index_is_refused(tmp_path):
    with pytest.raises(ArtifactDamaged, match="no keyword index"):
        Keyword.load(tmp_path)
    Keyword.build(rows("login")).save(tmp_path)
    (tmp_path / SETTINGS).write_text(f'{{"format": {FORMAT + 1}, "weights": {{}}, "languages": []}}')
    with pytest.raises(FormatMismatch, match="format"):
        Keyword.load(tmp_path)


def test_an_index_beside_another_scores_as_one_that_was_built_of_both(desked):
    old, new = desked.problems[:440], desked.problems[440:]
    base, whole = Keyword.build(old), Keyword.build(desked.problems)
    beside = base.beside(new)

    for row in range(0, 480, 9):
        asked = desked.problems[row]
        ours = np.concatenate([one.scores(one.queries(asked)[0]) for one in (base, beside)])
        anew = whole.scores(whole.queries(asked)[0])
        assert ((ours > 0) == (anew > 0)).all()
        assert ours[440:] == pytest.approx(anew[440:], rel=0.02, abs=0.02)
        assert ours[:440] == pytest.approx(anew[:440], rel=0.05, abs=0.05)


def test_beside_another_a_word_is_as_rare_as_in_both(desked):
    base = Keyword.build(rows(*["invoice wrong"] * 50, *["login wrong"] * 50))
    beside = base.beside(rows("invoice wrong", "zeppelin wrong"))
    alone = Keyword.build(rows("invoice wrong", "zeppelin wrong"))

    def scores(index, text):
        return index.scores(index.queries(rows(text))[0]).tolist()

    assert scores(beside, "zeppelin")[1] > 3 * scores(beside, "invoice")[0] > 0
    assert scores(alone, "zeppelin")[1] == scores(alone, "invoice")[0]
    assert scores(beside, "nothing like it") == [0, 0]


def test_beside_another_nothing_at_all_can_be_saved_and_asked(tmp_path):
    beside = Keyword.build(rows("login broken")).beside(rows("login")[:0])
    beside.save(tmp_path)
    again = Keyword.load(tmp_path)

    assert again.documents == 0
    assert again.scores(again.queries(rows("login"))[0]).tolist() == []


@given(SAID, SAID)
def test_what_is_built_beside_finds_whatever_is_said_in_it(old, new):
    base = Keyword.build(rows(" ".join(old), "always the same"))
    beside = base.beside(rows(" ".join(new), "never the same"))
    alone = Keyword.build(rows(" ".join(new), "never the same"))

    asked = rows("login broken invoice ERR_42 接続 FileSystem.mkdirs")
    ours, theirs = (index.scores(index.queries(asked)[0]) > 0 for index in (beside, alone))
    assert ours.tolist() == theirs.tolist()
