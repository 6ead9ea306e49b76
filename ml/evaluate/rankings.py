"""What a ranking is worth: nDCG@10, average precision, reciprocal rank, recall, with intervals over queries.

As trec_eval computes them: gains are the grades and fall with log2(rank + 1) (Järvelin and Kekäläinen, 2002); a
relevant document that was not found counts as missed; every query counts alike.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ml.evaluate.measures import RESAMPLES, Interval

MEASURES = ("ndcg@10", "map", "mrr@10", "recall@10", "recall@100")
DEPTH = 1_000
"""Ranks that are looked at, as in TREC."""
Floats = NDArray[np.float64]


def ranked(scores: NDArray[np.float32], allowed: NDArray[np.bool_], depth: int = DEPTH) -> NDArray[np.int64]:
    """Places of the best that may be found, best first; of equal ones the earlier first, minus infinity nowhere."""
    places = np.flatnonzero(allowed & (scores > -np.inf))
    order = np.argsort(-scores[places], kind="stable")[:depth]
    return places[order]


def worth(ranking: NDArray[np.int64], grades: Mapping[int, float]) -> dict[str, float]:
    """`MEASURES` of one ranking, (found,); `grades` are those of the relevant documents, above 0, at least one."""
    gains = np.array([grades.get(int(place), 0.0) for place in ranking[:DEPTH]])
    hits = np.flatnonzero(gains > 0)
    ideal = np.sort(np.array(list(grades.values())))[::-1]
    precision = (np.arange(len(hits)) + 1) / (hits + 1)
    return {
        "ndcg@10": _discounted(gains[:10]) / _discounted(ideal[:10]),
        "map": float(precision.sum() / len(grades)),
        "mrr@10": float(1 / (hits[0] + 1)) if len(hits) and hits[0] < 10 else 0.0,
        "recall@10": float((hits < 10).sum() / len(grades)),
        "recall@100": float((hits < 100).sum() / len(grades)),
    }


def interval(values: Floats, seed: int) -> Interval:
    """Mean over queries with a percentile bootstrap interval; for two methods give the differences, query by query.

    Smucker, Allan and Carterette, "A comparison of statistical significance tests for information retrieval" (2007).
    """
    draws = np.random.default_rng(seed).integers(len(values), size=(RESAMPLES, len(values)))
    low, high = np.quantile(values[draws].mean(axis=1), [0.025, 0.975])
    return Interval(float(values.mean()), float(low), float(high))


def gain(ours: Floats, other: Floats, seed: int) -> Interval:
    """By which share the mean of ours is above the other's, the same queries drawn for both."""
    draws = np.random.default_rng(seed).integers(len(ours), size=(RESAMPLES, len(ours)))
    means = np.maximum(other[draws].mean(axis=1), np.finfo(np.float64).tiny)
    low, high = np.quantile(ours[draws].mean(axis=1) / means - 1, [0.025, 0.975])
    return Interval(float(ours.mean() / max(other.mean(), np.finfo(np.float64).tiny) - 1), float(low), float(high))


def _discounted(gains: Floats) -> float:
    return float((gains / np.log2(np.arange(len(gains)) + 2)).sum())
