"""A study of all targets within a budget: what it found, as plain values that documents and MLflow are written from."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import msgspec
import numpy as np

from ml.classify.selection import Examples
from ml.evaluate.budget import Budget
from ml.study.ablations import ablate
from ml.study.folds import Fold, Judged, forward, judge
from ml.study.spaces import SPACES
from ml.study.tuning import Tried, tune
from ml.targets import Target
from ml.understand import Past

FOLDS = 3
TUNING, VALIDATING = 0.6, 0.25
"""Shares of the budget; the rest is for ablations."""


class Score(msgspec.Struct, frozen=True):
    """Weighted F1 over time-ordered folds."""

    target: str
    family: str
    variant: str
    mean: float | None
    spread: float | None
    folds: int
    seconds: float


class Search(msgspec.Struct, frozen=True):
    """What the search for a family's hyperparameters found."""

    target: str
    family: str
    trials: int
    ended_early: int
    stored: float | None
    best: float | None
    parameters: dict[str, Any]


class Study(msgspec.Struct, frozen=True):
    """All that was found. Scores are of the training and validation parts; the test part was not touched."""

    rows: int
    seed: int
    budget_minutes: float
    minutes: float
    searches: list[Search]
    validations: list[Score]
    ablations: list[Score]

    def hyperparameters(self) -> dict[str, dict[str, Any]]:
        """What learning should use from now on, by family: only what was better than what is stored."""
        better = [one for one in self.searches if (one.best or 0.0) > (one.stored or 0.0)]
        return {one.family: one.parameters for one in better}


class Setting(msgspec.Struct, frozen=True):
    """The seed of everything random, and who is told: a line for people, and each trial with its target."""

    seed: int
    tell: Callable[[str], object] = lambda _: None
    heard: Callable[[str, Tried], object] = lambda _, __: None


def study(
    past: Past,
    targets: Sequence[Target],
    families: Sequence[str],
    stored: Mapping[str, Mapping[str, Any]],
    *,
    budget_minutes: float,
    setting: Setting,
) -> Study:
    """Tune each family on the first target, validate all on all targets, then take the best of the first apart."""
    budget = Budget(budget_minutes * 60)
    known = {target.name: _before_test(past, target) for target in targets}
    first = targets[0].name
    tuned = {name: dict(stored.get(name, {})) for name in families}
    searches = []
    for search in _searches(first, known[first], tuned, budget, setting):
        searches.append(search)
        tuned[search.family] = search.parameters
    validations = list(_validations(known, tuned, budget, setting))
    ranked = sorted((one for one in validations if one.target == first and one.mean), key=lambda one: -(one.mean or 0))
    ablations = []
    if ranked:
        best = ranked[0].family
        for variant, judged in ablate(
            known[first], best, tuned[best], _windows(known[first]), seconds=budget.left, seed=setting.seed
        ):
            ablations.append(_score(first, best, variant, judged))
            setting.tell(f"{first}, {best}, {variant}: weighted F1 {_worded(judged.mean)}")
    rows = len(known[first].labels)
    return Study(rows, setting.seed, budget_minutes, budget.used / 60, searches, validations, ablations)


def _searches(
    target: str,
    examples: Examples,
    tuned: Mapping[str, dict[str, Any]],
    budget: Budget,
    setting: Setting,
) -> Iterator[Search]:
    names = [name for name in tuned if name in SPACES]
    for place, name in enumerate(names):
        share = (budget.seconds * TUNING - budget.used) / (len(names) - place)
        found = tune(
            examples,
            name,
            tuned[name],
            _windows(examples),
            seconds=share,
            seed=setting.seed,
            heard=lambda tried: setting.heard(target, tried),
        )
        early = sum(one.score is None for one in found.trials)
        setting.tell(
            f"{name}: {len(found.trials)} trials, weighted F1 {_worded(found.stored)} -> {_worded(found.best)}"
        )
        yield Search(target, name, len(found.trials), early, found.stored, found.best, found.parameters)


def _validations(
    known: Mapping[str, Examples], tuned: Mapping[str, dict[str, Any]], budget: Budget, setting: Setting
) -> Iterator[Score]:
    """Target after target; a family takes at most a quarter of what is left, so that cheap ones are always there."""
    for target, examples in known.items():
        for name, parameters in tuned.items():
            left = budget.seconds * (TUNING + VALIDATING) - budget.used
            judged = judge(examples, name, parameters, _windows(examples), seconds=left / 4, seed=setting.seed)
            setting.tell(f"{target}, {name}: weighted F1 {_worded(judged.mean)} over {len(judged.scores)} folds")
            yield _score(target, name, "tuned", judged)


def _before_test(past: Past, target: Target) -> Examples:
    """Labelled tickets of the training and the validation part, in the order of time."""
    examples = past.examples(target)
    return examples.take(np.flatnonzero((examples.parts != "test").to_numpy()))


def _windows(examples: Examples) -> list[Fold]:
    return forward(len(examples.labels), FOLDS)


def _score(target: str, family: str, variant: str, judged: Judged) -> Score:
    return Score(target, family, variant, judged.mean, judged.spread, len(judged.scores), judged.seconds)


def _worded(score: float | None) -> str:
    return "none" if score is None else f"{score:.3f}"
