"""Family `kernel_svm`: a least-squares support vector machine on TF-IDF and embeddings together.

Suykens and Vandewalle, "Least squares support vector machine classifiers" (1999), one against all, with a Gaussian
kernel of the blocks' weighted similarity; a Cholesky factor fits all classes at once. Above `MOST_LANDMARKS` tickets
the kernel is spanned by a sample of them (subset of regressors: Smola and Schölkopf, 2000).
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ml.classify import stored
from ml.classify.blocks import Terms, Weights
from ml.classify.calibration import softmax, temperature
from ml.classify.labels import places
from ml.classify.learner import Inputs, Probabilities, Reason
from ml.classify.occlusion import occlude

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

MOST_LANDMARKS = 16_000
SAMPLE_LANDMARKS = 6_000
TUNING_ROWS = 5_000
CHUNK = 2_000
NEIGHBOURS = 5
CHOICES: list[dict[str, float]] = [
    {"words": words, "pieces": words, "vectors": vectors, "width": width, "ridge": ridge}
    for words, vectors in ((0.5, 2.0), (0.5, 0.75))
    for width, ridge in ((1.5, 0.1), (1.5, 0.03), (3.0, 0.1))
]
"""Weights of the similarities, the kernel's exponent, and what is added to its diagonal.

The first stands unless another is better by a standard error: with few tickets to choose by, the best follows chance.
"""
Floats = NDArray[np.float32]


class KernelMachine:
    """Scores are weighted sums of a ticket's similarities to the landmarks."""

    family = "kernel_svm"

    def __init__(
        self,
        classes: list[str],
        terms: Terms,
        *,
        landmarks: "tuple[dict[str, csr_matrix], Floats]",
        truth: NDArray[np.int64],
        duals: Floats,
        parameters: dict[str, float],
    ) -> None:
        """`truth` (landmarks), `duals` (landmarks, classes); `parameters` one of `CHOICES` with `temperature`."""
        self.classes = classes
        self.parameters = parameters
        self._terms = terms
        self._landmarks = landmarks
        self._columns = {kind: matrix.T.tocsr() for kind, matrix in landmarks[0].items()}
        lengths = (landmarks[1] ** 2).sum(axis=1)
        self._blocks = max(1.0, float(np.round(lengths.max()))) if landmarks[1].size else 1.0
        self._truth = truth
        self._duals = duals

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

        With more than `most` tickets, `sample` of them are landmarks.
        """
        chosen = dict(parameters)
        if "ridge" not in chosen:
            few = _sample(len(train), TUNING_ROWS, seed)
            tried = [
                cls._fit(train.take(few), labels.gather(few), seed, choice, Terms.fit(train.take(few), choice))
                for choice in CHOICES
            ]
            rights = np.array([_right(model, validation, validation_labels) for model in tried])
            chance = np.sqrt(rights[0] * (1 - rights[0]) / max(1, len(validation)))
            chosen |= CHOICES[int(rights.argmax()) if rights.max() > rights[0] + chance else 0]
        model = cls._fit(train, labels, seed, chosen, Terms.fit(train, chosen))
        if "temperature" not in chosen:
            truth = places(validation_labels, model.classes)
            model.parameters["temperature"] = temperature(model.scores(validation), truth)
        return model

    def refit(self, train: Inputs, labels: pl.Series, *, seed: int) -> Self:
        """A machine of the same parameters, fitted on other tickets."""
        return self._fit(train, labels, seed, self.parameters, Terms.fit(train, self.parameters))

    @classmethod
    def _fit(cls, train: Inputs, labels: pl.Series, seed: int, chosen: Weights, terms: Terms) -> Self:
        from scipy.linalg import cho_factor, cho_solve

        classes = sorted(labels.unique())
        truth = places(labels, classes)
        exact = len(train) <= chosen.get("most", MOST_LANDMARKS)
        sampled = (
            np.arange(len(train)) if exact else _sample(len(train), int(chosen.get("sample", SAMPLE_LANDMARKS)), seed)
        )
        kept = train.take(sampled)
        landmarks = (terms.transform(kept), kept.vectors)
        targets = np.eye(len(classes), dtype=np.float32)[truth] * 2 - 1
        nothing = np.zeros((len(sampled), len(classes)), np.float32)
        model = cls(classes, terms, landmarks=landmarks, truth=truth[sampled], duals=nothing, parameters=dict(chosen))
        among = model._kernel(kept)
        if exact:
            left, right = among, targets
            left[np.diag_indices(len(left))] += np.float32(chosen["ridge"])
        else:
            left, right = among * np.float32(chosen["ridge"]), np.zeros_like(model._duals)
            for start in range(0, len(train), CHUNK):
                rows = np.arange(start, min(start + CHUNK, len(train)))
                kernel = model._kernel(train.take(rows))
                left += kernel.T @ kernel
                right += kernel.T @ targets[rows]
            left[np.diag_indices(len(left))] += np.float32(1e-3 * np.trace(left) / len(left))
        factor = cho_factor(left, lower=True, overwrite_a=True, check_finite=False)
        model._duals = cho_solve(factor, right, overwrite_b=True, check_finite=False)
        return model

    def scores(self, inputs: Inputs) -> NDArray[np.float64]:
        """Margins, (n, classes): about 1 for the class and -1 for the others."""
        parts = [self._kernel(part) @ self._duals for part in _chunks(inputs)]
        return np.concatenate(parts).astype(np.float64) if parts else np.empty((0, len(self.classes)))

    def neighbours(self, inputs: Inputs) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Scores, and mean similarity to the nearest landmarks of the class with the highest, (n, classes) and (n)."""
        scores: list[NDArray[Any]] = [np.empty((0, len(self.classes)))]
        near = [np.empty(0)]
        members = [np.flatnonzero(self._truth == place) for place in range(len(self.classes))]
        for part in _chunks(inputs):
            kernel = self._kernel(part)
            scores.append(kernel @ self._duals)
            best = scores[-1].argmax(axis=1)
            near.append(np.array([_nearest(row[members[top]]) for row, top in zip(kernel, best, strict=True)]))
        return np.concatenate(scores), np.concatenate(near)

    def predict_proba(self, inputs: Inputs) -> Probabilities:
        """One row per ticket, one column per class, each row summing to 1."""
        return softmax(self.scores(inputs), self.parameters["temperature"])

    def explain(self, inputs: Inputs, classes: Sequence[int]) -> list[list[Reason]]:
        """Occlusion: what a word takes away from the class when its terms are left out."""
        return occlude(self.scores, inputs, classes, self.parameters["temperature"])

    def save(self, folder: Path) -> None:
        """Write JSON, npy and npz."""
        from scipy.sparse import save_npz

        self._terms.save(folder)
        sparse, vectors = self._landmarks
        for kind, matrix in sparse.items():
            save_npz(folder / f"landmarks-{kind}.npz", matrix)
        np.save(folder / "landmarks.npy", vectors, allow_pickle=False)
        np.save(folder / "duals.npy", self._duals, allow_pickle=False)
        np.save(folder / "truth.npy", self._truth, allow_pickle=False)
        stored.write(folder, self.classes, self.parameters)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote. Raises `ContractBroken` for another format."""
        from scipy.sparse import load_npz

        described = stored.read(folder)
        terms = Terms.load(folder)
        sparse = {kind: load_npz(folder / f"landmarks-{kind}.npz").tocsr() for kind in terms.vectorizers}
        landmarks = (sparse, np.load(folder / "landmarks.npy", allow_pickle=False))
        duals, truth = (np.load(folder / f"{name}.npy", allow_pickle=False) for name in ("duals", "truth"))
        parameters = described["parameters"]
        return cls(described["classes"], terms, landmarks=landmarks, truth=truth, duals=duals, parameters=parameters)

    def _kernel(self, inputs: Inputs) -> Floats:
        """Similarities to the landmarks, (n, landmarks)."""
        vectors = self._landmarks[1]
        blocks = self._blocks
        weight = {**self.parameters, "vectors": self.parameters["vectors"] * 2 / blocks}
        total = np.float32(weight["words"] + weight["pieces"] + weight["vectors"] * blocks)
        near = inputs.vectors @ vectors.T
        near *= np.float32(weight["vectors"])
        for kind, rows in self._terms.transform(inputs, [kind for kind in self._columns if weight[kind]]).items():
            near += np.float32(weight[kind]) * (rows @ self._columns[kind]).toarray()
        near /= total
        near -= 1
        near *= np.float32(2 * weight["width"])
        kernel: Floats = np.exp(near, out=near)
        return kernel


def _chunks(inputs: Inputs) -> Iterator[Inputs]:
    if 0 < len(inputs) <= CHUNK:
        yield inputs
        return
    for start in range(0, len(inputs), CHUNK):
        yield inputs.take(np.arange(start, min(start + CHUNK, len(inputs))))


def _nearest(similarities: Floats) -> float:
    """Mean of the `NEIGHBOURS` greatest; 0 where the sample has none of the class."""
    return float(np.sort(similarities)[-NEIGHBOURS:].mean()) if len(similarities) else 0.0


def _right(model: KernelMachine, inputs: Inputs, labels: pl.Series) -> float:
    return float((model.scores(inputs).argmax(axis=1) == places(labels, model.classes)).mean())


def _sample(count: int, most: int, seed: int) -> NDArray[np.int64]:
    """At most so many places, ascending, the same for the same seed."""
    if count <= most:
        return np.arange(count)
    return np.sort(np.random.default_rng(seed).choice(count, most, replace=False))
