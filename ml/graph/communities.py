"""Groups of a weighted graph that are denser within than between.

Greedy modularity (Blondel et al., "Fast unfolding of communities in large networks", 2008) with a resolution
(Reichardt and Bornholdt, 2006); all nodes look for a better group at the same time and half of those that found one
move, so that no two swap for ever (Lu, Halappanavar and Kalyanaraman, "Parallel heuristics for scalable community
detection", 2015). Nothing loops over nodes; the same graph and seed give the same groups.
"""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

SWEEPS = 30
SMALLEST_GAIN = 1e-9
Labels = NDArray[np.int64]
Floats = NDArray[np.float64]


def communities(graph: "csr_matrix", resolution: float, *, seed: int) -> Labels:
    """A group for each node, (n,), from 0; `graph` is symmetric, its weights above 0. Without edges a node is alone."""
    from scipy.sparse import csr_matrix

    draw = np.random.default_rng(seed)
    labels: Labels = np.arange(graph.shape[0], dtype=np.int64)
    level = graph.astype(np.float64).tocsr()
    while True:
        groups = np.unique(_moved(level, resolution, draw), return_inverse=True)[1]
        labels = groups[labels]
        count = int(groups.max()) + 1 if len(groups) else 0
        if count == level.shape[0]:
            return labels
        into = csr_matrix((np.ones(len(groups)), (np.arange(len(groups)), groups)), shape=(len(groups), count))
        level = (into.T @ level @ into).tocsr()


def _moved(graph: "csr_matrix", resolution: float, draw: np.random.Generator) -> Labels:
    from scipy.sparse import csr_matrix, diags

    size = graph.shape[0]
    degree: Floats = np.asarray(graph.sum(axis=1)).ravel()
    total = max(float(degree.sum()), np.finfo(np.float64).tiny)
    between = (graph - diags(graph.diagonal())).tocsr()
    labels = np.arange(size, dtype=np.int64)
    for _ in range(SWEEPS):
        into = csr_matrix((np.ones(size), (np.arange(size), labels)), shape=(size, size))
        target, stays, gain = _best((between @ into).tocoo(), labels, degree, resolution / total)
        better = (gain > stays + SMALLEST_GAIN) & (target != labels)
        if not better.any():
            break
        labels = np.where(better & (draw.random(size) < 0.5), target, labels)
    return labels


def _best(links: "csr_matrix", labels: Labels, degree: Floats, cost: float) -> tuple[Labels, Floats, Floats]:
    """For each node the best group that it has an edge to, what staying is worth, and what that group is."""
    size = len(labels)
    rows, groups, weights = links.row.astype(np.int64), links.col.astype(np.int64), links.data
    mass = np.bincount(labels, weights=degree, minlength=size)
    own = labels[rows] == groups
    gain = weights - cost * degree[rows] * (mass[groups] - np.where(own, degree[rows], 0.0))
    order = np.lexsort((groups, -gain, rows))
    first = order[np.unique(rows[order], return_index=True)[1]]
    target, best = labels.copy(), np.full(size, -np.inf)
    target[rows[first]], best[rows[first]] = groups[first], gain[first]
    stays = -cost * degree * (mass[labels] - degree)
    np.add.at(stays, rows[own], weights[own])
    return target, stays, best
