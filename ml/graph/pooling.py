"""What several names say together about the issue.

A logarithmic opinion pool (Genest and Zidek, "Combining probability distributions", 1986): the probability of an issue
is what is usual, times how much more often each name is found in it than usual. Names of one text repeat each other, so
each counts for less the more there are; a name that is alone is believed as it stands.
"""

import numpy as np
from numpy.typing import NDArray

REPETITION = 0.4
"""Of n names each counts for n to the power of minus this."""
DOUBT = 0.1
"""How much of what is usual is mixed into what a name says: an issue that it was never seen in stays possible."""
SLIGHT = 1e-9
Floats = NDArray[np.float64]


def pooled(said: Floats, usual: Floats, weights: Floats) -> Floats:
    """Probability of each issue given all names, in the parts that are owed to each name: (names, issues).

    `said` (names, issues) is the probability of the issue given one name, rows sum to 1; `usual` (issues,) without any.
    `weights` (names,) say how much each counts beside the others. An issue that no name was seen in has no part.
    """
    names = len(said)
    known = usual > 0
    parts = np.zeros_like(said)
    if not names or not known.any():
        return parts
    more = np.log((said[:, known] / usual[known] + DOUBT) / (1 + DOUBT))
    total = np.log(usual[known]) + names**-REPETITION * (weights / weights.mean()) @ more
    shares = np.exp(total - total.max())
    owed = np.where(said[:, known] > 0, np.maximum(more, SLIGHT), 0.0)
    parts[:, known] = shares / shares.sum() * owed / np.maximum(owed.sum(axis=0), SLIGHT)
    return parts
