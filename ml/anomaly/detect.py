"""How strange counts are: each against what was to be expected, and together with those just before it."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ml.anomaly import null, occasions, tabulate
from ml.anomaly.baseline import KINDS, Baseline
from ml.anomaly.counts import SMALLEST, middle, quantile
from ml.anomaly.fitting import fit
from ml.anomaly.lasting import LEAST_MEAN, Memory, follow, heard, ratios
from ml.anomaly.panel import Frequency, Panel

Floats = NDArray[np.float64]
ALPHA = 0.01
REFIT: dict[Frequency, int] = {"weekly": 1, "daily": 7, "hourly": 24 * 7}
"""Steps after which a back-test fits again: a week."""
FAIR = (1.5, 2.0)
"""The rate of false alarms in one series is at most 1.5 times, and at least 1 / 2 of, the rate over all of them."""

SURE = 10.0
"""Times a single count's p-value that `combined` is at most: no more than a tenth is added to the rate, and a count
beyond the sizes of outbreaks that are thought of is as strange as it is."""


@dataclass(frozen=True)
class Scores:
    """Arrays (series, time) from the step `first` on; nan where nothing could be expected."""

    names: tuple[str, ...]
    first: int
    counts: Floats
    expected: Floats
    upper: Floats
    """The count that a share `alpha` of single steps exceeds."""
    p: Floats
    """Of the single count: the mid-p value under the negative binomial; 1 where nothing could be expected."""
    combined: Floats
    """How often a quiet step of these series looks as much like an outbreak in progress."""
    slow: Floats
    """How often a quiet cumulative sum is as high: small rises that stay."""
    kind: NDArray[np.int8]
    """A place in `KINDS` for each series."""
    memory: Memory

    @property
    def score(self) -> Floats:
        """Minus the decimal logarithm of `combined`."""
        found: Floats = -np.log10(self.combined)
        return found

    @property
    def baselines(self) -> list[str]:
        """For each series whether what was expected is its own, of the pool, or none."""
        return [KINDS[kind] for kind in self.kind]


class Outlook:
    """What is to be expected of some steps, whatever comes in them: made once, asked with many counts."""

    def __init__(self, baseline: Baseline, first: int, last: int, events: pl.DataFrame | None = None) -> None:
        """Of the steps from `first` to before `last`."""
        self._baseline, self._first = baseline, first
        group = occasions.groups(events, _clock(baseline), first, last)
        self._mean, variance = baseline.expected(first, last, group)
        phi = baseline.phi[:, None]
        self._wide = phi + self._mean * variance
        self._level = np.maximum(self._mean, LEAST_MEAN)
        error = self._level * variance / phi
        self._spread = phi * (1 + error)
        self._flat = (self._level.ravel(), np.broadcast_to(phi, self._mean.shape).ravel(), error.ravel())
        self._curves = null.curves(*self._flat)

    @property
    def mean(self) -> Floats:
        """What is expected, (series, time)."""
        return self._mean

    def combined(self, counts: Floats, memory: Memory) -> Floats:
        """Of `Scores`, with what was remembered before the first step."""
        return np.where(self._none, 1.0, self._strangeness(counts, memory)[0])

    def scores(self, counts: Floats, memory: Memory, alpha: float = ALPHA) -> Scores:
        """All that is said of these counts (series, time)."""
        combined, single, sums, after = self._strangeness(counts, memory)
        slow = null.of_sums(sums.ravel(), *self._flat).reshape(sums.shape)
        return Scores(
            self._baseline.names, self._first, counts,
            np.where(self._none, np.nan, self._mean),
            np.where(self._none, np.nan, quantile(alpha, self._mean, self._wide)),
            np.where(self._none, 1.0, single), np.where(self._none, 1.0, combined), np.where(self._none, 1.0, slow),
            self._baseline.kind, after,
        )  # fmt: skip

    @property
    def _none(self) -> NDArray[np.bool_]:
        found: NDArray[np.bool_] = (self._baseline.kind == 0)[:, None]
        return found

    def _strangeness(self, counts: Floats, memory: Memory) -> tuple[Floats, Floats, Floats, Memory]:
        odds, sums, after = follow(*ratios(counts, self._level, self._spread), memory)
        odds = heard(odds, counts, self._level).ravel()
        own = null.at(odds, self._curves, tabulate.ODDS).reshape(counts.shape)
        pooled = null.at(odds, self._baseline.common.curve, tabulate.ODDS).reshape(counts.shape)
        combined = np.clip(np.maximum(np.minimum(pooled, FAIR[1] * own), own / FAIR[0]), SMALLEST, 1.0)
        single = middle(counts, self._mean, self._wide)
        return np.minimum(combined, SURE * single), single, sums, after


def score(
    baseline: Baseline,
    counts: Floats,
    *,
    first: int | None = None,
    memory: Memory | None = None,
    events: pl.DataFrame | None = None,
    alpha: float = ALPHA,
) -> Scores:
    """Score `counts` (series, time) that follow the history, or from the step `first` on with the `memory` before it.

    The same whether a step comes alone or with others.
    """
    first = baseline.fitted if first is None else first
    outlook = Outlook(baseline, first, first + counts.shape[1], events)
    return outlook.scores(counts, baseline.memory if memory is None else memory, alpha)


def newest(panel: Panel, *, steps: int = 1, events: pl.DataFrame | None = None, alpha: float = ALPHA) -> Scores:
    """Score the last `steps` of a panel by what was known before them."""
    baseline = fit(panel.upto(panel.steps - steps), events)
    return score(baseline, panel.counts[:, panel.steps - steps :], events=events, alpha=alpha)


def backtest(
    panel: Panel,
    *,
    first: int = 0,
    every: int | None = None,
    last: int | None = None,
    events: pl.DataFrame | None = None,
    alpha: float = ALPHA,
) -> Iterator[Scores]:
    """Score each step from `first` to before `last` by what was known then, fitted anew each week or `every` steps."""
    last = panel.steps if last is None else last
    every = every or REFIT[panel.frequency]
    for fitted in range(first, last, every):
        baseline = fit(panel.upto(fitted), events)
        yield score(baseline, panel.counts[:, fitted : min(fitted + every, last)], events=events, alpha=alpha)


def _clock(baseline: Baseline) -> Panel:
    size = len(baseline.names)
    return Panel(
        baseline.names, baseline.frequency, baseline.begin, np.zeros((size, 0)), np.zeros(size, dtype=np.int64)
    )
