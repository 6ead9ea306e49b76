"""The share of belief from which a first suggestion is trusted: below it, fewer than half of past ones resolved."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

HALF = 0.5
Floats = NDArray[np.float64]


def shares(scores: Floats) -> Floats:
    """How belief is divided among candidates, (c,): softmax of their scores."""
    powers = np.exp(scores - scores.max())
    divided: Floats = powers / powers.sum()
    return divided


def enough(first: ArrayLike, resolved: ArrayLike) -> float:
    """The share from which more than half resolved, of n first suggestions with their shares; 0 where all may be
    trusted, 1 where none may.

    Where isotonic regression (Ayer and others, "An empirical distribution function for sampling with incomplete
    information", 1955) of the outcome on the share crosses one half: there the lower ones have failed most beyond half.
    """
    said, outcome = np.asarray(first, dtype=np.float64), np.asarray(resolved, dtype=np.float64)
    order = np.argsort(said, kind="stable")
    said = said[order]
    failed = np.cumsum(HALF - outcome[order])
    ends = np.flatnonzero(np.append(np.diff(said) > 0, True)) if len(said) else np.empty(0, dtype=np.int64)
    if not len(ends) or failed[ends].max() <= 0:
        return 0.0
    last = int(ends[int(failed[ends].argmax())])
    return float(said[last + 1]) if last + 1 < len(said) else 1.0
