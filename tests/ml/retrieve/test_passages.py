"""Texts in pieces that a model can read whole."""

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.retrieve.passages import MOST, WORDS, cut, passages, sentences


def test_a_short_text_is_one_passage_with_its_title():
    assert cut("Login fails", "Since monday. Nobody can log in.") == ["Login fails. Since monday. Nobody can log in."]


def test_a_text_without_a_body_is_its_title_and_an_empty_one_is_empty():
    assert cut("Login fails", "") == ["Login fails"]
    assert cut("", "") == [""]


def test_a_long_text_is_cut_where_sentences_end_and_each_piece_has_the_title():
    said = " ".join(f"Sentence {number} has exactly these eight words here." for number in range(40))
    found = cut("Title", said)

    assert len(found) == 3
    assert all(piece.startswith("Title. Sentence") and piece.endswith("here.") for piece in found)


def test_frames_of_a_trace_are_left_out():
    body = "It fails.\n\njava.io.IOException: gone\n\tat a.b.C.d(C.java:12)\n... 83 more\n\nHelp!"
    assert sentences(body) == ["It fails.", "java.io.IOException: gone", "Help!"]


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=50), st.text(max_size=2_000), st.sampled_from([" ", "", "。", ". "]))
def test_no_text_makes_more_or_longer_passages_than_allowed(title, word, glue):
    found = cut(title, glue.join([word] * 3))
    assert 1 <= len(found) <= MOST
    assert all(len(piece.split()) <= 2 * WORDS + len(title.split()) for piece in found)


def test_every_text_has_a_passage_of_its_own_row():
    found = passages(pl.Series(["a", None, "c"]), pl.Series([None, "b", "."]))
    assert found["text"].to_list() == [0, 1, 2]
    assert found["passage"].to_list()[:2] == ["a", "b"]
