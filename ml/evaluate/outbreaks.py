"""What a detector's scores are worth where outbreaks are known: detection, false alarms, delay.

An outbreak is detected by an alarm at any of its steps, its first and its last inside (probability of detection, POD).
The false-alarm rate is the share of judged steps outside of outbreaks that alarm. The detection at a false-alarm rate
of 1 % takes one threshold for all series of a frequency: the lowest that no more of those steps exceed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ml.anomaly.panel import STEP, Panel
from warehouse.errors import SourceUnreadable

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
RATE = 0.01
SUMS = ("outbreaks", "quiet", "false", "right", "weeks")


@dataclass(frozen=True)
class Planted:
    """Of one frequency: what is judged, and where outbreaks are."""

    judged: Flags
    """Steps that count (series, time)."""
    inside: Flags
    """Steps of an outbreak (series, time)."""
    series: NDArray[np.int64]
    first: NDArray[np.int64]
    last: NDArray[np.int64]
    """Of each outbreak that reaches into what is judged: its series, its first and last step."""

    @property
    def quiet(self) -> Flags:
        """Judged steps outside of outbreaks."""
        return self.judged & ~self.inside


def judged(panel: Panel, begins: Mapping[str, datetime]) -> Flags:
    """Steps (series, time) from `begins` on; all of a series that is not named, from its first row on."""
    steps = [panel.step(begins[name].replace(tzinfo=UTC)) if name in begins else 0 for name in panel.names]
    first = np.maximum(np.array(steps), panel.starts)
    found: Flags = np.arange(panel.steps) >= first[:, None]
    return found


def planted(panel: Panel, spans: pl.DataFrame, part: Flags) -> Planted:
    """Outbreaks (`series`, `start`, `end`) on a panel's steps. Raises `SourceUnreadable` where one ends too early."""
    inside = np.zeros(part.shape, dtype=np.bool_)
    places = {name: place for place, name in enumerate(panel.names)}
    rows = []
    times = pl.col("start", "end").cast(pl.Datetime("us"))
    for name, start, end in spans.select("series", times).iter_rows():
        if end < start:
            raise SourceUnreadable(f"an outbreak of {name!r} starts {start} and ends {end}; expected start <= end.")
        if name not in places:
            continue
        low, high = panel.step(start.replace(tzinfo=UTC)), panel.step(end.replace(tzinfo=UTC))
        low, high = max(low, 0), min(high, panel.steps - 1)
        inside[places[name], low : high + 1] = True
        if part[places[name], low : high + 1].any():
            rows.append((places[name], low, high))
    found = np.array(rows, dtype=np.int64).reshape(-1, 3)
    return Planted(part, inside, found[:, 0], found[:, 1], found[:, 2])


def threshold(scores: Floats, truth: Planted, rate: float = RATE) -> float:
    """The lowest score that at most this share of the quiet steps exceed; nan where there is none."""
    quiet = np.sort(scores[truth.quiet])[::-1]
    return float(quiet[int(len(quiet) * rate)]) if len(quiet) else float("nan")


def delays(alarms: Flags, truth: Planted) -> Floats:
    """Steps from each outbreak's first to its first alarm that is judged; nan for one that is missed."""
    found = np.full(len(truth.series), np.nan)
    counted = alarms & truth.judged
    for place, (series, first, last) in enumerate(zip(truth.series, truth.first, truth.last, strict=True)):
        hits = np.flatnonzero(counted[series, first : last + 1])
        found[place] = hits[0] if len(hits) else np.nan
    return found


def measure(
    panels: Sequence[Panel], alarms: Sequence[Flags], scores: Sequence[Floats], truths: Sequence[Planted]
) -> dict[str, Any]:
    """The measures over all frequencies, and of each; None where there is nothing to measure. Delays are in steps."""
    each: dict[str, Any] = {
        panel.frequency: _of_one(panel, alarmed, score, truth)
        for panel, alarmed, score, truth in zip(panels, alarms, scores, truths, strict=True)
    }
    sums = {name: sum(one[name] for one in each.values()) for name in SUMS}
    late = np.concatenate([one["delays"] for one in each.values()])
    sharp = np.concatenate([one["sharp"] for one in each.values()])
    by = {name: _figures(one, one["delays"], one["sharp"]) for name, one in each.items()}
    return {**_figures(sums, late, sharp), "by_frequency": by}


def _of_one(panel: Panel, alarms: Flags, scores: Floats, truth: Planted) -> dict[str, Any]:
    return {
        "outbreaks": len(truth.series),
        "quiet": int(truth.quiet.sum()),
        "false": int((alarms & truth.quiet).sum()),
        "right": int((alarms & truth.judged & truth.inside).sum()),
        "weeks": float(truth.judged.sum() * (STEP[panel.frequency] / STEP["weekly"])),
        "delays": delays(alarms, truth),
        "sharp": ~np.isnan(delays(scores > threshold(scores, truth), truth)),
    }


def _figures(sums: Mapping[str, Any], late: Floats, sharp: Flags) -> dict[str, Any]:
    found = ~np.isnan(late)
    alarms = sums["false"] + sums["right"]
    return {
        "outbreaks": sums["outbreaks"],
        "pod": float(found.mean()) if len(found) else None,
        "pod_at_fpr_1pct": float(sharp.mean()) if len(sharp) else None,
        "fpr": sums["false"] / sums["quiet"] if sums["quiet"] else None,
        "median_delay": float(np.median(late[found])) if found.any() else None,
        "precision": sums["right"] / alarms if alarms else None,
        "false_alarms_per_series_and_week": sums["false"] / sums["weeks"] if sums["weeks"] else None,
    }
