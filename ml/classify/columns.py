"""Tickets as the columns that trees read: features, directions of the words, directions of the sentence vectors.

Words: TF-IDF in the directions of most weight (latent semantic analysis, Deerwester et al., 1990). Vectors: principal
components.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import msgspec
import numpy as np
from numpy.typing import NDArray

from ml.classify.learner import MEANING, Inputs, Reason, shown
from ml.classify.preparation import Preparation
from ml.text.tfidf import TfIdf

WORDS = 96
MEANINGS = 64
REASONS = 20
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Columns:
    """What was learned from the training part."""

    preparation: Preparation
    terms: TfIdf
    topics: Floats
    """(terms, directions)"""
    center: Floats
    axes: Floats
    """(vector columns, directions)"""

    @classmethod
    def fit(cls, train: Inputs, seed: int) -> Self:
        """Learn vocabulary, directions, scales and values; once for all families that learn from the same tickets."""
        known = f"columns {seed}"
        if known not in train.read:
            train.read[known] = cls._fit(train, seed)
        found: Self = train.read[known]
        return found

    @classmethod
    def _fit(cls, train: Inputs, seed: int) -> Self:
        from sklearn.decomposition import PCA, TruncatedSVD

        terms = TfIdf.fit(train.texts)
        topics = np.zeros((terms.columns, 0), np.float32)
        if terms.columns > 1:
            size = min(WORDS, terms.columns - 1)
            found = TruncatedSVD(size, random_state=seed).fit(terms.transform(train.texts))
            topics = found.components_.T.astype(np.float32)
        width = train.vectors.shape[1]
        axes, center = np.zeros((width, 0), np.float32), np.zeros(width, np.float32)
        size = min(MEANINGS, width, len(train))
        if size:
            pca = PCA(size, svd_solver="randomized", random_state=seed).fit(train.vectors)
            axes, center = pca.components_.T.astype(np.float32), pca.mean_.astype(np.float32)
        return cls(Preparation.fit(train), terms, topics, center, axes)

    def matrix(self, inputs: Inputs) -> Floats:
        """One row per ticket: features, then words, then meanings; at least one column."""
        # A frame without columns has no rows either.
        features = [self.preparation.table(inputs.table)] if self.preparation.width else []
        parts = [
            *features,
            self.terms.transform(inputs.texts) @ self.topics,
            (inputs.vectors - self.center) @ self.axes,
        ]
        found = np.hstack([part.astype(np.float32, copy=False) for part in parts])
        return found if found.shape[1] else np.zeros((len(inputs), 1), np.float32)

    def reasons(self, inputs: Inputs, contributions: NDArray[np.floating[Any]]) -> list[list[Reason]]:
        """Contributions to a class, (n, columns), as a person reads them: by feature, by word, and the meaning as one.

        What a direction contributes is shared out among the ticket's words by their part in it.
        """
        words = self.terms.transform(inputs.texts)
        groups = self.preparation.groups()
        width, topics = self.preparation.width, self.topics.shape[1]
        found = []
        for row in range(len(inputs)):
            own = [
                Reason(name, float(contributions[row, columns].sum()), shown(inputs.table[name][row]))
                for name, columns in groups
            ]
            said = words[row]
            part = said.data[:, None] * self.topics[said.indices]
            strength = np.abs(part).sum(axis=0)
            share = np.divide(np.abs(part), strength, out=np.zeros_like(part), where=strength > 0)
            moved = share @ contributions[row, width : width + topics]
            own += [
                Reason(self.terms.term(int(at)), float(weight)) for at, weight in zip(said.indices, moved, strict=True)
            ]
            if self.axes.shape[1]:
                own.append(Reason(MEANING, float(contributions[row, width + topics :].sum())))
            found.append(sorted((one for one in own if one.weight), key=lambda one: -abs(one.weight))[:REASONS])
        return found

    def save(self, folder: Path) -> None:
        """Write `columns.json` and arrays."""
        state = self.terms.state()
        described = {"preparation": self.preparation, "words": state["words"]}
        (folder / "columns.json").write_bytes(msgspec.json.encode(described))
        arrays = {"pairs": state["pairs"], "idf": state["idf"]}
        for name, array in {**arrays, "topics": self.topics, "center": self.center, "axes": self.axes}.items():
            np.save(folder / f"{name}.npy", array, allow_pickle=False)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote."""
        described = msgspec.json.decode((folder / "columns.json").read_bytes(), type=_Described)
        array = {
            name: np.load(folder / f"{name}.npy", allow_pickle=False)
            for name in ("pairs", "idf", "topics", "center", "axes")
        }
        terms = TfIdf(described.words, array["pairs"], array["idf"])
        return cls(described.preparation, terms, array["topics"], array["center"], array["axes"])


class _Described(msgspec.Struct, frozen=True):
    preparation: Preparation
    words: list[str]
