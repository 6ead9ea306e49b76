"""The detector of unusual volume on anyone's series: alarms, a score for every time, and what they are worth."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ml.anomaly.baseline import KINDS
from ml.anomaly.detect import REFIT, Scores, backtest
from ml.anomaly.panel import Frequency, Panel
from ml.evaluate import outbreaks

Floats = NDArray[np.float64]
SELDOM = 4
"""Weeks between two fits on times that are scored but not judged."""


@dataclass(frozen=True)
class Scanned:
    """A panel's scores at each of its steps (series, time); what was not asked for is nan, and its `combined` 1."""

    panel: Panel
    judged: NDArray[np.bool_]
    expected: Floats
    upper: Floats
    p: Floats
    combined: Floats
    slow: Floats
    kind: NDArray[np.int8]

    def alarms(self, alpha: float) -> NDArray[np.bool_]:
        """Judged steps that less than a share `alpha` of quiet ones look like, on either side of one threshold."""
        return (self.combined < alpha) & self.judged

    @property
    def score(self) -> Floats:
        """Minus the decimal logarithm: comparable across series."""
        found: Floats = -np.log10(self.combined)
        return found + 0.0

    def rows(self, chosen: NDArray[np.bool_]) -> pl.DataFrame:
        """`series`, `time`, `count`, `score`, `expected`, `upper` and `baseline` of the chosen steps."""
        series, step = np.nonzero(chosen)
        times = pl.Series(
            [self.panel.time(number) for number in range(self.panel.steps)], dtype=pl.Datetime("us", "UTC")
        )
        return pl.DataFrame(
            {
                "series": pl.Series(self.panel.names, dtype=pl.String).gather(series),
                "time": times.gather(step),
                "count": self.panel.counts[chosen],
                "score": self.score[chosen],
                "expected": self.expected[chosen],
                "upper": self.upper[chosen],
                "baseline": pl.Series([KINDS[kind] for kind in self.kind[chosen]], dtype=pl.String),
            }
        )


def scan(panel: Panel, begins: Mapping[str, datetime], *, whole: bool, alpha: float) -> Scanned:
    """Every judged step by what was known then, fitted anew each week; with `whole` those before, more seldom."""
    judged = outbreaks.judged(panel, begins)
    first = int(judged.any(axis=0).argmax()) if judged.any() else panel.steps
    every = REFIT[panel.frequency]
    parts: list[Scores] = []
    if whole:
        parts += backtest(panel, last=first, every=SELDOM * every, alpha=alpha)
    parts += backtest(panel, first=first, alpha=alpha)
    arrays = {name: np.full(panel.counts.shape, np.nan) for name in ("expected", "upper")}
    arrays |= {name: np.ones(panel.counts.shape) for name in ("p", "combined", "slow")}
    kind = np.zeros(panel.counts.shape, dtype=np.int8)
    for part in parts:
        block = slice(part.first, part.first + part.counts.shape[1])
        for name, array in arrays.items():
            array[:, block] = getattr(part, name)
        kind[:, block] = part.kind[:, None]
    return Scanned(panel, judged, kind=kind, **arrays)


def measured(scanned: Sequence[Scanned], spans: pl.DataFrame, alpha: float) -> dict[str, Any]:
    """The measures of `outbreaks.measure`, where the outbreaks (`series`, `start`, `end`) are known."""
    return outbreaks.measure(
        [one.panel for one in scanned],
        [one.alarms(alpha) for one in scanned],
        [one.score for one in scanned],
        [outbreaks.planted(one.panel, spans, one.judged) for one in scanned],
    )


def frequencies(scanned: Sequence[Scanned]) -> dict[Frequency, int]:
    """How many series of each frequency there are."""
    return {one.panel.frequency: len(one.panel.names) for one in scanned}
