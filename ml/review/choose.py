"""From what is worth knowing to a batch that is not ten copies of one."""

from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from ml.review.uncertainty import Floats
from ml.review.worth import Vectors

SHARP = 4
"""Power of cosines: only what is much alike stands for one another."""
SHARE = 0.1
"""Of tickets, drawn whatever a model thinks of them."""


def diverse(vectors: Vectors, worth: Floats, k: int) -> NDArray[np.int64]:
    """k places, best first: those that together stand for most of what is worth knowing.

    Facility location, greedily: each ticket counts the square of its worth times its likeness to the nearest one
    chosen (Wei, Iyer and Bilmes, "Submodularity in data subset selection and active learning", 2015), within 1 - 1/e
    of the best choice (Nemhauser, Wolsey and Fisher, 1978). O(k n^2) for n rows of unit length: give it the best few
    hundred.
    """
    alike = np.clip(vectors @ vectors.T, 0.0, 1.0).astype(np.float64) ** SHARP
    served, taken = np.zeros(len(worth)), np.zeros(len(worth), dtype=bool)
    chosen: list[int] = []
    for _ in range(min(k, len(worth))):
        gain = (np.maximum(alike - served[:, None], 0.0) * worth[:, None] ** 2).sum(axis=0)
        gain[taken] = -1.0
        best = int(gain.argmax())
        chosen.append(best)
        taken[best] = True
        served = np.maximum(served, alike[:, best])
    return np.array(chosen, dtype=np.int64)


def drawn(ticket_id: str, field: str, share: float = SHARE) -> bool:
    """Whether a ticket is in the fair sample of a field: a property of its name, so that nothing can bias it."""
    digest = blake2b(f"drawn/{field}/{ticket_id}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") < share * 2**64


def review_id(ticket_id: str, field: str, model: str) -> str:
    """The name of the question whether this model is right; of the fair sample it begins with `RND-`, else `RV-`."""
    digest = blake2b(f"{ticket_id}/{field}/{model}".encode(), digest_size=10).hexdigest()
    return f"{'RND' if drawn(ticket_id, field) else 'RV'}-{digest}"
