"""What is defined for texts that nobody expects: nothing raises, and no text takes more than linear time."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.text.clean import clean
from ml.text.entities import Catalogue, entities
from ml.text.language import language
from ml.text.redact import people, redact

CATALOGUE = Catalogue.of(["Ledger Cloud"], ["tax_engine"])
NAMES = people(["Ann Lee", "岡田 真理"])
PIECES = st.sampled_from([
    "<p>", "</", "<blockquote>", "&#", "> ", "\n", "\r\n", "-- ", "Regards\n", "On 3 May Ann wrote:\n",
    "From: a\n", "http://", "a@b.example", "+49 ", "4111 1111 1111 1111", "DE89 3704", "10.0.0.", "::", "v1.",
    "ERR_", "C:\\", "/opt/", "\tat a.b(", "Ledger Cloud", "Ann Lee", "urgent", "お世話になっております。",
    "您好", "😀", "\u202e", "\ufdd0", "\ufffc", "[EMAIL]", "\x00",
])  # fmt: skip
TEXT = st.one_of(st.text(max_size=300), st.lists(st.one_of(PIECES, st.text(max_size=12)), max_size=30).map("".join))
LONG = 1_000_000
MONSTROUS = {
    "one letter": "a", "digits": "1", "groups of digits": "1 ", "open tags": "<a ", "tags": "<div>",
    "quotes": "\n>", "lines": "\n", "entities": "&amp;", "comments": "<!--", "addresses": "a.b@", "dots": "1.",
    "underscores": "A_", "slashes": "/a", "backslashes": "\\a", "colons": "ab:", "heads": "From: a\n",
    "closings": "thanks\n", "greetings": "hello ", "cues": "password: ", "frames": "\nat ",
    "versions": "version 1", "links": "https://", "accounts": "AA11 1111 ", "brackets": "(0",
    "footers": "this message is confidential\n", "emoji": "😀", "accents": "e\u0301",
    "Japanese": "お世話になっております。", "from the right": "שלום ", "names": "Ann Lee ",
}  # fmt: skip


@settings(deadline=None)
@given(st.lists(st.one_of(st.none(), TEXT), max_size=4))
def test_nothing_raises_and_every_text_has_its_row(texts: list[str | None]) -> None:
    column = pl.Series(texts, dtype=pl.String)

    assert len(clean(column)) == len(language(column)) == len(texts)
    assert len(redact(column, NAMES)[0]) == len(texts)
    spans = entities(column, CATALOGUE)
    for text, value, start, end in spans.select("text", "value", "start", "end").iter_rows():
        assert len(value) == end - start
        assert (texts[text] or "")[start:end] == value or "\ufdd0" in (texts[text] or "")


@settings(deadline=None)
@given(TEXT)
def test_what_is_redacted_holds_nothing_to_redact(text: str) -> None:
    redacted, spans = redact(pl.Series([text], dtype=pl.String), NAMES)
    again, rest = redact(redacted, NAMES)

    assert again.to_list() == redacted.to_list()
    assert rest.is_empty()
    assert all(0 <= start < end <= len(text) for start, end in spans.select("start", "end").iter_rows())


@settings(deadline=None)
@given(TEXT)
def test_cleaning_empties_no_text_that_says_something(text: str) -> None:
    cleaned = clean(pl.Series([text], dtype=pl.String))[0]

    assert cleaned == cleaned.strip()
    assert "\n\n" not in cleaned
    if any(letter.isalnum() for letter in text) and not set("<&") & set(text):
        assert cleaned


@pytest.mark.parametrize("piece", MONSTROUS.values(), ids=MONSTROUS.keys())
def test_a_megabyte_of_anything_is_read(piece: str) -> None:
    text = pl.Series([piece * (LONG // len(piece.encode()))])

    assert len(clean(text)) == len(language(text)) == len(redact(text, NAMES)[0]) == 1
    assert entities(text, CATALOGUE).columns == ["text", "kind", "value", "start", "end", "name"]


@pytest.mark.parametrize("blank", [None, "", " ", "\n\t \r\n", "\u200b\ufeff\u00a0"])
def test_nothing_but_whitespace_is_no_text(blank: str | None) -> None:
    text = pl.Series([blank], dtype=pl.String)

    assert clean(text).to_list() == [""]
    assert language(text).row(0) == (None, None)
    assert redact(text)[1].is_empty()
    assert entities(text, CATALOGUE).is_empty()
