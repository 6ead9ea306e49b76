"""Terms of many texts, counted once however many models learn from parts of them."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
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
LONGEST_WORD = 40
_EDGES = re.compile(r"^\W+|\W+$")
_UNPARTED = re.compile("[\u3040-\u30ff\u3400-\u9fff]")


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


def of_words(weights: Mapping[str, float], text: str) -> dict[str, float]:
    """Weights of a text's pieces as those of its words: a piece's is shared by the words it stands in.

    Where words are not parted, or have no letter, the pieces stay as they are.
    """
    words = Counter(text.lower().split())
    held = {word: _pieces(word) for word in words}
    total: Counter[str] = Counter()
    for word, times in words.items():
        for piece, number in held[word].items():
            total[piece] += number * times
    found: dict[str, float] = {}
    for word, times in words.items():
        name = _EDGES.sub("", word)
        whole = bool(name) and len(name) <= LONGEST_WORD and not _UNPARTED.search(name)
        for piece, number in held[word].items():
            if piece in weights:
                term = name if whole else piece.strip()
                found[term] = found.get(term, 0.0) + weights[piece] * number * times / total[piece]
    return found


@lru_cache(maxsize=4_000)
def _pieces(word: str) -> "Counter[str]":
    return Counter(_analyzer("pieces")(word))


@cache
def _analyzer(kind: str) -> Callable[[str], list[str]]:
    from sklearn.feature_extraction.text import CountVectorizer

    found: Callable[[str], list[str]] = CountVectorizer(**KINDS[kind]).build_analyzer()
    return found
