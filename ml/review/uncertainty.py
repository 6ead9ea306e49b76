"""How little models know of a ticket's label: one model's doubt, and several models' disagreement."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Probabilities = NDArray[np.float64]


def margin(given: Probabilities) -> Floats:
    """One minus the distance between the two likeliest labels, (n,) between 0 and 1, of probabilities (n, c).

    Margin sampling: Scheffer, Decomain and Wrobel, "Active hidden Markov models for information extraction", 2001;
    of the measures in Settles, "Active Learning Literature Survey", 2009, it is the one that asks about borders between
    labels and not about noise.
    """
    if given.shape[1] < 2:
        return np.zeros(len(given))
    best = np.sort(given, axis=1)[:, -2:]
    found: Floats = 1.0 - (best[:, 1] - best[:, 0])
    return found


def vote_entropy(committee: Sequence[Probabilities]) -> Floats:
    """Entropy of the members' votes over the most that it can be, (n,) between 0 (they agree) and 1; their labels are
    in one order.

    Dagan and Engelson, "Committee-based sampling for training probabilistic classifiers", 1995.
    """
    members, classes = len(committee), committee[0].shape[1]
    votes = np.zeros_like(committee[0])
    for given in committee:
        votes[np.arange(len(given)), given.argmax(axis=1)] += 1 / members
    most = np.log(min(members, classes))
    if most <= 0:
        return np.zeros(len(votes))
    entropy: Floats = -(votes * np.log(np.where(votes > 0, votes, 1.0))).sum(axis=1) / most
    return entropy
