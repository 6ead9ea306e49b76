"""Cross-validation that respects time: each fold learns from the past and is judged on what followed."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.classify.labels import lined_up
from ml.classify.learner import Places
from ml.classify.selection import Examples
from ml.evaluate import measures
from ml.evaluate.budget import Task, fit_within

FIRST = 0.5
"""Share of the tickets that the first fold learns from."""
Change = Callable[[Examples], Examples]


@dataclass(frozen=True)
class Fold:
    """Places of the tickets that are learned from, and of those that followed."""

    train: Places
    later: Places


@dataclass(frozen=True)
class Judged:
    """Weighted F1 of each fold that was fitted in time, and the seconds that all took."""

    scores: list[float]
    seconds: float

    @property
    def mean(self) -> float | None:
        """None where no fold was fitted."""
        return float(np.mean(self.scores)) if self.scores else None

    @property
    def spread(self) -> float | None:
        """Standard deviation over the folds (n - 1); None for fewer than two."""
        return float(np.std(self.scores, ddof=1)) if len(self.scores) > 1 else None


def forward(rows: int, folds: int) -> list[Fold]:
    """Expanding windows over `rows` tickets in the order of time: fold k learns from all before its own window."""
    edges = np.linspace(rows * FIRST, rows, folds + 1).astype(np.int64)
    return [Fold(np.arange(begin), np.arange(begin, end)) for begin, end in pairwise(edges) if begin < end]


def unchanged(examples: Examples) -> Examples:
    """As they are."""
    return examples


def judge(
    examples: Examples,
    family: str,
    parameters: dict[str, Any],
    folds: list[Fold],
    *,
    seconds: float,
    seed: int,
    change: Change = unchanged,
) -> Judged:
    """Weighted F1 of a family on each fold, those that fit into the seconds; `change` as in `scores`."""
    found = list(scores(examples, family, parameters, folds, seconds=seconds, seed=seed, change=change))
    return Judged([score for score, _ in found], sum(took for _, took in found))


def scores(
    examples: Examples,
    family: str,
    parameters: dict[str, Any],
    folds: list[Fold],
    *,
    seconds: float,
    seed: int,
    change: Change = unchanged,
) -> Iterator[tuple[float, float]]:
    """Weighted F1 and seconds, fold after fold, until one does not fit; `change` is done to what is learned from.

    A tenth of what a fold learns from, the newest, is what a family stops by.
    """
    left = seconds
    for fold in folds:
        cut = int(len(fold.train) * 0.9)
        train, stop = change(examples.take(fold.train[:cut])), examples.take(fold.train[cut:])
        task = Task(family, train.inputs, train.labels, stop.inputs, stop.labels, seed, dict(parameters))
        outcome = fit_within(task, left)
        if outcome.learner is None:
            return
        left -= outcome.seconds
        later = examples.take(fold.later)
        given = outcome.learner.predict_proba(later.inputs)
        yield _f1(outcome.learner, given, later), outcome.seconds


def _f1(learner: Any, given: NDArray[np.float64], later: Examples) -> float:
    classes, truth, padded = lined_up(later.labels, learner.classes, given)
    return float(measures.weighted_f1(measures.confusion(truth, padded.argmax(axis=1), len(classes))))
