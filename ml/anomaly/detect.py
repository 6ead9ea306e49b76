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
    memory = baseline.memory if memory is None else memory
    last = first + counts.shape[1]
    group = occasions.groups(events, _clock(baseline), first, last)
    mean, variance = baseline.expected(first, last, group)
    wide = baseline.phi[:, None] + mean * variance
    level = np.maximum(mean, LEAST_MEAN)
    error = level * variance / baseline.phi[:, None]
    odds, sums, memory = follow(*ratios(counts, level, baseline.phi[:, None] * (1 + error)), memory)
    odds = heard(odds, counts, level)
    flat = (level.ravel(), np.broadcast_to(baseline.phi[:, None], mean.shape).ravel(), error.ravel())
    own = null.of_odds(odds.ravel(), *flat).reshape(mean.shape)
    slow = null.of_sums(sums.ravel(), *flat).reshape(mean.shape)
    pooled = null.at(odds.ravel(), baseline.common.curve, tabulate.ODDS).reshape(mean.shape)
    combined = np.clip(np.maximum(np.minimum(pooled, FAIR[1] * own), own / FAIR[0]), SMALLEST, 1.0)
    single = middle(counts, mean, wide)
    combined = np.minimum(combined, SURE * single)
    none = (baseline.kind == 0)[:, None]
    return Scores(
        baseline.names, first, counts,
        np.where(none, np.nan, mean), np.where(none, np.nan, quantile(alpha, mean, wide)),
        np.where(none, 1.0, single), np.where(none, 1.0, combined), np.where(none, 1.0, slow),
        baseline.kind, memory,
    )  # fmt: skip


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
