"""What becomes of an answer: done by itself, suggested to a person, or withheld; by the precision that the team wants.

A threshold is the least confidence above which answers of the validation part were right often enough. The policy is
`dbt_project/seeds/decision_policy.csv` with the edits since: events `PolicyChanged`, which win over it.
"""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Literal

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from ml.classify.learner import Probabilities
from warehouse.errors import ContractBroken
from warehouse.payloads import PolicyChanged

Action = Literal["automate", "suggest", "abstain"]
ACTIONS: tuple[Literal["automate", "suggest"], ...] = ("automate", "suggest")
NAME = "models/decision_policy"
ANY = "*"
FILE = "judged.parquet"
FEWEST = 20
"""Answers that a threshold is judged by; a label with fewer is judged with all others."""


class Rule(msgspec.Struct, frozen=True):
    """What the team wants of a target's answers of one label; `*` is any."""

    target: str
    label: str
    decision: Literal["automate", "suggest"]
    precision: float
    set_by: str | None = None
    """Who edited it; None: it is as the seed has it."""
    set_at: datetime | None = None

    @property
    def edited(self) -> bool:
        """Whether an event set it."""
        return self.set_at is not None


class Threshold(msgspec.Struct, frozen=True):
    """The confidence from which on the precision was reached; None where it never was."""

    precision: float
    confidence: float | None


class Decision(msgspec.Struct, frozen=True):
    """What to do with an answer, and why; `threshold`: the confidence that it had to have."""

    action: Action
    why: str
    threshold: float | None = None


Thresholds = dict[str, dict[str, Threshold]]
"""By label, then by decision."""


class Policy(msgspec.Struct, frozen=True):
    """The rules that hold, and by target the thresholds that follow from them."""

    rules: list[Rule]
    thresholds: dict[str, Thresholds]

    def save(self, folder: Path) -> None:
        """Write `policy.json`."""
        (folder / "policy.json").write_bytes(msgspec.json.format(msgspec.json.encode(self), indent=1))

    @classmethod
    def load(cls, folder: Path) -> "Policy":
        """What `save` wrote."""
        return msgspec.json.decode((folder / "policy.json").read_bytes(), type=cls)


def rules(rows: pl.DataFrame) -> list[Rule]:
    """The policy of a frame with the columns `target`, `label`, `decision`, `precision`."""
    return msgspec.convert(rows.to_dicts(), list[Rule])


def edited(seed: Sequence[Rule], events: pl.DataFrame) -> list[Rule]:
    """The policy after the events `PolicyChanged` (rows of `silver/events`): of each rule the last by event time holds.

    An event without a precision takes the edits of its rule back: the seed holds again.
    """
    found = {(rule.target, rule.label, rule.decision): rule for rule in seed}
    last: dict[tuple[str, str, Literal["automate", "suggest"]], Rule | None] = {}
    said = events.sort("event_time", "event_id").select("payload", "actor_id", "event_time")
    for payload, actor, at in said.iter_rows():
        change = msgspec.json.decode(payload, type=PolicyChanged)
        about = (change.target, change.label, change.decision)
        last[about] = None if change.precision is None else Rule(*about, change.precision, actor, at)
    found |= {about: rule for about, rule in last.items() if rule is not None}
    return list(found.values())


def judged(classes: Sequence[str], given: Probabilities, truth: NDArray[np.int64]) -> pl.DataFrame:
    """What thresholds are found from: of each answer (n, classes) its label, its confidence, whether it was right.

    `truth` are n places among the classes; -1: no known class.
    """
    guess = given.argmax(axis=1)
    return pl.DataFrame(
        {
            "label": pl.Series(np.asarray(classes)[guess], dtype=pl.Enum(classes)),
            "confidence": given.max(axis=1).astype(np.float64),
            "right": guess == truth,
        }
    )


def save(answers: pl.DataFrame, folder: Path) -> None:
    """Write what `judged` found beside its model."""
    answers.write_parquet(folder / FILE)


def load(folder: Path) -> pl.DataFrame:
    """What `save` wrote."""
    return pl.read_parquet(folder / FILE)


def wanted(policy: Sequence[Rule], target: str, label: str, decision: str) -> float | None:
    """The precision of the rule that says most about this target and label; None where none does."""
    fitting = [
        rule
        for rule in policy
        if rule.decision == decision and rule.target in (target, ANY) and rule.label in (label, ANY)
    ]
    best = max(fitting, key=lambda rule: (rule.target == target, rule.label == label), default=None)
    return best.precision if best else None


def thresholds(policy: Sequence[Rule], target: str, answers: pl.DataFrame) -> Thresholds:
    """Thresholds of each label, from what `judged` found."""
    guess, confidence, right = (answers[name].to_physical().to_numpy() for name in ("label", "confidence", "right"))
    found: Thresholds = {}
    for place, label in enumerate(_classes(answers)):
        own = guess == place
        rows = own if own.sum() >= FEWEST else np.ones_like(own)
        for decision in ACTIONS:
            precision = wanted(policy, target, label, decision)
            if precision is not None:
                least = _least(confidence[rows], right[rows], precision)
                found.setdefault(label, {})[decision] = Threshold(precision, least)
    return found


def _classes(answers: pl.DataFrame) -> list[str]:
    labels = answers.schema["label"]
    if not isinstance(labels, pl.Enum):
        raise ContractBroken(f"answers have labels of type {labels}, expected an Enum: what `judged` made.")
    return labels.categories.to_list()


def decide(label: str, confidence: float, known: Thresholds) -> Decision:
    """What the thresholds say about an answer."""
    reached = known.get(label, {})
    for decision in ACTIONS:
        at = reached.get(decision)
        if at is not None and at.confidence is not None and confidence >= at.confidence:
            why = f"confidence {confidence:.2f} is at least {at.confidence:.2f}, where {at.precision:.0%} were right"
            return Decision(decision, why, at.confidence)
    last = reached.get("suggest") or reached.get("automate")
    if last is None:
        return Decision("abstain", "the policy says nothing about this answer")
    if last.confidence is None:
        return Decision("abstain", f"at no confidence {last.precision:.0%} of such answers were right")
    why = f"confidence {confidence:.2f} is below {last.confidence:.2f}, where {last.precision:.0%} were right"
    return Decision("abstain", why, last.confidence)


def _least(confidence: NDArray[np.float64], right: NDArray[np.bool_], precision: float) -> float | None:
    order = np.argsort(-confidence, kind="stable")
    count = np.arange(1, len(order) + 1)
    share = np.cumsum(right[order]) / count
    # Of equal confidences either all are above a threshold or none.
    last = np.append(np.diff(confidence[order]) != 0, True)
    good = np.flatnonzero((share >= precision) & (count >= min(FEWEST, len(order))) & last)
    return float(confidence[order][good[-1]]) if len(good) else None
