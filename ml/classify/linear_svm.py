"""Families that are linear in words, pieces of words and embeddings together: `linear_svm`, and logistic regressions
of terms and of embeddings whose log-probabilities are averaged, `embedding_logistic`.

Fan et al., "LIBLINEAR" (2008): squared hinge loss, one against all.
"""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ml.classify import stored
from ml.classify.blocks import Terms, joined
from ml.classify.calibration import softmax, temperature
from ml.classify.corpus import KINDS, of_words
from ml.classify.labels import kinds, places
from ml.classify.learner import MEANING, Inputs, Probabilities, Reason

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

TUNING_ROWS = 4_000
REASONS = 40
"""Words and pairs of words that are named."""
Floats = NDArray[np.float64]


class LinearSvm:
    """Margins of one weight per column and class."""

    family = "linear_svm"
    choices: ClassVar[list[dict[str, float]]] = [
        {"words": 1.0, "pieces": 0.5, "vectors": 1.5, "strength": 0.3},
        {"words": 0.7, "pieces": 0.7, "vectors": 1.0, "strength": 1.0},
    ]
    """Weights of the blocks, and C."""

    def __init__(
        self, classes: list[str], terms: Terms, weights: Floats, bias: Floats, parameters: dict[str, float]
    ) -> None:
        """`weights` (columns of all blocks, classes)."""
        self.classes = classes
        self.parameters = parameters
        self._terms = terms
        self._weights = weights
        self._bias = bias

    @classmethod
    def fit(
        cls,
        train: Inputs,
        labels: pl.Series,
        validation: Inputs,
        validation_labels: pl.Series,
        *,
        seed: int,
        parameters: dict[str, Any],
    ) -> Self:
        """Learn from `train`. `parameters` may fix a choice and the temperature; otherwise `validation` decides.

        Raises `NothingToLearn` for fewer than two classes.
        """
        chosen = dict(parameters)
        if "strength" not in chosen:
            few = np.sort(np.random.default_rng(seed).permutation(len(train))[:TUNING_ROWS])
            part, known = train.take(few), labels.gather(few)
            rights = []
            for choice in cls.choices if len(cls.choices) > 1 and known.n_unique() > 1 else []:
                tried = cls._fit(part, known, seed, choice)
                guess = tried.scores(validation).argmax(axis=1)
                rights.append((guess == places(validation_labels, tried.classes)).mean())
            chosen |= cls.choices[int(np.argmax(rights)) if rights else 0]
        model = cls._fit(train, labels, seed, chosen)
        if "temperature" not in chosen:
            truth = places(validation_labels, model.classes)
            model.parameters["temperature"] = temperature(model.scores(validation), truth)
        return model

    @classmethod
    def _fit(cls, train: Inputs, labels: pl.Series, seed: int, chosen: dict[str, float]) -> Self:
        classes = kinds(labels)
        terms = Terms.fit(train, chosen)
        x = joined(terms, train, chosen)
        weights, bias = cls._solve(x, places(labels, classes), train.vectors.shape[1], chosen, seed)
        return cls(classes, terms, *_two(weights, bias), dict(chosen))

    @classmethod
    def _solve(
        cls, x: "csr_matrix", y: NDArray[np.int64], dense: int, chosen: dict[str, float], seed: int
    ) -> tuple[Floats, Floats]:
        """Weights (columns, classes; one column for two classes) and bias. The last `dense` columns are embeddings."""
        from sklearn.svm import LinearSVC

        fitted = LinearSVC(C=chosen["strength"], random_state=seed).fit(x, y)
        return fitted.coef_.T, fitted.intercept_

    def scores(self, inputs: Inputs) -> Floats:
        """Margins, (n, classes)."""
        found = self._bias + (inputs.vectors * self.parameters["vectors"]) @ self._slices["vectors"]
        for kind, rows in self._terms.transform(inputs, self._read).items():
            found = found + (rows @ self._slices[kind]) * self.parameters[kind]
        return found

    def predict_proba(self, inputs: Inputs) -> Probabilities:
        """One row per ticket, one column per class, each row summing to 1."""
        return softmax(self.scores(inputs), self.parameters["temperature"])

    def explain(self, inputs: Inputs, classes: Sequence[int]) -> list[list[Reason]]:
        """The words of each text and its meaning by their coefficients, against the mean of the classes.

        What pieces of a word say is said of the word.
        """
        found = []
        blocks = self._terms.transform(inputs, self._read)
        for place, wanted in enumerate(classes):
            told: dict[str, float] = {}
            for kind, rows in blocks.items():
                row, names = rows[place], self._terms.names[kind]
                scale = self.parameters[kind] / self.parameters["temperature"]
                moved = row.data * _above(self._slices[kind][row.indices], wanted) * scale
                terms = dict(zip((names[column] for column in row.indices), moved.tolist(), strict=True))
                for term, weight in (of_words(terms, inputs.texts[place]) if kind == "pieces" else terms).items():
                    told[term] = told.get(term, 0.0) + weight
            strongest = sorted(told, key=lambda term: -abs(told[term]))[:REASONS]
            reasons = [Reason(term, told[term]) for term in strongest if told[term]]
            vector = inputs.vectors[place] * self.parameters["vectors"] / self.parameters["temperature"]
            meant = float(vector @ _above(self._slices["vectors"], wanted))
            if meant:
                reasons.append(Reason(MEANING, meant))
            found.append(sorted(reasons, key=lambda reason: -abs(reason.weight)))
        return found

    contributions = explain

    @cached_property
    def _read(self) -> list[str]:
        """The blocks that count."""
        return [kind for kind in KINDS if self.parameters[kind]]

    @cached_property
    def _slices(self) -> dict[str, Floats]:
        """The rows of the weights that belong to each block."""
        sizes = {kind: len(self._terms.vectorizers[kind].vocabulary_) for kind in KINDS}
        ends = np.cumsum(list(sizes.values()))
        parts = {kind: self._weights[end - size : end] for (kind, size), end in zip(sizes.items(), ends, strict=True)}
        return {**parts, "vectors": self._weights[int(ends[-1]) :]}

    def save(self, folder: Path) -> None:
        """Write JSON and npy."""
        self._terms.save(folder)
        np.save(folder / "weights.npy", self._weights.astype(np.float32), allow_pickle=False)
        np.save(folder / "bias.npy", self._bias, allow_pickle=False)
        stored.write(folder, self.classes, self.parameters)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote. Raises `ContractBroken` for another format."""
        described = stored.read(folder)
        arrays = [
            np.load(folder / f"{name}.npy", allow_pickle=False).astype(np.float64) for name in ("weights", "bias")
        ]
        return cls(described["classes"], Terms.load(folder), arrays[0], arrays[1], described["parameters"])


class EmbeddingLogistic(LinearSvm):
    """Log-probabilities of two logistic regressions, one on terms and one on embeddings, averaged: again linear."""

    family = "embedding_logistic"
    choices: ClassVar[list[dict[str, float]]] = [{"words": 1.0, "pieces": 0.0, "vectors": 1.0, "strength": 10.0}]

    @classmethod
    def _solve(
        cls, x: "csr_matrix", y: NDArray[np.int64], dense: int, chosen: dict[str, float], seed: int
    ) -> tuple[Floats, Floats]:
        """Weights (columns, classes; one column for two classes) and bias. The last `dense` columns are embeddings."""
        from sklearn.linear_model import LogisticRegression

        border = x.shape[1] - dense
        parts = [part for part in (x[:, :border], x[:, border:].toarray()) if part.shape[1]]
        one = [LogisticRegression(C=chosen["strength"], max_iter=200, tol=1e-3).fit(part, y) for part in parts]
        weights = np.concatenate([fitted.coef_.T for fitted in one]) / len(one)
        return weights, sum(fitted.intercept_ for fitted in one) / len(one)


def _above(weights: Floats, wanted: int) -> Floats:
    """What each column says for the class beyond what it says for the mean of all."""
    found: Floats = weights[:, wanted] - weights.mean(axis=1)
    return found


def _two(weights: Floats, bias: Floats) -> tuple[Floats, Floats]:
    """The same with a column for each class where one stood for two."""
    if weights.shape[1] > 1:
        return weights, bias
    return np.hstack([-weights / 2, weights / 2]), np.hstack([-bias / 2, bias / 2])
