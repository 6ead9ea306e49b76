"""Family `majority`: every ticket is given the shares of the classes; what any other family has to beat."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ml.classify import stored
from ml.classify.labels import kinds, places
from ml.classify.learner import Inputs, Probabilities, Reason


class Majority:
    """The shares of the classes in the training part."""

    family = "majority"

    def __init__(self, classes: list[str], shares: NDArray[np.float64]) -> None:
        """`shares` sum to 1."""
        self.classes = classes
        self._shares = shares

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
        """Count the labels."""
        classes = kinds(labels)
        counts = np.bincount(places(labels, classes), minlength=len(classes))
        return cls(classes, counts / counts.sum())

    def predict_proba(self, inputs: Inputs) -> Probabilities:
        """One row per ticket, one column per class, each row summing to 1."""
        return np.tile(self._shares, (len(inputs), 1))

    def explain(self, inputs: Inputs, classes: Sequence[int]) -> list[list[Reason]]:
        """Nothing in a ticket moves it."""
        return [[] for _ in classes]

    def save(self, folder: Path) -> None:
        """Write JSON."""
        stored.write(folder, self.classes, {}, shares=self._shares.tolist())

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote. Raises `ContractBroken` for another format."""
        described = stored.read(folder)
        return cls(described["classes"], np.array(described["shares"]))
