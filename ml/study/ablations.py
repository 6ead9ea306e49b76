"""What each part of the inputs and each treatment of imbalance and noise is worth, and what more tickets bring."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from time import perf_counter
from typing import Any

import numpy as np
import polars as pl

from ml.classify.labels import places
from ml.classify.learner import Inputs
from ml.classify.noise import confident_learning, out_of_fold
from ml.classify.selection import Examples
from ml.study.folds import Change, Fold, Judged, judge, unchanged

PARTS = ("text", "vectors", "table")
"""Of the inputs."""
SHARES = (0.25, 0.5)
"""Of the tickets that could be learned from, for the learning curve."""
SEED = 7


def without(inputs: Inputs, part: str) -> Inputs:
    """The inputs of tickets that lack one of `PARTS`."""
    texts = pl.repeat("", len(inputs), eager=True) if part == "text" else inputs.texts
    vectors = np.zeros_like(inputs.vectors) if part == "vectors" else inputs.vectors
    nothing = [pl.lit(None, kind).alias(column) for column, kind in inputs.table.schema.items()]
    table = inputs.table.with_columns(nothing) if part == "table" else inputs.table
    return Inputs(texts, vectors, table)


def oversampled(examples: Examples) -> Examples:
    """Rare labels drawn again until each has as many tickets as the mean label: random oversampling."""
    draw = np.random.default_rng(SEED)
    labels = examples.labels.to_numpy()
    kinds_, counts = np.unique(labels, return_counts=True)
    mean = int(counts.mean())
    more = [
        draw.choice(np.flatnonzero(labels == kind), mean - count)
        for kind, count in zip(kinds_, counts, strict=True)
        if count < mean
    ]
    return examples.take(np.concatenate([np.arange(len(labels)), *more]))


def trusted(examples: Examples) -> Examples:
    """Without the tickets whose labels are probably wrong: confident learning on a naive Bayes of other folds."""
    given, labels = (examples.inputs, examples.labels)
    classes, told = out_of_fold("naive_bayes", given, labels, given, labels, seed=SEED, parameters={})
    return examples.take(np.flatnonzero(confident_learning(told, places(labels, classes))))


def newest(share: float) -> Change:
    """The newest of the tickets that could be learned from."""
    return lambda examples: examples.take(np.arange(round(len(examples.labels) * (1 - share)), len(examples.labels)))


TREATMENTS: Mapping[str, tuple[Change, dict[str, Any]]] = {
    "as it is": (unchanged, {}),
    "class weights": (unchanged, {"class_weight": "balanced"}),
    "oversampling": (oversampled, {}),
    "doubtful labels left out": (trusted, {}),
    **{f"newest {share:.0%} of the past": (newest(share), {}) for share in SHARES},
}
"""What is done to what a family learns from, and the hyperparameters that go with it."""


def ablate(
    examples: Examples, family: str, stored: dict[str, Any], folds: list[Fold], *, seconds: float, seed: int
) -> Iterator[tuple[str, Judged]]:
    """Weighted F1 on the folds for each treatment, and for inputs that lack a part, while the seconds last."""
    end = perf_counter() + seconds
    variants = [(name, examples, change, extra) for name, (change, extra) in TREATMENTS.items()]
    lacking: list[tuple[str, Examples, Change, dict[str, Any]]] = [
        (f"without {part}", replace(examples, inputs=without(examples.inputs, part)), unchanged, {}) for part in PARTS
    ]
    for name, given, change, extra in [*variants[:4], *lacking, *variants[4:]]:
        left = end - perf_counter()
        if left > 0:
            yield name, judge(given, family, {**stored, **extra}, folds, seconds=left, seed=seed, change=change)
