"""Terms of many texts, counted once however many models learn from parts of them."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

KINDS: dict[str, dict[str, Any]] = {
    "words": {"ngram_range": (1, 2), "token_pattern": r"(?u)\b\w+\b"},
    "pieces": {"analyzer": "char_wb", "ngram_range": (2, 5)},
}
"""Pieces also serve languages that do not part their words."""


@dataclass(frozen=True)
class Block:
    """How often each term (columns, in the order of their names) stands in each text (rows)."""

    counts: "csr_matrix"
    names: NDArray[np.object_]

    @cached_property
    def column(self) -> dict[str, int]:
        """The column of each term."""
        return {name: place for place, name in enumerate(self.names)}


class Corpus:
    """Texts whose terms are counted when they are first asked for."""

    def __init__(self, texts: pl.Series) -> None:
        """`texts` are never null."""
        self.texts = texts
        self._blocks: dict[str, Block] = {}

    def block(self, kind: str) -> Block:
        """The counts of one of `KINDS`."""
        if kind not in self._blocks:
            self._blocks[kind] = count(kind, self.texts)
        return self._blocks[kind]


def count(kind: str, texts: pl.Series) -> Block:
    """Every term of the texts, counted."""
    from scipy.sparse import csr_matrix
    from sklearn.feature_extraction.text import CountVectorizer

    vectorizer = CountVectorizer(**KINDS[kind], dtype=np.int32)
    try:
        counts = vectorizer.fit_transform(texts.to_list())
    except ValueError:  # no text says anything
        return Block(csr_matrix((len(texts), 0), dtype=np.int32), np.empty(0, np.object_))
    return Block(counts, vectorizer.get_feature_names_out())


def counters(kind: str, texts: pl.Series) -> "Iterable[Counter[str]]":
    """Term counts text by text: cheaper than a matrix for few texts."""
    return (Counter(_analyzer(kind)(text)) for text in texts)


@cache
def _analyzer(kind: str) -> Callable[[str], list[str]]:
    from sklearn.feature_extraction.text import CountVectorizer

    found: Callable[[str], list[str]] = CountVectorizer(**KINDS[kind]).build_analyzer()
    return found
