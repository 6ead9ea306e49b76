"""What of a vector tells problems apart, and what only letters: learned from tickets that one remedy solved.

Relevant component analysis (Shental, Hertz, Weinshall and Pavel, "Adjustment learning and relevant component analysis",
2002): directions in which tickets of one group differ, such as politeness, are made short, those in which groups differ
from each other stay long. No label of an issue is needed, in closed form.
"""

import numpy as np
import polars as pl
from numpy.typing import NDArray

KEPT = 128
"""Directions that are kept."""
LEAST_PER_DIRECTION = 4
"""Tickets in groups for each number of a vector; with fewer nothing is learned."""
MOST_LEARNED_FROM = 20_000
"""Tickets that are learned from: the last of the frame."""
SHRINKAGE = 0.1
"""How much of the spread within groups is taken to be the same in all directions (Ledoit and Wolf, 2004)."""
Vectors = NDArray[np.float32]


def relevant(vectors: Vectors, groups: pl.Series) -> Vectors:
    """The vectors (n, d) in relevant directions, (n, at most 128); `groups` are labels, null for a ticket of none.

    As they were where too few tickets are in groups of two and more.
    """
    from scipy.linalg import eigh

    labels = groups.rank("dense").fill_null(0).cast(pl.Int64).to_numpy()
    sizes = np.bincount(labels)
    some = np.flatnonzero((labels > 0) & (sizes[labels] > 1))[-MOST_LEARNED_FROM:]
    dimension = vectors.shape[1]
    if len(some) < LEAST_PER_DIRECTION * dimension:
        return vectors
    order = some[np.argsort(labels[some], kind="stable")]
    starts = np.flatnonzero(np.r_[True, np.diff(labels[order]) > 0])
    counts = np.diff(np.r_[starts, len(order)])
    grouped = vectors[order].astype(np.float64)
    means = np.add.reduceat(grouped, starts, axis=0) / counts[:, None]
    apart = grouped - np.repeat(means, counts, axis=0)
    within = apart.T @ apart / len(order)
    within = (1 - SHRINKAGE) * within + SHRINKAGE * np.trace(within) / dimension * np.eye(dimension)
    last = vectors[-MOST_LEARNED_FROM:].astype(np.float64)
    centre = last.mean(axis=0)
    spread = (last - centre).T @ (last - centre) / len(last)
    first = max(0, dimension - KEPT)
    directions = eigh(spread, within, subset_by_index=[first, dimension - 1])[1]
    turned: Vectors = (vectors - centre.astype(np.float32)) @ directions.astype(np.float32)
    return turned
