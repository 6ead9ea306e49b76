"""Sayings that mean one remedy: used on the same kinds of tickets, and near in meaning.

Bayesian hierarchical clustering (Heller and Ghahramani, ICML 2005): two groups are joined while it is likelier that
their counts come from one distribution than from two, so that no threshold is chosen. What the words add is learned
from the same data, as in the linkage of records (Fellegi and Sunter, 1969): how near sayings are that were joined by
their use, against all others.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ml.retrieve.spread import Floats, Views, concentrated, likelihood
from ml.text.encoder import Vectors
from ml.text.vectors import unit

PAIRS = 20
"""Pairs of joined sayings that are needed to learn what nearness means."""


class Nearness(NamedTuple):
    """Cosines of sayings of one remedy and of different ones: mean and deviation of each."""

    same: tuple[float, float]
    other: tuple[float, float]

    def evidence(self, cosines: Floats) -> Floats:
        """Log-likelihood ratio that sayings this near mean one remedy; even beyond where it turns."""
        (one, wide), (two, narrow) = self.same, self.other
        at = np.clip(cosines, two - 2 * narrow, one + wide)
        ratio: Floats = np.log(narrow / wide) + ((at - two) / narrow) ** 2 / 2 - ((at - one) / wide) ** 2 / 2
        return ratio


def merged(views: Views, vectors: Vectors, known: Sequence[int], fixed: Sequence[bool]) -> list[int]:
    """The group of each of n sayings, by the number of its first one.

    Sayings with the same number of 0 or more in `known` are together from the start, and two groups that each hold a
    `fixed` saying never come together.
    """
    near = unit(vectors).astype(np.float64)
    cosines: Floats = near @ near.T
    first = _joined(views, np.zeros_like(cosines), known, fixed)
    nearness = learned(cosines, first)
    return first if nearness is None else _joined(views, nearness.evidence(cosines), known, fixed)


def learned(cosines: Floats, groups: Sequence[int]) -> Nearness | None:
    """How near sayings of one group are, and of different ones; none where too few are together."""
    of = np.asarray(groups)
    upper = np.triu_indices(len(of), 1)
    same = (of[:, None] == of[None, :])[upper]
    inside, outside = cosines[upper][same], cosines[upper][~same]
    if min(len(inside), len(outside)) < PAIRS:
        return None
    found = Nearness(
        (float(inside.mean()), float(inside.std()) + 1e-3), (float(outside.mean()), float(outside.std()) + 1e-3)
    )
    return found if found.same[0] > found.other[0] else None


def _joined(views: Views, words: Floats, known: Sequence[int], fixed: Sequence[bool]) -> list[int]:
    """Join the two groups whose union is likeliest, as long as it is likelier than both apart."""
    size = len(known)
    group = list(range(size))
    pseudo = concentrated(views)
    counts = {name: one.counts.copy() for name, one in views.items()}
    kept, weight, alive = np.array(fixed, dtype=bool), np.ones(size), np.ones(size, dtype=bool)
    words = words.copy()
    own = _alone(counts, pseudo)
    gain = np.full((size, size), -np.inf)

    def join(one: int, two: int) -> None:
        for table in counts.values():
            table[one] += table[two]
        words[one] = (weight[one] * words[one] + weight[two] * words[two]) / (weight[one] + weight[two])
        words[:, one] = words[one]
        weight[one] += weight[two]
        kept[one] |= kept[two]
        alive[two] = False
        gain[two, :] = gain[:, two] = -np.inf
        group[:] = [one if at == two else at for at in group]
        own[one] = _alone({name: table[one : one + 1] for name, table in counts.items()}, pseudo)[0]

    def weigh(one: int) -> None:
        row = _alone({name: table + table[one] for name, table in counts.items()}, pseudo) - own - own[one] + words[one]
        row[~alive | (kept & kept[one])] = -np.inf
        row[one] = -np.inf
        gain[one, :] = gain[:, one] = row

    first: dict[int, int] = {}
    for place, number in enumerate(known):
        if number >= 0 and number in first:
            join(first[number], place)
        first.setdefault(number, place)
    for place in np.flatnonzero(alive).tolist():
        weigh(place)
    while size:
        one, two = sorted(int(at) for at in np.unravel_index(gain.argmax(), gain.shape))
        if not gain[one, two] > 0:
            break
        join(one, two)
        weigh(one)
    return group


def _alone(counts: dict[str, Floats], pseudo: dict[str, Floats]) -> Floats:
    found: Floats = np.sum([likelihood(table, pseudo[name]) for name, table in counts.items()], axis=0)
    return found
