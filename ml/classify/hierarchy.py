"""Labels within labels: a subcategory is answered only under the category that is answered, with one probability."""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ml.classify.learner import Probabilities


def parents(labels: pl.Series, above: pl.Series) -> dict[str, str]:
    """For each label the one that it most often lies under; equal counts: the first by name."""
    pairs = pl.DataFrame({"label": labels, "above": above}).drop_nulls()
    counts = pairs.group_by("label", "above").len().sort(["len", "above"], descending=[True, False])
    newest = counts.unique("label", keep="first", maintain_order=True).sort("label")
    return dict(zip(newest["label"], newest["above"], strict=True))


def within(
    above: Probabilities, classes_above: list[str], below: Probabilities, classes: list[str], under: dict[str, str]
) -> Probabilities:
    """P(label) = P(parent) P(label | parent), after the two models' probabilities; each row sums to 1.

    `above` (n, parents), `below` (n, labels), each row summing to 1. What a parent without known labels is given is
    shared out in proportion. Silla and Freitas, "A survey of hierarchical classification" (2011), local classifiers.
    """
    membership = _membership(classes, classes_above, under)
    mass = below @ membership
    share = np.divide(above, mass, out=np.zeros_like(above), where=mass > 0)
    joint = below * (share @ membership.T)
    orphans = membership.sum(axis=1) == 0
    joint[:, orphans] = below[:, orphans]
    total = joint.sum(axis=1, keepdims=True)
    found: Probabilities = np.divide(joint, total, out=below.copy(), where=total > 0)
    return found


def _membership(classes: list[str], above: list[str], under: dict[str, str]) -> NDArray[np.float64]:
    """One where the label (row) lies under the parent (column)."""
    found = np.zeros((len(classes), len(above)))
    for row, label in enumerate(classes):
        if under.get(label) in above:
            found[row, above.index(under[label])] = 1.0
    return found
