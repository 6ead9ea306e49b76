"""All stages together."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from ml.retrieve.documents import prepared
from ml.retrieve.finder import METHODS, Finder

START = datetime(2026, 1, 1, tzinfo=UTC)
WORDS = ("invoice", "login", "printer", "export", "dashboard", "license", "backup", "mail", "chart", "search")


def rows(texts, days=None):
    created = [None if days is None else START + timedelta(days=day) for day in (days or texts)]
    columns = {"title": [title for title, _ in texts], "text": [text for _, text in texts], "created_at": created}
    schema = {"title": pl.String, "text": pl.String, "created_at": pl.Datetime("us", "UTC")}
    return prepared(pl.DataFrame(columns, schema=schema).with_columns(language=pl.lit("en")))


@pytest.fixture
def finder(letters):
    texts = [(f"{word} fails", f"The {word} does not work, ERR_{word.upper()}_GONE") for word in WORDS]
    return Finder.build(rows(texts), letters(), seed=0)


@pytest.mark.parametrize("method", METHODS)
def test_every_method_finds_what_says_the_same(finder, letters, method):
    asked = rows([("printer problem", "our printer does not work any more: ERR_PRINTER_GONE")])
    scores = finder.scores(asked, letters(), np.ones(len(WORDS), dtype=bool), method)
    assert WORDS[int(scores.argmax())] == "printer"


def test_words_that_no_document_has_are_found_by_meaning_alone(finder, letters):
    asked = rows([("zzz", "qqq")])
    everything = np.ones(len(WORDS), dtype=bool)
    assert np.isneginf(finder.scores(asked, letters(), everything, "keyword")).all()
    for method in ("dense", "fusion", "finder"):
        assert np.isfinite(finder.scores(asked, letters(), everything, method)).all()


@pytest.mark.parametrize(
    "asked", [("", ""), ("", "\n\n"), ("🔥" * 50, "مرحبا بالعالم"), ("'; DROP TABLE x; --", "{}[]^$")]
)
def test_any_text_may_ask(finder, letters, asked):
    for method in METHODS:
        scores = finder.scores(rows([asked]), letters(), np.ones(len(WORDS), dtype=bool), method)
        assert not np.isnan(scores).any()


def test_of_two_that_say_the_same_the_one_nearer_in_time_is_first(letters):
    rng = np.random.default_rng(0)
    said, days = [], []
    for _ in range(200):
        words = " ".join("".join(rng.choice(list("abcdefghijklmnopqrstuvwxyz"), 6)) for _ in range(8))
        day = float(rng.uniform(0, 1_000))
        said += [("", words), ("", f"again {words}")]
        days += [day, day + 0.2]
    said += [("", "printer is on fire"), ("", "printer is on fire")]
    days += [100.0, 900.0]
    finder = Finder.build(rows(said, days), letters(), seed=0)
    everything = np.ones(len(said), dtype=bool)

    late = finder.scores(rows([("", "fire in the printer")], [900.5]), letters(), everything, "finder")
    early = finder.scores(rows([("", "fire in the printer")], [100.5]), letters(), everything, "finder")
    assert late.argmax() == len(said) - 1
    assert early.argmax() == len(said) - 2


def test_a_body_that_repeats_the_title_is_empty_and_errors_are_named():
    found = rows([("Login fails", " Login fails "), ("x", "java.io.IOException: gone\n\tat a.B.c(B.java:1)")])
    assert found["body"].to_list()[0] == ""
    assert "java.io.IOException" in found["errors"].to_list()[1]
    assert found["errors"].to_list()[0] == ""
    assert found["days"].null_count() == 2
