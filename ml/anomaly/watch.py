"""Counts as they come, ticket by ticket and window by window: the same for what is replayed and for what comes in."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ml.anomaly.baseline import Baseline
from ml.anomaly.detect import Outlook, Scores
from ml.anomaly.discoveries import FALSE_INCIDENTS_A_YEAR, discover, rate
from ml.anomaly.panel import STEP
from ml.anomaly.series import parent

Floats = NDArray[np.float64]
Places = NDArray[np.int64]
YEAR = timedelta(days=365.25)
FEW, MOST = 8.0, 4_096.0
"""Counts above twice the mean that the search begins with, and a count that is strange for any series."""


def parents(names: tuple[str, ...]) -> Places:
    """The place of the series that explains each, -1 at the top."""
    place = {name: number for number, name in enumerate(names)}
    return np.array([place.get(parent(name) or "", -1) for name in names], dtype=np.int64)


class Watch:
    """Follows windows from the one after a baseline's history on. For one thread.

    `false_incidents_a_year` is what the rate of false discoveries is told by (`discoveries`).
    """

    def __init__(
        self,
        baseline: Baseline,
        *,
        false_incidents_a_year: float = FALSE_INCIDENTS_A_YEAR,
        events: pl.DataFrame | None = None,
    ) -> None:
        """Nothing has come yet."""
        self._baseline, self._events, self._allowed = baseline, events, false_incidents_a_year
        self._scans = YEAR / STEP[baseline.frequency]
        self._level = rate(false_incidents_a_year, self._scans)
        self._parents = parents(baseline.names)
        self._places: Mapping[str, int] = {name: place for place, name in enumerate(baseline.names)}
        self._memory, self._step = baseline.memory, baseline.fitted
        self.counts, self._found = self._fresh()
        """What has come in the window so far, (series,)."""
        self._due: Floats | None = None
        self._outlook: Outlook | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The series that have a baseline."""
        return self._baseline.names

    @property
    def start(self) -> datetime:
        """When the window begins that is filling."""
        return self._baseline.begin + self._step * STEP[self._baseline.frequency]

    @property
    def end(self) -> datetime:
        """When the next one begins."""
        return self.start + STEP[self._baseline.frequency]

    def hear(self, names: Iterable[str]) -> list[str]:
        """A ticket came that counts in these series; those that it makes an alarm. A new series has no baseline."""
        places = self._known(names)
        self.counts[places] += 1
        if self._due is None:
            self._due = self._least()
        if not ((self.counts[places] >= self._due[places]) & ~self._found[places]).any():
            return []
        found = self._strange(self._combined(self.counts))
        new = found & ~self._found
        self._found |= found
        return [self.names[place] for place in np.flatnonzero(new)]

    def with_(self, names: Iterable[str]) -> Floats:
        """The counts of the window if these are heard, each as often as it is named."""
        return self.counts + np.bincount(self._known(names), minlength=len(self.names))

    def quiet(self, counts: Floats) -> bool:
        """Whether nothing is found when so many have come at the end of the window; then they are taken as heard."""
        if self._strange(self._combined(counts)).any():
            return False
        self.counts = counts.copy()
        return True

    def close(self) -> Scores:
        """Nothing more comes in this window: what it was worth. The next one opens."""
        scores = self.scores(self.counts)
        self._memory, self._step, self._due, self._outlook = scores.memory, self._step + 1, None, None
        self.counts, self._found = self._fresh()
        return scores

    def scores(self, counts: Floats) -> Scores:
        """What the window is worth with these counts (series,)."""
        return self._ahead().scores(counts[:, None], self._memory)

    def _known(self, names: Iterable[str]) -> Places:
        return np.array([self._places[name] for name in names if name in self._places], dtype=np.int64)

    def _combined(self, counts: Floats) -> Floats:
        return self._ahead().combined(counts[:, None], self._memory)[:, 0]

    def _ahead(self) -> Outlook:
        if self._outlook is None:
            self._outlook = Outlook(self._baseline, self._step, self._step + 1, self._events)
        return self._outlook

    def _fresh(self) -> tuple[Floats, NDArray[np.bool_]]:
        size = len(self._baseline.names)
        return np.zeros(size), np.zeros(size, dtype=np.bool_)

    def _strange(self, p: Floats) -> NDArray[np.bool_]:
        if not (p <= self._level).any():
            return np.zeros(len(p), dtype=np.bool_)
        found = discover(p, self._parents, scans_a_year=self._scans, false_incidents_a_year=self._allowed)
        return found.found

    def _least(self) -> Floats:
        """The smallest count of each series that could be found: by doubling and bisection, all at once."""
        low = np.zeros(len(self.names))
        high = np.ceil(2 * self._ahead().mean[:, 0]).clip(0.0, MOST - FEW) + FEW
        while not (enough := (self._combined(high) <= self._level) | (high >= MOST)).all():
            low, high = np.where(enough, low, high), np.where(enough, high, np.minimum(2 * high, MOST))
        while (high - low > 1).any():
            between = np.floor((low + high) / 2)
            enough = self._combined(between) <= self._level
            low, high = np.where(enough, low, between), np.where(enough, between, high)
        return high
