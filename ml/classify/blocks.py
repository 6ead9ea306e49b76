"""A text in blocks of unit length: words and pairs, pieces of words, and the sentence embeddings as they come."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from ml.classify.learner import Inputs

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

KINDS: dict[str, dict[str, Any]] = {
    "words": {"ngram_range": (1, 2), "token_pattern": r"(?u)\b\w+\b"},
    "pieces": {"analyzer": "char_wb", "ngram_range": (2, 5)},
}
"""Pieces also serve languages that do not part their words; of them, 60,000 at most."""
MOST_TERMS = 60_000
MOST_KEPT = 64
"""Texts whose counted terms are kept for the next model: a long one has a thousand."""
MEANING = "meaning of the text"
NOTHING = "∅"
"""The one term of a corpus without any."""
Weights = dict[str, float]


@dataclass(frozen=True)
class Terms:
    """Both vocabularies, with the weight of each term."""

    vectorizers: dict[str, Any]

    @classmethod
    def fit(cls, texts: pl.Series, weights: Weights) -> "Terms":
        """Learn the vocabularies that have a weight; of the others, and of blank texts, one that nothing matches."""
        return cls({kind: _fit(kind, texts.to_list()) if weights[kind] else _nothing(kind) for kind in KINDS})

    def transform(self, inputs: Inputs, kinds: Sequence[str] = tuple(KINDS)) -> "dict[str, csr_matrix]":
        """One row per text and block, of unit length (all zero where no term is known)."""
        return {kind: self._weighted(kind, _counted(kind, inputs)) for kind in kinds}

    @cached_property
    def names(self) -> dict[str, list[str]]:
        """The terms of each block, in the order of its columns."""
        return {kind: list(found.get_feature_names_out()) for kind, found in self.vectorizers.items()}

    def _weighted(self, kind: str, counted: "Iterable[Counter[str]]") -> "csr_matrix":
        """Sublinear TF-IDF of unit length, as scikit-learn's `TfidfVectorizer` weighs it."""
        from scipy.sparse import csr_matrix

        vectorizer = self.vectorizers[kind]
        vocabulary, idf = vectorizer.vocabulary_, vectorizer.idf_
        columns: list[int] = []
        counts: list[int] = []
        ends = [0]
        for terms in counted:
            known = [(vocabulary[term], count) for term, count in terms.items() if term in vocabulary]
            columns += [column for column, _ in known]
            counts += [count for _, count in known]
            ends.append(len(columns))
        places = np.array(columns, np.int32)
        weights = (1 + np.log(np.array(counts, np.float64))) * idf[places]
        sizes = np.diff(ends)
        sums = np.add.reduceat(np.append(weights**2, 0.0), ends[:-1]) if len(sizes) else np.empty(0)
        lengths = np.sqrt(np.where(sizes > 0, sums, 1.0))
        scaled = (weights / np.repeat(lengths, sizes)).astype(np.float32)
        found = csr_matrix((scaled, places, np.array(ends, np.int32)), shape=(len(sizes), len(vocabulary)))
        found.sort_indices()
        return found

    def save(self, folder: Path) -> None:
        """Write vocabularies (JSON) and weights (npy)."""
        for kind, names in self.names.items():
            (folder / f"{kind}.json").write_bytes(msgspec.json.encode(names))
            np.save(folder / f"{kind}.npy", self.vectorizers[kind].idf_, allow_pickle=False)

    @classmethod
    def load(cls, folder: Path) -> "Terms":
        """Read what `save` wrote."""
        return cls(
            {
                kind: _vectorizer(
                    kind,
                    msgspec.json.decode((folder / f"{kind}.json").read_bytes(), type=list[str]),
                    np.load(folder / f"{kind}.npy", allow_pickle=False),
                )
                for kind in KINDS
            }
        )


def joined(terms: Terms, inputs: Inputs, weights: Weights) -> "csr_matrix":
    """All blocks side by side, each scaled by its weight; the embeddings' weight is under `vectors`."""
    from scipy.sparse import csr_matrix, hstack

    scaled = [matrix * weights[kind] for kind, matrix in terms.transform(inputs).items()]
    return hstack([*scaled, csr_matrix(inputs.vectors * weights["vectors"])]).tocsr()


def _counted(kind: str, inputs: Inputs) -> "Iterable[Counter[str]]":
    """How often each term stands in each text; of few texts counted once, whichever models ask."""
    if kind in inputs.read:
        found: Iterable[Counter[str]] = inputs.read[kind]
        return found
    counted = (Counter(_analyzer(kind)(text)) for text in inputs.texts)
    if len(inputs) > MOST_KEPT:
        return counted
    return inputs.read.setdefault(kind, list(counted))  # type: ignore[no-any-return]


@cache
def _analyzer(kind: str) -> Callable[[str], list[str]]:
    from sklearn.feature_extraction.text import TfidfVectorizer

    found: Callable[[str], list[str]] = TfidfVectorizer(**KINDS[kind]).build_analyzer()
    return found


def indices(labels: pl.Series, classes: list[str]) -> NDArray[np.int64]:
    """The place of each label among the classes, -1 for one that is not there."""
    place = {name: index for index, name in enumerate(classes)}
    return np.array([place.get(label, -1) for label in labels], dtype=np.int64)


def _fit(kind: str, texts: list[str]) -> Any:
    from sklearn.feature_extraction.text import TfidfVectorizer

    found = TfidfVectorizer(**KINDS[kind], max_features=MOST_TERMS, sublinear_tf=True, dtype=np.float32)
    try:
        return found.fit(texts)
    except ValueError:  # no text says anything
        return _nothing(kind)


def _nothing(kind: str) -> Any:
    return _vectorizer(kind, [NOTHING], np.ones(1))


def _vectorizer(kind: str, names: list[str], idf: NDArray[Any]) -> Any:
    from sklearn.feature_extraction.text import TfidfVectorizer

    found = TfidfVectorizer(**KINDS[kind], vocabulary=names, sublinear_tf=True, dtype=np.float32)
    found.idf_ = idf
    return found
