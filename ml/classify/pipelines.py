"""Scikit-learn's own pipelines as learners; trees are kept by skops, which loads no type that is not named here."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ml.classify import stored
from ml.classify.columns import Columns
from ml.classify.labels import class_weights, kinds, places
from ml.classify.learner import Inputs, Probabilities, Reason
from ml.classify.occlusion import occlude

PIPELINE = "pipeline.skops"


class WordPipeline:
    """A pipeline from texts to classes; reasons by leaving out words."""

    family: ClassVar[str]

    def __init__(self, classes: list[str], pipeline: Any, parameters: dict[str, Any]) -> None:
        """`pipeline` takes a list of texts."""
        self.classes = classes
        self.parameters = parameters
        self._pipeline = pipeline

    @classmethod
    def pipeline(cls, seed: int, parameters: dict[str, Any]) -> Any:
        """The unfitted pipeline."""
        raise NotImplementedError

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
        """Learn from `train`. `parameters`: the pipeline's, and `class_weight` (see `class_weights`).

        Weights change what is expected before a word is read. Weighted counts would be smoothed less, and what is rare
        found less often.
        """
        classes = kinds(labels)
        y = places(labels, classes)
        shares = np.bincount(y) * class_weights(y, len(classes), parameters.get("class_weight")) / len(y)
        fitted = cls.pipeline(seed, {**parameters, "class_prior": shares}).fit(train.texts.to_list(), y)
        return cls(classes, fitted, parameters)

    def predict_proba(self, inputs: Inputs) -> Probabilities:
        """One row per ticket, one column per class, each row summing to 1."""
        given: Probabilities = self._pipeline.predict_proba(inputs.texts.to_list()).astype(np.float64)
        return given

    def explain(self, inputs: Inputs, classes: Sequence[int]) -> list[list[Reason]]:
        """What a word takes away from the class when it is left out."""
        return occlude(lambda given: log(self.predict_proba(given)), inputs, classes, 1.0)


class ColumnPipeline:
    """An estimator of features, word directions and sentence directions; reasons by word, feature and meaning."""

    family: ClassVar[str]

    def __init__(self, classes: list[str], columns: Columns, pipeline: Any, parameters: dict[str, Any]) -> None:
        """`pipeline` takes (n, columns)."""
        self.classes = classes
        self.parameters = parameters
        self._columns = columns
        self._pipeline = pipeline

    @classmethod
    def pipeline(cls, seed: int, parameters: dict[str, Any]) -> Any:
        """The unfitted pipeline."""
        raise NotImplementedError

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
        """Learn from `train`. `parameters`: the pipeline's, and `class_weight` (see `class_weights`)."""
        classes = kinds(labels)
        columns = Columns.fit(train, seed)
        y = places(labels, classes)
        weights = class_weights(y, len(classes), parameters.get("class_weight"))[y]
        made = cls.pipeline(seed, {name: value for name, value in parameters.items() if name != "class_weight"})
        fitted = made.fit(columns.matrix(train), y, **{f"{made.steps[-1][0]}__sample_weight": weights})
        return cls(classes, columns, fitted, parameters)

    def predict_proba(self, inputs: Inputs) -> Probabilities:
        """One row per ticket, one column per class, each row summing to 1."""
        given: Probabilities = self._pipeline.predict_proba(self._columns.matrix(inputs)).astype(np.float64)
        return given

    def explain(self, inputs: Inputs, classes: Sequence[int]) -> list[list[Reason]]:
        """What each question on the way to the leaf added to the class (Saabas, 2014), in the mean of the trees."""
        matrix = self._columns.matrix(inputs)
        last = self._pipeline[-1]
        trees = getattr(last, "estimators_", [last])
        moved = np.mean([_asked(tree, matrix, np.asarray(classes)) for tree in trees], axis=0)
        return self._columns.reasons(inputs, moved)

    def save(self, folder: Path) -> None:
        """Write skops, columns and JSON."""
        from skops.io import dump

        dump(self._pipeline, folder / PIPELINE)
        self._columns.save(folder)
        stored.write(folder, self.classes, self.parameters)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote. Raises `ContractBroken` for another format."""
        from skops.io import load

        described = stored.read(folder)
        pipeline = load(folder / PIPELINE, trusted=TREES)
        return cls(described["classes"], Columns.load(folder), pipeline, described["parameters"])


TREES = ["sklearn.tree._tree.Tree"]
"""What skops asks to be trusted with: the arrays of a decision tree."""


def log(given: Probabilities) -> NDArray[np.float64]:
    """Logarithms of probabilities, none of them infinite."""
    return np.log(np.clip(given, 1e-9, 1.0))


def _asked(tree: Any, matrix: NDArray[np.float32], classes: NDArray[np.int64]) -> NDArray[np.float64]:
    """For each row and column, by how much the logarithm of the class's share rose at the questions about it."""
    grown = tree.tree_
    share = grown.value[:, 0, :]
    shares = np.log(np.clip(share / share.sum(axis=1, keepdims=True), 0.01, 1.0))
    found = np.zeros(matrix.shape)
    for row, wanted in enumerate(classes):
        node = 0
        while grown.children_left[node] >= 0:
            column = grown.feature[node]
            left = matrix[row, column] <= grown.threshold[node]
            child = grown.children_left[node] if left else grown.children_right[node]
            found[row, column] += shares[child, wanted] - shares[node, wanted]
            node = child
    return found
