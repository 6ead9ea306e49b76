"""Search by meaning."""

import numpy as np
import polars as pl
import pytest

from ml.retrieve.dense import FORMAT, SETTINGS, Dense
from warehouse.errors import ArtifactDamaged, FormatMismatch


def rows(*texts):
    return pl.DataFrame([("", text) for text in texts], schema=["title", "body"], orient="row")


def test_the_score_is_the_cosine_of_title_and_text(letters):
    index = Dense.build(rows("aab", "ccc"), letters())
    [query] = index.queries(rows("ab"), letters())

    expected = (2 * 1 + 1 * 1) / np.sqrt(5) / np.sqrt(2)
    assert index.scores(query) == pytest.approx([expected, 0], abs=2e-3)


def test_of_a_long_text_the_best_passage_counts(letters):
    long = ". ".join(["x " * 100, "y " * 100, "z " * 100])
    index = Dense.build(rows("xyz", long), letters())

    [query] = index.queries(rows("yyy"), letters())
    assert index.scores(query).argmax() == 1
    assert index.scores(query)[1] == pytest.approx(1, abs=1e-2)


def test_who_asks_at_length_asks_with_every_passage(letters):
    index = Dense.build(rows("x", "xy"), letters())
    [query] = index.queries(rows(". ".join(["x " * 100, "y " * 100])), letters())

    assert len(query) == 2
    assert index.scores(query) == pytest.approx([0.5, 1 / np.sqrt(2)], abs=1e-2)


def test_saved_then_loaded_finds_the_same_from_mapped_arrays(letters, tmp_path):
    index = Dense.build(rows("abc", "", "xyz"), letters())
    index.save(tmp_path)
    loaded = Dense.load(tmp_path)

    [query] = index.queries(rows("abd"), letters())
    assert np.array_equal(loaded.scores(query), index.scores(query))
    assert isinstance(loaded._vectors, np.memmap)
    assert {path.suffix for path in tmp_path.iterdir()} == {".npy", ".json"}


def test_another_encoder_may_not_ask(letters):
    index = Dense.build(rows("abc"), letters())
    with pytest.raises(FormatMismatch, match="digest"):
        index.queries(rows("abc"), letters("other"))


def test_a_damaged_index_is_refused(letters, tmp_path):
    with pytest.raises(ArtifactDamaged, match="no index of vectors"):
        Dense.load(tmp_path)
    Dense.build(rows("abc"), letters()).save(tmp_path)
    (tmp_path / SETTINGS).write_text(f'{{"format": {FORMAT + 1}}}')
    with pytest.raises(FormatMismatch, match="format"):
        Dense.load(tmp_path)
