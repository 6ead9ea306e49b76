"""All families on the same texts, each under its share of the budget; what each is worth on texts it never saw."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ml.classify.blend import MEMBERS, Blend
from ml.classify.calibrated import Calibrated
from ml.classify.calibration import calibrate, logs
from ml.classify.labels import lined_up, places
from ml.classify.learner import Answering, Inputs, Places, Probabilities
from ml.evaluate import measures
from ml.evaluate.budget import Budget, Outcome, Task, fit_within

MOST_PROMISING_FIRST = (
    "majority",
    "naive_bayes",
    "embedding_logistic",
    "linear_svm",
    "kernel_svm",
    "keras",
    "torch",
    "logistic",
    "xgboost",
    "catboost",
    "decision_tree",
    "random_forest",
)
BASELINE = "embedding_logistic"
SHARE = 0.7
"""Of the seconds left, what one family may take at most."""
REFIT = 1.5
"""Times their fits that is kept for fitting those that may answer together again on everything."""


@dataclass(frozen=True)
class Fitted:
    """A calibrated learner, settled without the test part."""

    fitted: Calibrated
    validation: float
    """Share of the validation part that it gets right."""
    seconds: float
    members: "tuple[Fitted, ...]" = ()
    """Of a blend."""

    @property
    def family(self) -> str:
        """The learner's family."""
        return self.fitted.family

    @property
    def learner(self) -> Answering:
        """What was fitted."""
        return self.fitted.learner

    def probabilities(self, inputs: Inputs) -> Probabilities:
        """One row per text, each summing to 1."""
        return self.fitted.probabilities(inputs)


@dataclass(frozen=True)
class Split:
    """The training part, and which of it is learned from and chosen by."""

    inputs: Inputs
    labels: pl.Series
    train: Places
    validation: Places

    def task(self, family: str, seed: int) -> Task:
        """What a family is fitted on."""
        train, validation = self.train, self.validation
        taken = (self.inputs.take(train), self.labels.gather(train))
        return Task(family, *taken, self.inputs.take(validation), self.labels.gather(validation), seed, {})


def fit_all(
    split: Split, names: Sequence[str], budget: Budget, *, reserve: float, seed: int, tell: Callable[[str], object]
) -> tuple[dict[str, Fitted], dict[str, Outcome]]:
    """The fitted learners, and what became of each family. `reserve` seconds are kept for what comes after."""
    fitted: dict[str, Fitted] = {}
    outcomes: dict[str, Outcome] = {}
    for name in names:
        best = sorted(fitted.values(), key=lambda one: -one.validation)[:MEMBERS]
        spare = budget.left - reserve - REFIT * sum(one.seconds for one in best if refits(one))
        outcome = fit_within(split.task(name, seed), spare * (SHARE if best else 0.9))
        outcomes[name] = outcome
        if outcome.learner is not None:
            fitted[name] = calibrated(outcome.learner, split, outcome.seconds)
        worth = f"{fitted[name].validation:.4f} right on validation" if name in fitted else outcome.status
        tell(f"{name}: {worth}, {outcome.seconds:.1f} s; {budget.used:.0f} of {budget.seconds:.0f} s used")
    return fitted, outcomes


def blended(fitted: Sequence[Fitted], split: Split) -> Fitted | None:
    """The best that chance cannot tell apart (one standard error on validation), together; None for a single one.

    The two best, or one more where validation says so (ensemble selection, Caruana et al., 2004).
    """
    ranked = sorted(fitted, key=lambda one: -one.validation)
    best = ranked[0].validation
    error = np.sqrt(best * (1 - best) / len(split.validation))
    near = tuple(one for one in ranked if one.validation >= best - error)[:MEMBERS]
    if len(near) < 2:
        return None
    found = []
    for count in range(2, len(near) + 1):
        members = near[:count]
        blend = calibrated(Blend([one.fitted for one in members]), split, sum(one.seconds for one in members))
        found.append(replace(blend, members=members))
    return max(found, key=lambda one: one.validation)


def calibrated(learner: Answering, split: Split, seconds: float) -> Fitted:
    """Settle the calibration on the validation part."""
    given = learner.predict_proba(split.inputs.take(split.validation))
    truth = places(split.labels.gather(split.validation), learner.classes)
    right = float((given.argmax(axis=1) == truth).mean())
    return Fitted(Calibrated(learner, calibrate(logs(given), truth)), right, seconds)


def refits(fitted: Fitted) -> bool:
    """Whether it can be fitted on everything: what stops early needs its validation part."""
    return "temperature" in getattr(fitted.learner, "parameters", {})


def again(best: Fitted, split: Split, budget: Budget, *, reserve: float, seed: int) -> tuple[Fitted, bool]:
    """The champion fitted on the whole training part with what was chosen, and whether that was done.

    Not for a family that stops early. Of a blend, each member that can be.
    """
    if best.members:
        tried = [again(one, split, budget, reserve=reserve, seed=seed) for one in best.members]
        members = tuple(one for one, _ in tried)
        blend = Blend([one.fitted for one in members])
        took = sum(one.seconds for one, done in tried if done)
        refitted = replace(best, fitted=replace(best.fitted, learner=blend), members=members, seconds=took)
        return refitted, all(done for _, done in tried)
    if not refits(best):
        return best, False
    chosen = dict(getattr(best.learner, "parameters", {}))
    task = split.task(best.family, seed)
    whole = Task(
        best.family, split.inputs, split.labels, task.validation, task.validation_labels, seed, parameters=chosen
    )
    outcome = fit_within(whole, budget.left - reserve)
    if outcome.learner is None:
        return best, False
    return replace(best, fitted=replace(best.fitted, learner=outcome.learner), seconds=outcome.seconds), True


def worth(labels: pl.Series, classes: Sequence[str], given: Probabilities) -> dict[str, float]:
    """Accuracy, weighted and macro F1, calibration error, and the share that can be answered at 95 % precision."""
    every, truth, padded = lined_up(labels, classes, given)
    guess = padded.argmax(axis=1)
    matrix = measures.confusion(truth, guess, len(every))
    return {
        "accuracy": float(measures.accuracy(matrix)),
        "weighted_f1": float(measures.weighted_f1(matrix)),
        "macro_f1": float(measures.macro_f1(matrix)),
        "ece": measures.calibration_error(truth, padded),
        "coverage_at_95_precision": coverage(padded.max(axis=1), guess == truth),
    }


def coverage(confidence: NDArray[np.float64], right: NDArray[np.bool_], precision: float = 0.95) -> float:
    """The largest share, of the most confident, that is right at least as often as `precision`; ties stay together."""
    order = np.argsort(-confidence, kind="stable")
    ordered = confidence[order]
    share = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    ends = np.append(ordered[1:] < ordered[:-1], True)
    enough = np.flatnonzero((share >= precision) & ends)
    return float((enough[-1] + 1) / len(order)) if len(enough) else 0.0


def available() -> list[str]:
    """The families there are, those first that are most worth their seconds on texts."""
    return list(MOST_PROMISING_FIRST)
