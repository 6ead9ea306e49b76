"""Texts as terms: stems, pairs of characters, names whole and in parts."""

from collections import Counter

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.retrieve.analysis import counted, expand, terms


def analysed(text, language="en"):
    return terms(pl.Series([text]), pl.Series([language], dtype=pl.String))["term"].to_list()


@pytest.mark.parametrize(
    ("language", "one", "other"),
    [
        ("en", "connections failing", "connection failed"),
        ("de", "Verbindungen", "Verbindung"),
        ("fr", "paiements refusés", "paiement refusé"),
        ("es", "errores", "error"),
        ("it", "pagamenti", "pagamento"),
        ("pt", "pagamentos", "pagamento"),
    ],
)
def test_forms_of_a_word_are_one_term_in_its_language(language, one, other):
    assert analysed(one, language) == analysed(other, language)
    assert analysed(one, language)


def test_words_that_say_nothing_are_left_out():
    assert analysed("the of and is") == []
    assert analysed("der die das und", "de") == []


def test_japanese_and_chinese_are_pairs_of_characters():
    assert analysed("接続エラー", "ja") == ["接続", "続エ", "エラ", "ラー"]
    assert analysed("无法登录500", "zh") == ["无法", "法登", "登录", "500"]
    assert analysed("金", "zh") == ["金"]


def test_a_method_is_found_whole_by_its_names_and_by_their_words():
    found = analysed("org.apache.fs.FileSystem.mkdirs")
    assert {"filesystem.mkdirs", "filesystem", "file", "system", "mkdir"} <= set(found)
    assert "org.apache.fs.filesystem.mkdirs" in found


@pytest.mark.parametrize("code", ["ERR_CONN_RESET", "HADOOP-1234", "fs.s3a.connection.timeout", "0x80070005"])
def test_codes_and_settings_are_kept_whole(code):
    assert code.lower() in analysed(f"it says {code}, always")


def test_a_version_is_kept_whole_and_by_its_beginning_not_as_numbers():
    assert analysed("3.2.1") == ["3.2", "3.2.1"]
    assert "3.2" in analysed("since v3.2") or "v3.2" in analysed("since v3.2")


def test_a_humped_name_is_its_words_and_itself():
    assert expand("S3AFileSystem", str) == ["s3a", "file", "system", "s3afilesystem"]
    assert expand("HTTP404Error", str) == ["http404", "error", "http404error"]


def test_a_name_without_end_is_known_by_its_parts_alone():
    assert all(len(term) <= 80 for term in analysed("a_" * 500))


def test_null_is_empty_and_an_unknown_language_is_no_error():
    found = terms(pl.Series([None, "hello", "hello"]), pl.Series([None, None, "xx"], dtype=pl.String))
    assert found.rows() == [(1, "hello"), (2, "hello")]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text(max_size=60), max_size=5))
def test_any_text_has_terms_of_its_own_row_in_order(texts):
    found = terms(pl.Series(texts, dtype=pl.String), pl.Series(["en"] * len(texts), dtype=pl.String))
    assert found["text"].is_sorted()
    assert found["term"].str.len_chars().min() != 0
    assert set(found["text"]) <= set(range(len(texts)))


WRITTEN = st.text(max_size=40) | st.lists(
    st.sampled_from(
        [
            "fs.FileSystem.mkdirs",
            "ERR_42",
            "v3.2.1",
            "接続エラー",
            "Verbindungen",
            "the",
            "a-b",
            "x" * 90,
            "#",
            "İ",
            "ß",
            " ",
        ]
    ),
    max_size=8,
).map(" ".join)


@settings(deadline=None)
@given(st.lists(WRITTEN | st.none(), min_size=1, max_size=3), st.sampled_from(["en", "de", "ja", "tr", "xx", None]))
def test_one_text_has_the_terms_that_it_has_among_many(texts, language):
    weights = [3, 1, 2][: len(texts)]
    found = counted(tuple(zip(texts, weights, strict=True)), language)

    expected = Counter()
    for text, weight in zip(texts, weights, strict=True):
        many = terms(pl.Series([text, "other words"], dtype=pl.String), pl.Series([language, "en"], dtype=pl.String))
        for term in many.filter(pl.col("text") == 0)["term"]:
            expected[term] += weight
    assert found == expected
