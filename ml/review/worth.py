"""What it is worth to know a ticket's label: doubt, times how many tickets are like it, times what an error costs."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ml.review.uncertainty import Floats

Vectors = NDArray[np.float32]
BETA = 0.2
"""Weight of density. At 1 a batch is the middle of the pool, whatever the model doubts; to choose a diverse batch is
already to ask for what is dense."""
LEAST = 0.01
TIERS = {"free": 1.0, "starter": 1.1, "professional": 1.25, "premium": 1.5, "enterprise": 2.0}
"""What an error costs with a customer, in those with a free one."""
TARGETS = {
    "category": 1.0,
    "subcategory": 0.8,
    "priority": 1.2,
    "severity": 1.0,
    "sentiment": 0.5,
    "escalation": 1.2,
}
"""What an error costs by target: what sends a ticket to the wrong people or the end of the queue costs most."""


def density(vectors: Vectors, pool: Vectors) -> Floats:
    """Mean cosine to the pool, (n,), at least 0.01; rows of both are of unit length.

    Information density: Settles and Craven, "An analysis of active learning strategies for sequence labeling tasks",
    2008. The mean of cosines is the cosine to the mean, so the pool is read once.
    """
    if not len(pool):
        return np.ones(len(vectors))
    near: Floats = np.maximum(vectors.astype(np.float64) @ pool.astype(np.float64).mean(axis=0), LEAST)
    return near


def cost(target: str, tier: str | None) -> float:
    """What an error costs."""
    return TARGETS.get(target, 1.0) * TIERS.get(tier or "", 1.0)


def rarity(labels: Sequence[tuple[str, str | None]], known: Mapping[str, int]) -> Floats:
    """What it is worth to learn of labels that are known of few tickets, (n,): the root of the mean number of tickets a
    label over that of the rarer of the two likeliest.

    Where every label counts the same, as in macro F1, an error on a rare one costs more.
    """
    if not known:
        return np.ones(len(labels))
    mean = sum(known.values()) / len(known)
    each = {label: (mean / max(1, count)) ** 0.5 for label, count in known.items()}
    most = mean**0.5
    rare = [max(each.get(name, most) for name in pair if name is not None) for pair in labels]
    return np.array(rare, dtype=np.float64)


def worth(doubt: Floats, near: Floats, costs: Floats) -> Floats:
    """Doubt times density times cost, (n,)."""
    found: Floats = doubt * near**BETA * costs
    return found
