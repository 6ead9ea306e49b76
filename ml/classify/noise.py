"""Labels that are probably wrong: confident learning (Northcutt, Jiang, Chuang, JAIR 2021)."""

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ml.classify import families
from ml.classify.labels import kinds, places
from ml.classify.learner import Inputs, Probabilities

FOLDS = 4
LEAST_KEPT = 5
"""Tickets that a class keeps whatever is thought of their labels; all, where it has no more."""
Trusted = NDArray[np.bool_]


def confident_learning(probabilities: Probabilities, labels: NDArray[np.int64]) -> Trusted:
    """Which labels (n, columns of `probabilities`) are to be trusted, given out-of-fold `probabilities` (n, classes).

    A ticket counts for a class when its probability is at least the mean that tickets of that label have. What is
    counted for one class under the label of another estimates the joint distribution of given and true labels; of each
    such pair as many tickets as estimated are not trusted, those that speak most for the other (pruning by noise rate).
    """
    count, width = probabilities.shape
    rows = np.arange(count)
    sizes = np.bincount(labels, minlength=width)
    own = probabilities[rows, labels]
    usual = np.bincount(labels, weights=own, minlength=width) / np.maximum(sizes, 1)
    usual[sizes == 0] = np.inf
    sure = probabilities >= usual
    meant = np.where(sure, probabilities, -1.0).argmax(axis=1)
    counted = sure.any(axis=1)
    joint = np.zeros((width, width))
    np.add.at(joint, (labels[counted], meant[counted]), 1)
    joint *= (sizes / np.maximum(joint.sum(axis=1), 1))[:, None]
    trusted = np.ones(count, np.bool_)
    for given in np.flatnonzero(sizes):
        members = rows[labels == given]
        for other in np.flatnonzero(joint[given]):
            if other != given:
                margin = probabilities[members, other] - own[members]
                most = np.argsort(-margin, kind="stable")[: round(joint[given, other])]
                trusted[members[most[margin[most] > 0]]] = False
        best = members[np.argsort(-own[members], kind="stable")[:LEAST_KEPT]]
        trusted[best] = True
    return trusted


def out_of_fold(
    family: str,
    train: Inputs,
    labels: pl.Series,
    validation: Inputs,
    validation_labels: pl.Series,
    *,
    seed: int,
    parameters: dict[str, Any],
    folds: int = FOLDS,
) -> tuple[list[str], Probabilities]:
    """Classes, and for each ticket of `train` what a learner fitted on the other folds says of it, (n, classes).

    Each class is spread over the folds; one that a fold's learner never saw has probability 0. `validation` is for
    stopping early, as in `Learner.fit`. A family that learns wrong labels by heart hides them: naive Bayes finds more
    than a logistic regression of little restraint. Raises `NothingToLearn` for fewer than two classes.
    """
    classes = kinds(labels)
    y = places(labels, classes)
    shuffled = np.random.default_rng(seed).permutation(len(y))
    by_class = shuffled[np.argsort(y[shuffled], kind="stable")]
    fold = np.empty(len(y), np.int64)
    fold[by_class] = np.arange(len(y)) % folds
    found = np.zeros((len(y), len(classes)))
    for held in range(folds):
        inside, outside = np.flatnonzero(fold != held), np.flatnonzero(fold == held)
        learner = families.fitting(family).fit(
            train.take(inside),
            labels.gather(inside),
            validation,
            validation_labels,
            seed=seed,
            parameters=parameters,
        )
        columns = places(pl.Series(learner.classes), classes)
        found[np.ix_(outside, columns)] = learner.predict_proba(train.take(outside))
    return classes, found
