"""Hyperparameters of one family, searched on time-ordered folds: TPE with median pruning (Bergstra et al., 2011)."""

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any

from ml.classify.selection import Examples
from ml.study.folds import Fold, scores
from ml.study.spaces import suggest

if TYPE_CHECKING:
    from optuna import Trial

MOST_TRIALS = 40


@dataclass(frozen=True)
class Tried:
    """One trial: what was tried, and its mean weighted F1 over the folds; None where it was ended early."""

    family: str
    parameters: dict[str, Any]
    score: float | None
    seconds: float


@dataclass(frozen=True)
class Tuned:
    """What a search found: the best hyperparameters, or none when nothing beat what is stored."""

    stored: float | None
    best: float | None
    parameters: dict[str, Any]
    trials: list[Tried]


def tune(
    examples: Examples,
    family: str,
    stored: dict[str, Any],
    folds: list[Fold],
    *,
    seconds: float,
    seed: int,
    heard: Callable[[Tried], object] = lambda _: None,
) -> Tuned:
    """Search until the seconds are over; the first trial is what is stored, and stands unless another is better."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    trials: list[Tried] = []
    end = perf_counter() + seconds

    def judged(parameters: dict[str, Any], trial: "Trial | None") -> float | None:
        began, found = perf_counter(), list[float]()
        for score, _ in scores(examples, family, parameters, folds, seconds=end - began, seed=seed):
            found.append(score)
            if trial is not None:
                trial.report(sum(found) / len(found), len(found))
                if trial.should_prune():
                    break
        whole = sum(found) / len(found) if len(found) == len(folds) else None
        trials.append(Tried(family, parameters, whole, perf_counter() - began))
        heard(trials[-1])
        return whole

    def objective(trial: "Trial") -> float:
        score = judged({**stored, **suggest(trial, family)}, trial)
        if score is None:
            raise optuna.TrialPruned
        return score

    before = judged(stored, None)
    longest = trials[0].seconds
    if before is not None and end - perf_counter() > longest:
        pruner = optuna.pruners.MedianPruner(n_startup_trials=4)
        study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=seed), pruner=pruner)
        study.optimize(objective, n_trials=MOST_TRIALS, timeout=max(0.0, end - perf_counter() - longest))
    best = max((one for one in trials if one.score is not None), key=lambda one: one.score or 0.0, default=None)
    return Tuned(before, best.score if best else None, best.parameters if best else stored, trials)
