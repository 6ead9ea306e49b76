"""How far labels can be trusted: near-duplicates that disagree."""

import numpy as np
from numpy.typing import NDArray

LEAST_ROWS = 50
"""Tickets that have a near-duplicate; with fewer nothing is said."""


def ceiling(labels: NDArray[np.int64], groups: NDArray[np.int64], parents: NDArray[np.int64]) -> float | None:
    """The accuracy that label noise leaves to any classifier of the text; None for too few near-duplicates.

    Two tickets that say the same (equal number in `groups`, under the same parent) have the same true label. If each
    was labelled rightly with probability c, and else with one of the K - 1 others, two labels agree with probability
    c² + (1 - c)² / (K - 1); solved for c, with K the effective number of classes (inverse Simpson index). Labels that
    are drawn at random give about what chance alone gets right. Disagreement of repeated labels as a measure of their
    quality: Sheng, Provost, Ipeirotis, "Get Another Label?" (KDD 2008).
    """
    agree, rows = _agreement(labels, groups * (int(parents.max()) + 1) + parents)
    if rows < LEAST_ROWS:
        return None
    chance, _ = _agreement(labels, parents)
    if chance > 0.999:
        return 1.0
    effective = 1 / chance
    root = max(0.0, 1 - effective * (1 - agree * (effective - 1)))
    return float(min(1.0, (1 + root**0.5) / effective))


def _agreement(labels: NDArray[np.int64], groups: NDArray[np.int64]) -> tuple[float, int]:
    """How often two tickets of a group have the same label, and how many tickets have another in their group."""
    _, groups, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    _, pair, counts = np.unique(groups * (int(labels.max()) + 1) + labels, return_index=True, return_counts=True)
    same = np.bincount(groups[pair], weights=counts * (counts - 1))
    several = sizes > 1
    rows = int(sizes[several].sum())
    shares = same[several] / (sizes[several] * (sizes[several] - 1))
    return float((shares * sizes[several]).sum() / rows) if rows else 0.0, rows
