"""Learning what tickets are about: for each target the families are compared and one is chosen; with its card."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from ml.answers import answer_one
from ml.card import Card, library_versions
from ml.classify import decisions, hierarchy, selection
from ml.classify.champion import Champion
from ml.classify.labels import places
from ml.classify.learner import Inputs, Places
from ml.classify.selection import Examples
from ml.classify.unknown import Unknown
from ml.duration import RESOLUTION_TIME, ResolutionTime, coverage, durations
from ml.evaluate.splits import PARTS, TimeSplit
from ml.learning.annotators import kept
from ml.learning.parts import REGRESSION
from ml.targets import Target
from warehouse.errors import NothingToLearn

LIBRARIES = ("catboost", "keras", "openvino", "scikit-learn", "scipy", "torch", "xgboost-cpu")
STORED = {"linear_svm": {"words": 1.0, "pieces": 0.5, "vectors": 1.5, "strength": 0.3}}
"""Hyperparameters other than a family's own: the first of the choices that it would try."""
Tell = Callable[[str], object]


@dataclass(frozen=True)
class Past:
    """Tickets in the order of time, what was known of each when it was opened, and where they are split."""

    rows: pl.DataFrame
    """`ticket_id`, `created_at`, `resolved_at`, `language` and the column of every target."""
    inputs: Inputs
    split: TimeSplit
    now: datetime
    versions: Mapping[str, int]
    """The versions of the tables that they were read at."""
    dealt: pl.Series | None = None
    """The part of each, where that is not by time alone."""
    taught: Sequence[str] = ()
    """Corrected tickets that are learned from, or chosen by, however new they are."""
    weights: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """By column and ticket, the probability that a corrected label is right."""
    annotators: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """By column and who corrected, how often they are taken to be right."""

    @property
    def parts(self) -> pl.Series:
        """The part of each ticket."""
        return self.dealt if self.dealt is not None else self.rows.select(self.split.part().alias("part"))["part"]

    def trusting(self, trust: Mapping[str, tuple[Mapping[str, float], Mapping[str, float]]]) -> "Past":
        """With weights and annotators, by column."""
        weights = {column: one for column, (one, _) in trust.items()}
        return replace(self, weights=weights, annotators={column: two for column, (_, two) in trust.items()})

    def labelled(self, target: Target) -> tuple[Places, pl.Series]:
        """The places of tickets that have a label of the target, and the labels, as `examples` has them."""
        labels = self.rows.select(target.labels().alias("label"))["label"]
        known = labels.is_not_null().to_numpy()
        if weights := self.weights.get(target.column):
            known = known & kept(self.rows["ticket_id"].to_list(), weights)
        found = np.flatnonzero(known)
        return found, labels.gather(found)

    @property
    def timed(self) -> pl.Series:
        """The part of each ticket by time alone; none of `PARTS` for those that are frozen."""
        by_time = self.rows.select(self.split.part().alias("part"))["part"]
        return by_time.zip_with(self.parts != REGRESSION, self.parts)

    def examples(self, target: Target) -> Examples:
        """The tickets that have a label, but for corrections that are not trusted (`ml.learning.annotators`).

        Of a binary target only those that are closed.
        """
        found, labels = self.labelled(target)
        return Examples(self.inputs.take(found), labels, self.parts.gather(found), self.rows["language"].gather(found))


class Learned(NamedTuple):
    """A champion, what its answers on the validation part were worth, and its card."""

    champion: Champion
    judged: pl.DataFrame
    card: Card

    def save(self, folder: Path) -> None:
        """Write what a release needs of it."""
        self.champion.save(folder)
        decisions.save(self.judged, folder)


def learn_target(
    past: Past,
    target: Target,
    families: Sequence[str],
    *,
    seed: int,
    parameters: Mapping[str, Mapping[str, Any]] = STORED,
    above: Champion | None = None,
    tell: Tell = lambda _: None,
) -> Learned:
    """Fit every family, choose by the rule of `selection`, judge on the test part. Raises `NothingToLearn`.

    `above` answers for the target that this one's labels lie within.
    """
    examples = past.examples(target)
    candidates, chosen = selection.choose(
        examples, families, seed=seed, parameters=parameters, tell=lambda line: tell(f"{target.name}: {line}")
    )
    under = {}
    if target.within is not None:
        before = past.rows.filter(past.parts == "train")
        under = hierarchy.parents(before[target.column], before[target.within])
    compared = {one.fitted.family: selection.judge(one, examples, seed=seed) for one in candidates}
    first = compared[chosen[0].fitted.family]
    unknown = _unknown(examples, seed) if target.novel else None
    champion = Champion(target.name, [one.fitted for one in chosen], under, unknown)
    learned = examples.part("train")
    card = Card(
        name=f"models/{target.name}",
        target=target.column,
        classes=champion.classes,
        languages=dict(learned.languages.drop_nulls().value_counts(name="n").sort("language").iter_rows()),
        method=" then ".join(one.fitted.family for one in chosen),
        features=[*past.inputs.table.columns, "text", "sentence vectors"],
        inputs=dict(past.versions),
        rows={part: len(examples.part(part).inputs) for part in PARTS},
        split={"by": "created_at", **{name: at.isoformat() for name, at in vars(past.split).items()}},
        seed=seed,
        parameters={one.fitted.family: _parameters(one.fitted.learner) for one in chosen},
        libraries=library_versions(LIBRARIES),
        measures={"test": first, "families": compared},
        verdict=_verdict(chosen[0].fitted.family, compared),
    )
    return Learned(champion, _judged(champion, above, examples.part("validation")), card)


def learn_resolution_time(past: Past, *, seed: int) -> tuple[ResolutionTime, Card]:
    """Fit on the past as it stood then, set the spread on what followed. Raises `NothingToLearn`."""
    parts = past.timed
    ends = {"train": past.split.validation_from, "validation": past.split.test_from, "test": past.now}
    rows = {part: np.flatnonzero((parts == part).to_numpy()) for part in PARTS}
    known = {part: durations(past.rows[rows[part]], ends[part]) for part in PARTS}
    given = {part: past.inputs.take(rows[part]) for part in PARTS}
    model = ResolutionTime.fit(given["train"], known["train"], given["validation"], known["validation"], seed=seed)
    found = model.predict(given["test"])
    closed = ~known["test"].open
    missed = np.abs(np.log(found["p50"].to_numpy()) - np.log(known["test"].hours))[closed]
    usual = np.median(np.log(known["train"].hours[~known["train"].open]))
    plain = np.abs(usual - np.log(known["test"].hours))[closed]
    measures = {
        "coverage_of_80_percent_interval": coverage(found, known["test"]),
        "median_factor_missed": float(np.exp(np.median(missed))),
        "median_factor_missed_by_the_median": float(np.exp(np.median(plain))),
        "open": int(known["test"].open.sum()),
    }
    card = Card(
        name=f"models/{RESOLUTION_TIME}",
        target="resolved_at - created_at",
        method="accelerated failure time (XGBoost), Kaplan-Meier spread on later tickets",
        features=past.inputs.table.columns,
        inputs=dict(past.versions),
        rows={part: len(rows[part]) for part in PARTS},
        split={"by": "created_at", **{name: at.isoformat() for name, at in vars(past.split).items()}},
        seed=seed,
        parameters={},
        libraries=library_versions(["xgboost-cpu"]),
        measures={"test": measures},
        verdict=f"{measures['coverage_of_80_percent_interval']:.1%} of the newest tickets lie in their interval",
    )
    return model, card


def _unknown(examples: Examples, seed: int) -> Unknown:
    train, validation = examples.part("train"), examples.part("validation")
    return Unknown.fit(train.inputs, train.labels, validation.inputs, validation.labels, seed=seed)


def _judged(champion: Champion, above: Champion | None, validation: Examples) -> pl.DataFrame:
    """What thresholds are found from: judged on what is answered, with the probabilities of the labels above."""

    def failed(target: str, family: str, error: Exception) -> None:
        raise error

    outer = answer_one(above, validation.inputs, None, failed) if above is not None else None
    given = answer_one(champion, validation.inputs, outer, failed)
    if given is None:
        raise NothingToLearn(f"{champion.target}: none of the chosen families could answer.")
    return decisions.judged(given.classes, given.probabilities, places(validation.labels, given.classes))


def _parameters(learner: Any) -> Any:
    return getattr(learner, "parameters", {})


def _verdict(family: str, compared: Mapping[str, Mapping[str, Any]]) -> str:
    found = compared[family]["weighted_f1"]
    told = f"{family}: weighted F1 {found['value']:.3f} ({found['low']:.3f} to {found['high']:.3f})"
    if "majority" not in compared:
        return f"{told} on the newest tickets"
    return f"{told} on the newest tickets; always the majority: {compared['majority']['weighted_f1']['value']:.3f}"


def split_or_refuse(split: TimeSplit | None) -> TimeSplit:
    """The split. Raises `NothingToLearn` where there is no past and no future."""
    if split is None:
        raise NothingToLearn("all tickets were opened at about the same time, expected a past and a future.")
    return split
