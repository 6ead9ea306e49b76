"""A text in blocks of unit length: words and pairs, pieces of words, and the sentence embeddings as they come."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from ml.classify.corpus import KINDS, Block, Corpus, counters
from ml.classify.learner import FEW, Inputs, Places

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

MOST_TERMS = 60_000
"""Of a block."""
NOTHING = "∅"
"""The one term of a corpus without any."""
Weights = dict[str, float]


@dataclass(frozen=True)
class Terms:
    """Both vocabularies, with the weight of each term."""

    vectorizers: dict[str, Any]

    @classmethod
    def fit(cls, inputs: Inputs, weights: Weights) -> "Terms":
        """Learn the vocabularies that have a weight; of the others, and of blank texts, one that nothing matches."""
        return cls({kind: _fit(kind, inputs) if weights[kind] else _nothing(kind) for kind in KINDS})

    def transform(self, inputs: Inputs, kinds: Sequence[str] = tuple(KINDS)) -> "dict[str, csr_matrix]":
        """One row per text and block, of unit length (all zero where no term is known)."""
        return {kind: inputs.once((id(self), kind), partial(self._rows, kind, inputs)) for kind in kinds}

    def _rows(self, kind: str, inputs: Inputs) -> "csr_matrix":
        return _weighted(self._counts(kind, inputs), self.vectorizers[kind].idf_)

    def _counts(self, kind: str, inputs: Inputs) -> "csr_matrix":
        """How often each known term stands in each text."""
        vocabulary = self.vectorizers[kind].vocabulary_
        if inputs.within is not None:
            corpus, places = inputs.within
            return _chosen(corpus.block(kind), places, self.names[kind])
        counted = counters(kind, inputs.texts)
        return _matrix(counted if len(inputs) > FEW else inputs.once(kind, lambda: list(counted)), vocabulary)

    @cached_property
    def names(self) -> dict[str, list[str]]:
        """The terms of each block, in the order of its columns."""
        return {kind: list(found.get_feature_names_out()) for kind, found in self.vectorizers.items()}

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


def _matrix(counted: "Iterable[Counter[str]]", vocabulary: dict[str, int]) -> "csr_matrix":
    from scipy.sparse import csr_matrix

    columns: list[int] = []
    counts: list[int] = []
    ends = [0]
    for terms in counted:
        known = [(vocabulary[term], number) for term, number in terms.items() if term in vocabulary]
        columns += [column for column, _ in known]
        counts += [number for _, number in known]
        ends.append(len(columns))
    found = (np.array(counts, np.int32), np.array(columns, np.int32), np.array(ends, np.int32))
    return csr_matrix(found, shape=(len(ends) - 1, len(vocabulary)))


def _chosen(block: Block, places: Places, names: Sequence[str]) -> "csr_matrix":
    """The counts of these terms, one row for each of the places."""
    from scipy.sparse import csr_matrix

    known = np.array([block.column.get(name, -1) for name in names], np.int64)
    target = np.full(len(block.names) + 1, -1, np.int64)
    target[known[known >= 0]] = np.flatnonzero(known >= 0)
    rows = block.counts[places]
    columns = target[rows.indices]
    kept = columns >= 0
    ends = np.concatenate([[0], np.cumsum(kept)])[rows.indptr]
    return csr_matrix((rows.data[kept], columns[kept], ends), shape=(len(places), len(names)))


def _weighted(counts: "csr_matrix", idf: NDArray[Any]) -> "csr_matrix":
    """Sublinear TF-IDF of unit length, as scikit-learn's `TfidfVectorizer` weighs it."""
    from scipy.sparse import csr_matrix

    weights = (1 + np.log(counts.data.astype(np.float64))) * idf[counts.indices]
    sizes = np.diff(counts.indptr)
    sums = np.add.reduceat(np.append(weights**2, 0.0), counts.indptr[:-1]) if len(sizes) else np.empty(0)
    lengths = np.sqrt(np.where(sizes > 0, sums, 1.0))
    scaled = (weights / np.repeat(lengths, sizes)).astype(np.float32)
    found = csr_matrix((scaled, counts.indices, counts.indptr), shape=counts.shape)
    found.sort_indices()
    return found


def _fit(kind: str, inputs: Inputs) -> Any:
    """The most frequent terms, with their weights (smoothed inverse document frequency)."""
    corpus, places = inputs.within or (Corpus(inputs.texts), np.arange(len(inputs)))
    block = corpus.block(kind)
    rows = block.counts[places]
    often = np.bincount(rows.indices, weights=rows.data, minlength=len(block.names))
    top = np.sort(np.argsort(-often, kind="stable")[: min(MOST_TERMS, int((often > 0).sum()))])
    if not len(top):
        return _nothing(kind)
    texts_with = np.bincount(rows.indices, minlength=len(block.names))[top]
    idf = np.log((1 + len(places)) / (1 + texts_with)) + 1
    return _vectorizer(kind, list(block.names[top]), idf.astype(np.float32))


def _nothing(kind: str) -> Any:
    return _vectorizer(kind, [NOTHING], np.ones(1))


def _vectorizer(kind: str, names: list[str], idf: NDArray[Any]) -> Any:
    from sklearn.feature_extraction.text import TfidfVectorizer

    found = TfidfVectorizer(**KINDS[kind], vocabulary=names, sublinear_tf=True, dtype=np.float32)
    found.idf_ = idf
    return found
