"""What it is worth to know a ticket's label: doubt, times how many tickets are like it, times what an error costs."""

import numpy as np
from numpy.typing import NDArray

from ml.review.uncertainty import Floats

Vectors = NDArray[np.float32]
BETA = 0.5
"""Weight of density. At 1 a batch is the middle of the pool, whatever the model doubts."""
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


def worth(doubt: Floats, near: Floats, costs: Floats) -> Floats:
    """Doubt times density times cost, (n,)."""
    found: Floats = doubt * near**BETA * costs
    return found
