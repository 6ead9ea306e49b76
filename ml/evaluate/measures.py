"""What a classifier is worth: measures with 95 % intervals, calibration, and a baseline beside them.

Labels are indices into one list of classes; a class that the model never saw has probability 0.
"""

from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

Labels = NDArray[np.int64]
Probabilities = NDArray[np.float64]
RESAMPLES = 1_000
BINS = 15
_LEAST = 1e-12


class Interval(msgspec.Struct, frozen=True):
    """A measure and the bounds between which 95 % of resampled test sets put it."""

    value: float
    low: float
    high: float


def classification(truth: Labels, probabilities: Probabilities, classes: list[str], *, seed: int) -> dict[str, Any]:
    """Measures of one set of predictions: F1, accuracy, log loss, Brier, ECE, and per class precision and recall."""
    guess = probabilities.argmax(axis=1)
    matrix = confusion(truth, guess, len(classes))
    return {
        "rows": len(truth),
        "accuracy": resampled(matrix, accuracy, seed),
        "weighted_f1": resampled(matrix, weighted_f1, seed),
        "macro_f1": resampled(matrix, macro_f1, seed),
        "log_loss": log_loss(truth, probabilities),
        "brier": brier(truth, probabilities),
        "ece": calibration_error(truth, probabilities),
        "per_class": per_class(matrix, classes),
    }


def confusion(truth: Labels, guess: Labels, classes: int) -> NDArray[np.int64]:
    """Counts, true class by guessed class."""
    return np.bincount(truth * classes + guess, minlength=classes * classes).reshape(classes, classes)


def accuracy(matrix: NDArray[Any]) -> NDArray[Any]:
    """Share of right guesses. Matrices may be stacked in front, here and below."""
    right: NDArray[Any] = np.trace(matrix, axis1=-2, axis2=-1) / matrix.sum(axis=(-2, -1))
    return right


def weighted_f1(matrix: NDArray[Any]) -> NDArray[Any]:
    """F1 per class, weighted by how often the class is true."""
    support = matrix.sum(axis=-1)
    weighted: NDArray[Any] = (_f1(matrix) * support).sum(axis=-1) / support.sum(axis=-1)
    return weighted


def macro_f1(matrix: NDArray[Any]) -> NDArray[Any]:
    """Mean of F1 over the classes that are true or guessed somewhere."""
    there = (matrix.sum(axis=-1) + matrix.sum(axis=-2)) > 0
    mean: NDArray[Any] = (_f1(matrix) * there).sum(axis=-1) / there.sum(axis=-1)
    return mean


def macro_f1_of_true(matrix: NDArray[Any]) -> NDArray[Any]:
    """Mean of F1 over the classes that are true somewhere."""
    there = matrix.sum(axis=-1) > 0
    mean: NDArray[Any] = (_f1(matrix) * there).sum(axis=-1) / there.sum(axis=-1)
    return mean


def per_class(matrix: NDArray[Any], classes: list[str]) -> dict[str, dict[str, float | int | None]]:
    """Precision (None where never guessed), recall (None where never true), F1 and rows of each class."""
    right, guessed, true = np.diagonal(matrix), matrix.sum(axis=0), matrix.sum(axis=1)
    return {
        name: {
            "precision": float(right[i] / guessed[i]) if guessed[i] else None,
            "recall": float(right[i] / true[i]) if true[i] else None,
            "f1": float(_f1(matrix)[i]),
            "rows": int(true[i]),
        }
        for i, name in enumerate(classes)
    }


def resampled(matrix: NDArray[Any], measure: Callable[[NDArray[Any]], NDArray[Any]], seed: int) -> Interval:
    """Percentile bootstrap (Efron and Tibshirani, 1993): rows drawn anew are cells of the matrix drawn anew."""
    total = int(matrix.sum())
    draws = np.random.default_rng(seed).multinomial(total, matrix.ravel() / total, size=RESAMPLES)
    low, high = np.quantile(measure(draws.reshape(-1, *matrix.shape)), [0.025, 0.975])
    return Interval(float(measure(matrix)), float(low), float(high))


def f1_gain(truth: Labels, guess: Labels, baseline: Labels, classes: int, *, seed: int) -> Interval:
    """How much higher the weighted F1 of the guess is than the baseline's on the same rows, by paired bootstrap.

    Rows are drawn anew as cells of truth, guess and baseline. A `truth` of -1 is no known class and left out.
    """
    return _gain(truth, guess, baseline, classes, _weighted, seed=seed)


def macro_f1_gain(truth: Labels, guess: Labels, baseline: Labels, classes: int, *, seed: int) -> Interval:
    """`f1_gain` of the mean over the classes that are true somewhere in the draw, each counting alike."""
    return _gain(truth, guess, baseline, classes, _alike, seed=seed)


def _weighted(f1: NDArray[Any], asked: NDArray[Any]) -> NDArray[Any]:
    return np.asarray((f1 * asked).sum(axis=1) / asked.sum(axis=1))


def _alike(f1: NDArray[Any], asked: NDArray[Any]) -> NDArray[Any]:
    return np.asarray((f1 * (asked > 0)).sum(axis=1) / (asked > 0).sum(axis=1))


def _gain(
    truth: Labels,
    guess: Labels,
    baseline: Labels,
    classes: int,
    mean: Callable[[NDArray[Any], NDArray[Any]], NDArray[Any]],
    *,
    seed: int,
) -> Interval:
    rows = np.column_stack([truth, guess, baseline])[truth >= 0]
    cells, counts = np.unique(rows, axis=0, return_counts=True)
    drawn = np.random.default_rng(seed).multinomial(len(rows), counts / len(rows), size=RESAMPLES)
    draws = np.vstack([counts, drawn])

    def scores(said: Labels) -> NDArray[Any]:
        right, asked, answered = (np.zeros((len(draws), classes)) for _ in range(3))
        for place, (true, one) in enumerate(zip(cells[:, 0], said, strict=True)):
            asked[:, true] += draws[:, place]
            answered[:, one] += draws[:, place]
            right[:, true] += draws[:, place] * (true == one)
        return np.asarray(mean(2 * right / np.maximum(asked + answered, 1), asked))

    gains = scores(cells[:, 1]) - scores(cells[:, 2])
    low, high = np.quantile(gains[1:], [0.025, 0.975])
    return Interval(float(gains[0]), float(low), float(high))


def accuracy_gain(truth: Labels, guess: Labels, baseline: Labels, *, seed: int) -> Interval:
    """How much more often the guess is right than the baseline on the same rows, with a paired bootstrap interval."""
    difference = (guess == truth).astype(np.int64) - (baseline == truth)
    counts = np.bincount(difference + 1, minlength=3)
    draws = np.random.default_rng(seed).multinomial(len(truth), counts / len(truth), size=RESAMPLES)
    gains = (draws[:, 2] - draws[:, 0]) / len(truth)
    low, high = np.quantile(gains, [0.025, 0.975])
    return Interval(float(difference.mean()), float(low), float(high))


def log_loss(truth: Labels, probabilities: Probabilities) -> float:
    """Mean negative natural logarithm of the probability that the true class was given."""
    given = probabilities[np.arange(len(truth)), truth]
    return float(-np.log(np.clip(given, _LEAST, 1)).mean())


def brier(truth: Labels, probabilities: Probabilities) -> float:
    """Mean squared distance from the truth over all classes, 0 to 2 (Brier, 1950)."""
    right = np.zeros_like(probabilities)
    right[np.arange(len(truth)), truth] = 1
    return float(((probabilities - right) ** 2).sum(axis=1).mean())


def calibration_error(truth: Labels, probabilities: Probabilities) -> float:
    """Expected calibration error of the top class."""
    return confidence_error(probabilities.max(axis=1), probabilities.argmax(axis=1) == truth)


def confidence_error(confidence: NDArray[np.float64], right: NDArray[np.bool_]) -> float:
    """Expected calibration error of answers over 15 equally wide bins (Guo et al., 2017)."""
    place = np.minimum((confidence * BINS).astype(np.int64), BINS - 1)
    gap = np.bincount(place, weights=confidence - right, minlength=BINS)
    return float(np.abs(gap).sum() / len(right))


def _f1(matrix: NDArray[Any]) -> NDArray[Any]:
    right = np.diagonal(matrix, axis1=-2, axis2=-1)
    both = matrix.sum(axis=-1) + matrix.sum(axis=-2)
    f1: NDArray[Any] = 2 * right / np.maximum(both, 1)
    return f1
