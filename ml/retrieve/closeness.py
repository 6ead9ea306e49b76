"""How much nearer in time two reports of one thing are than two that merely sound alike; learned without judgements.

Reports of one fault come in bursts. Documents that are each other's nearest by text stand for pairs that belong
together, and the neighbours further down for pairs that do not, so that what a topic alone brings together counts for
nothing. The logarithm of how much more frequent a distance in time is among the first is its evidence (Good, "Weight
of evidence", 1985), shrunk to none where few are expected (DuMouchel, "Bayesian data mining in large frequency
tables", 1999).
"""

from collections.abc import Callable
from typing import Self

import msgspec
import numpy as np
from numpy.typing import NDArray

DAYS = (1.0, 7.0, 30.0, 90.0, 180.0, 365.0, 730.0)
"""Where a distance in time begins to be another one: these, and `PRIOR`, foretell held-out mutual pairs best."""
ASKED = 1_500
"""Documents, at most, whose neighbours are looked at."""
BEST = 0.25
"""Share of the mutual pairs, the most similar ones, that stand for what belongs together."""
FEWEST = 40
"""Pairs below which time says nothing."""
OTHERS = slice(5, 30)
"""Ranks of the neighbours that stand for what merely sounds alike."""
PRIOR = 0.5
"""Pairs, expected and seen, that are added to each distance in time."""
Floats = NDArray[np.float64]
Scores = NDArray[np.float32]


class Closeness(msgspec.Struct, frozen=True):
    """Evidence, in nats, of each distance in time; none where too little is known."""

    evidence: list[float] | None

    @classmethod
    def learn(cls, days: Floats, similar: Callable[[int], Scores], *, seed: int) -> Self:
        """`days` (n,) are moments, nan where unknown; `similar` says how alike all are to one document."""
        dated = np.flatnonzero(~np.isnan(days))
        if len(dated) <= OTHERS.stop:
            return cls(None)
        asked = np.random.default_rng(seed).permutation(dated)[:ASKED]
        known: dict[int, tuple[NDArray[np.int64], float]] = {}

        def nearest(place: int) -> tuple[NDArray[np.int64], float]:
            if place not in known:
                scores = similar(place)[dated]
                scores[dated == place] = -np.inf
                order = np.argsort(-scores, kind="stable")[: OTHERS.stop]
                known[place] = dated[order], float(scores[order[0]])
            return known[place]

        firsts = [(int(place), *nearest(int(place))) for place in asked]
        mutual = {
            frozenset((place, int(near[0]))): (close, place, near)
            for place, near, close in firsts
            if nearest(int(near[0]))[0][0] == place
        }
        pairs = sorted(mutual.values(), key=lambda pair: -pair[0])[: max(FEWEST, int(len(mutual) * BEST))]
        if len(pairs) < FEWEST:
            return cls(None)
        together = _counted([np.abs(days[near[:1]] - days[place]) for _, place, near in pairs])
        apart = _counted([np.abs(days[near[OTHERS]] - days[place]) for _, place, near in pairs])
        expected = apart * (together.sum() / apart.sum())
        return cls(np.log((together + PRIOR) / (expected + PRIOR)).tolist())

    def scores(self, days: Floats, asked: float | None) -> Scores:
        """Evidence for each document, (n,); 0 where one of the two moments is unknown."""
        if self.evidence is None or asked is None or np.isnan(asked):
            return np.zeros(len(days), dtype=np.float32)
        table = np.array([*self.evidence, 0.0], dtype=np.float32)
        gap = np.abs(days - asked)
        place = np.where(np.isnan(gap), len(self.evidence), np.searchsorted(DAYS, gap, side="right"))
        found: Scores = table[place]
        return found


def _counted(gaps: list[Floats]) -> Floats:
    return np.bincount(np.searchsorted(DAYS, np.concatenate(gaps), side="right"), minlength=len(DAYS) + 1).astype(float)
