"""Directions that tell groups apart are kept, those in which one group differs go."""

import numpy as np
import polars as pl

from ml.graph.relevant import relevant
from ml.text.vectors import unit


def letters(count=800, seed=0):
    """Ten kinds of problems in five directions, politeness in the other five, three times as loud."""
    draw = np.random.default_rng(seed)
    kinds = draw.integers(0, 10, count)
    centres = np.random.default_rng(99).normal(size=(10, 5))
    said = np.hstack([centres[kinds] + draw.normal(scale=0.2, size=(count, 5)), draw.normal(scale=3, size=(count, 5))])
    return unit(said.astype(np.float32)), kinds


def nearest_is_alike(vectors, kinds):
    likeness = vectors @ vectors.T
    np.fill_diagonal(likeness, -1)
    return np.mean(kinds[likeness.argmax(axis=1)] == kinds)


def test_what_remedies_tell_apart_is_what_neighbours_share():
    vectors, kinds = letters()
    known = pl.Series([f"remedy {kind}" if at % 2 else None for at, kind in enumerate(kinds)])
    turned = unit(relevant(vectors, known))
    unseen = np.arange(len(kinds)) % 2 == 0
    assert nearest_is_alike(turned[unseen], kinds[unseen]) > nearest_is_alike(vectors[unseen], kinds[unseen]) + 0.2


def test_with_few_remedies_vectors_stay_as_they_are():
    vectors, kinds = letters()
    few = pl.Series([str(kind) if at < 20 else None for at, kind in enumerate(kinds)])
    assert relevant(vectors, few) is vectors
    assert relevant(vectors, pl.Series([None] * len(kinds), dtype=pl.String)) is vectors
    alone = pl.Series([f"only {at}" for at in range(len(kinds))])
    assert relevant(vectors, alone) is vectors
