"""Labels as numbers: which there are, the place of each, and how much each counts."""

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ml.classify.learner import Places, Probabilities
from warehouse.errors import NothingToLearn


def kinds(labels: pl.Series) -> list[str]:
    """The labels that there are, sorted. Raises `NothingToLearn` for fewer than two."""
    found = sorted(labels.unique())
    if len(found) < 2:
        said = f"the one label {found[0]!r}" if found else "no labels"
        raise NothingToLearn(f"found {said} in the training part, expected at least 2. Label more tickets.")
    return found


def places(labels: pl.Series, classes: Sequence[str]) -> Places:
    """The place of each label among the classes, -1 for one that is not there."""
    known = {name: at for at, name in enumerate(classes)}
    return np.array([known.get(label, -1) for label in labels], np.int64)


def lined_up(
    labels: pl.Series, classes: Sequence[str], given: Probabilities
) -> tuple[list[str], Places, Probabilities]:
    """Classes known or true, the place of each true label among them, and a column of probabilities for each."""
    every = [*classes, *sorted(set(labels) - set(classes))]
    return every, places(labels, every), np.pad(given, ((0, 0), (0, len(every) - given.shape[1])))


def class_weights(target: Places, classes: int, treatment: str | None) -> NDArray[np.float32]:
    """One weight a class, mean 1 over the rows: all alike, or by the (root of the) inverse frequency."""
    counts = np.maximum(np.bincount(target, minlength=classes), 1).astype(np.float64)
    powers = {None: 0.0, "root": 0.5, "balanced": 1.0}
    if treatment not in powers:
        raise ValueError(f"class_weight is {treatment!r}, expected one of {list(powers)}.")
    weights = counts ** -powers[treatment]
    return (weights / np.average(weights, weights=counts)).astype(np.float32)
