"""Weights from documents that answer themselves."""

import numpy as np
import polars as pl

from ml.retrieve.documents import prepared
from ml.retrieve.finder import FINDER
from ml.retrieve.pseudo import STAGES, learned

SOUNDS = [consonant + vowel for consonant in "bdkl" for vowel in "aeiou"]


def corpus(count, sentences, seed=0):
    """Texts of invented words, each of its own few: the words of one half are those of the other, in another order."""
    rng = np.random.default_rng(seed)
    texts = []
    for _ in range(count):
        own = ["".join(rng.choice(SOUNDS, 3)) for _ in range(5)]
        texts.append(" ".join(f"{' '.join(rng.permutation(own))}." for _ in range(sentences)))
    return prepared(pl.DataFrame({"title": [""] * count, "text": texts}).with_columns(language=pl.lit("en")))


def test_where_halves_share_their_words_each_stage_that_sees_words_is_trusted(letters):
    found = learned(corpus(60, 6), letters(), seed=0)
    assert tuple(found) == STAGES
    assert found["keyword"] > 0.3
    assert all(weight >= 0 for weight in found.values())


def test_texts_too_short_to_be_halved_leave_the_shipped_weights(letters):
    found = learned(corpus(20, 2), letters(), seed=0)
    assert found == {name: FINDER.weights[name] for name in STAGES}
