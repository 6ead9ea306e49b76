"""Terms counted once for many models are those that each would count for itself."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.classify.blocks import Terms
from ml.classify.corpus import KINDS, counters, of_words
from ml.classify.learner import FEW, Inputs

WEIGHTS = dict.fromkeys(KINDS, 1.0)
TEXTS = st.lists(st.text(alphabet="abc é日🙂.!", max_size=12), min_size=1, max_size=30)


def inputs(texts):
    some = texts * (FEW // len(texts) + 2)
    return Inputs(pl.Series(some, dtype=pl.String), np.zeros((len(some), 0), np.float32), pl.DataFrame())


def same(one, other):
    return one.shape == other.shape and abs(one - other).max() < 1e-6


@settings(deadline=None, max_examples=30)
@given(TEXTS, st.integers(0, 2**32 - 1))
def test_terms_of_a_part_are_those_of_the_part_alone(texts, seed):
    whole = inputs(texts)
    places = np.random.default_rng(seed).permutation(len(whole))[: FEW + 1]
    shared, alone = whole.counted_once().take(places), whole.take(places)
    assert shared.within is not None
    terms, own = Terms.fit(shared, WEIGHTS), Terms.fit(alone, WEIGHTS)
    assert terms.names == own.names
    for kind, rows in terms.transform(shared).items():
        assert same(rows, own.transform(alone)[kind])


@settings(deadline=None, max_examples=30)
@given(TEXTS, TEXTS)
def test_terms_of_other_texts_are_found_the_same_way(texts, others):
    terms = Terms.fit(inputs(texts), WEIGHTS)
    plain = inputs(others)
    for kind, rows in terms.transform(plain.counted_once()).items():
        assert same(rows, terms.transform(plain)[kind])


def test_weights_are_those_of_scikit_learn():
    from sklearn.feature_extraction.text import TfidfVectorizer

    given_ = inputs(["the export is empty", "the invoice is wrong", "the export the export"])
    for kind, rows in Terms.fit(given_, WEIGHTS).transform(given_).items():
        expected = TfidfVectorizer(**KINDS[kind], sublinear_tf=True).fit_transform(given_.texts.to_list())
        assert rows.toarray() == pytest.approx(expected.toarray(), abs=1e-6)


def test_few_texts_are_counted_by_themselves():
    assert inputs(["a b"]).counted_once().take(np.arange(3)).within is None


def test_what_pieces_of_a_word_say_is_said_of_the_word():
    text = "Export (export) fails, the exports fail"
    pieces = dict.fromkeys(next(iter(counters("pieces", pl.Series([text])))), 1.0)

    found = of_words({**pieces, "xpor": 6.0, " th": 2.0}, text)

    assert set(found) == {"export", "fails", "the", "exports", "fail"}
    assert sum(found.values()) == pytest.approx(sum(pieces.values()) + 5.0 + 1.0)
    assert found["export"] > found["exports"]


def test_where_words_are_not_parted_the_pieces_are_said():
    assert of_words({"出力": 1.5, "xp": 1.0}, "出力が空です") == {"出力": 1.5}
