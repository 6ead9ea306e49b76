"""Whether a challenger may take the champion's place: compared on the same tickets, of which neither knows any.

The gain in macro F1 is told with its paired bootstrap interval (Efron and Tibshirani, 1993; for two classifiers of one
test set: Berg-Kirkpatrick, Burkett, Klein, EMNLP 2012). The newest tickets that neither was trained or chosen on say
whether there is a gain; these and the frozen ones, by class, language and tier, say whether somebody pays for it.
"""

from collections.abc import Callable, Sequence

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from ml.classify.labels import places
from ml.evaluate import measures
from ml.evaluate.measures import Interval

FEWEST = 30
"""Untouched tickets without which nobody is promoted."""
SLICE = 50
"""Tickets from which on a slice is judged by itself."""
POINT = 0.01
"""A slice may lose this much beyond chance."""
GROUPS = ("language", "tier")
Right = NDArray[np.bool_]


class SliceGain(msgspec.Struct, frozen=True):
    """Tickets of one class, language or tier: by how much more of them the challenger gets right."""

    kind: str
    value: str
    rows: int
    gain: Interval

    @property
    def worse(self) -> bool:
        """Whether even the best that chance allows is over a point worse."""
        return self.gain.high < -POINT


class Comparison(msgspec.Struct, frozen=True):
    """Two models on the same tickets. `measure`: macro F1, or what stands for it; higher is better."""

    rows: int
    measure: str
    challenger: Interval
    champion: Interval
    gain: Interval
    slices: list[SliceGain]

    @property
    def worse(self) -> list[SliceGain]:
        """Slices that pay for it."""
        return [one for one in self.slices if one.worse]


class Verdict(msgspec.Struct, frozen=True):
    """What the gate decided, and why, as people read it."""

    promoted: bool
    reasons: list[str]


def compare(
    truth: pl.Series, challenger: pl.Series, champion: pl.Series, groups: pl.DataFrame, *, seed: int
) -> Comparison:
    """Labels that are true and that each said; a label that a model does not know is its error.

    `groups` has a row a ticket with the columns `GROUPS`.
    """
    classes = sorted(set(truth) | set(challenger) | set(champion))
    true, one, other = (places(said, classes) for said in (truth, challenger, champion))
    slices = _slices({"class": truth, **_groups(groups)}, _right(one == true, other == true, seed))
    return Comparison(
        len(truth),
        "macro F1",
        _macro(true, one, len(classes), seed),
        _macro(true, other, len(classes), seed),
        measures.macro_f1_gain(true, one, other, len(classes), seed=seed),
        slices,
    )


def compare_misses(
    challenger: NDArray[np.float64], champion: NDArray[np.float64], groups: pl.DataFrame, *, seed: int
) -> Comparison:
    """The same of estimates: by how much each missed each ticket, in natural logarithms; gains are less of it."""
    drawn = np.random.default_rng(seed).integers(0, len(champion), (measures.RESAMPLES, len(champion)))

    def gain(which: NDArray[np.int64]) -> Interval:
        some = (champion - challenger)[which]
        resampled = some[np.random.default_rng(seed).integers(0, len(some), (measures.RESAMPLES, len(some)))]
        return _interval(float(some.mean()), resampled.mean(axis=1))

    one, other = (_interval(-float(missed.mean()), -missed[drawn].mean(axis=1)) for missed in (challenger, champion))
    everything = np.arange(len(champion))
    return Comparison(
        len(champion), "mean log error, negative", one, other, gain(everything), _slices(_groups(groups), gain)
    )


def verdict(newest: Comparison | None, frozen: Comparison | None, faults: Sequence[str]) -> Verdict:
    """Promoted where the newest tickets show a gain beyond chance, nobody pays for it, and nothing is wrong with it.

    `faults` are what is wrong with the challenger whatever it gains; they are told first.
    """
    against = list(faults)
    if newest is None or newest.rows < FEWEST:
        found = newest.rows if newest else 0
        against.append(f"{found} tickets are new to both models, expected at least {FEWEST} to judge by")
    elif newest.gain.low <= 0:
        against.append(f"no gain beyond chance: {_told(newest)}")
    for where, comparison in (("newest", newest), ("frozen", frozen)):
        if comparison is None:
            continue
        against += [
            f"worse on the {where} tickets of {one.kind} {one.value}: {_points(one.gain)}, {one.rows} tickets"
            for one in comparison.worse
        ]
    if frozen is not None and frozen.gain.high < -POINT:
        against.append(f"worse on the frozen tickets: {_told(frozen)}")
    if against or newest is None:
        return Verdict(False, against)
    return Verdict(True, [f"better: {_told(newest)}", *([f"on the frozen tickets {_told(frozen)}"] if frozen else [])])


def _slices(of: dict[str, pl.Series], gain: Callable[[NDArray[np.int64]], Interval]) -> list[SliceGain]:
    found = []
    for kind, values in of.items():
        for value in sorted(values.drop_nulls().unique()):
            which = np.flatnonzero((values == value).fill_null(value=False).to_numpy())
            if len(which) >= SLICE:
                found.append(SliceGain(kind, str(value), len(which), gain(which)))
    return found


def _right(challenger: Right, champion: Right, seed: int) -> Callable[[NDArray[np.int64]], Interval]:
    truth = np.ones(len(champion), np.int64)

    def gain(which: NDArray[np.int64]) -> Interval:
        one, other = challenger[which].astype(np.int64), champion[which].astype(np.int64)
        return measures.accuracy_gain(truth[which], one, other, seed=seed)

    return gain


def _groups(groups: pl.DataFrame) -> dict[str, pl.Series]:
    return {name: groups[name] for name in GROUPS if name in groups.columns}


def _macro(truth: NDArray[np.int64], guess: NDArray[np.int64], classes: int, seed: int) -> Interval:
    return measures.resampled(measures.confusion(truth, guess, classes), measures.macro_f1_of_true, seed)


def _interval(value: float, drawn: NDArray[np.float64]) -> Interval:
    low, high = np.quantile(drawn, [0.025, 0.975])
    return Interval(value, float(low), float(high))


def _told(one: Comparison) -> str:
    scores = f"{one.challenger.value:.3f} after {one.champion.value:.3f}"
    return f"{one.measure} {scores}, {_points(one.gain)}, {one.rows} tickets"


def _points(gain: Interval) -> str:
    return f"{100 * gain.value:+.1f} points ({100 * gain.low:+.1f} to {100 * gain.high:+.1f})"
