"""Grouping what comes one after another: each joins the nearest group that is still alive, or founds one.

Leader clustering (Hartigan, "Clustering algorithms", 1975) in the order of time, so that what is known at any moment
depends on what came before it alone.
"""

from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float32]
Vectors = NDArray[np.float32]


class Groups:
    """Groups of unit vectors; a group that nothing joins for `window` takes nothing in any more."""

    def __init__(self, dimension: int, *, join: float, window: timedelta) -> None:
        """`join` is the least cosine with a group's centre."""
        self._join, self._window = join, window
        self._sums = np.zeros((0, dimension), dtype=np.float32)
        self._centres = np.zeros((0, dimension), dtype=np.float32)
        self._ids: list[int] = []
        self._last: list[datetime] = []
        self._owners: list[set[str]] = []
        self._next = 0

    def place(self, vector: Vector, at: datetime, owner: str) -> int:
        """The number of its group, from 0 in the order of founding. The centre heeds the first of each owner alone."""
        self._forget(at - self._window)
        alike = self._centres @ vector
        best = int(np.argmax(alike)) if len(alike) else -1
        if best < 0 or alike[best] < self._join:
            return self._found(vector, at, owner)
        self._last[best] = max(self._last[best], at)
        if owner not in self._owners[best]:
            self._owners[best].add(owner)
            self._sums[best] += vector
            self._centres[best] = self._sums[best] / max(float(np.linalg.norm(self._sums[best])), 1e-12)
        return self._ids[best]

    def centre(self, number: int) -> Vector:
        """The centre of a group that is alive, of unit length."""
        centre: Vector = self._centres[self._ids.index(number)]
        return centre

    def _found(self, vector: Vector, at: datetime, owner: str) -> int:
        self._sums = np.concatenate([self._sums, vector[None]])
        self._centres = np.concatenate([self._centres, vector[None]])
        self._ids.append(self._next)
        self._last.append(at)
        self._owners.append({owner})
        self._next += 1
        return self._ids[-1]

    def _forget(self, before: datetime) -> None:
        alive = [place for place, last in enumerate(self._last) if last >= before]
        if len(alive) < len(self._last):
            self._sums, self._centres = self._sums[alive], self._centres[alive]
            self._ids = [self._ids[place] for place in alive]
            self._last = [self._last[place] for place in alive]
            self._owners = [self._owners[place] for place in alive]
