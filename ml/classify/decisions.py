"""What becomes of an answer: done by itself, suggested to a person, or withheld; by the precision that the team wants.

A threshold is the least confidence above which answers of the validation part were right often enough. The policy is
edited in `dbt_project/seeds/decision_policy.csv`.
"""

from collections.abc import Sequence
from typing import Any, Literal

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from ml.classify.learner import Probabilities

Action = Literal["automate", "suggest", "abstain"]
ACTIONS: tuple[Literal["automate", "suggest"], ...] = ("automate", "suggest")
ANY = "*"
FEWEST = 20
"""Answers that a threshold is judged by; a label with fewer is judged with all others."""


class Rule(msgspec.Struct, frozen=True):
    """What the team wants of a target's answers of one label; `*` is any."""

    target: str
    label: str
    decision: Literal["automate", "suggest"]
    precision: float


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


def rules(rows: pl.DataFrame) -> list[Rule]:
    """The policy of a frame with the columns `target`, `label`, `decision`, `precision`."""
    return msgspec.convert(rows.to_dicts(), list[Rule])


def wanted(policy: Sequence[Rule], target: str, label: str, decision: str) -> float | None:
    """The precision of the rule that says most about this target and label; None where none does."""
    fitting = [
        rule
        for rule in policy
        if rule.decision == decision and rule.target in (target, ANY) and rule.label in (label, ANY)
    ]
    best = max(fitting, key=lambda rule: (rule.target == target, rule.label == label), default=None)
    return best.precision if best else None


def thresholds(
    policy: Sequence[Rule], target: str, classes: Sequence[str], given: Probabilities, truth: NDArray[np.int64]
) -> Thresholds:
    """Thresholds of each label, judged on `given` (n, classes) and `truth` (n places; -1: no known class)."""
    guess, confidence = given.argmax(axis=1), given.max(axis=1)
    right = guess == truth
    found: Thresholds = {}
    for place, label in enumerate(classes):
        own = guess == place
        judged = own if own.sum() >= FEWEST else np.ones_like(own)
        for decision in ACTIONS:
            precision = wanted(policy, target, label, decision)
            if precision is not None:
                least = _least(confidence[judged], right[judged], precision)
                found.setdefault(label, {})[decision] = Threshold(precision, least)
    return found


def threshold_table(plain: Any) -> Thresholds:
    """Thresholds as a card holds them."""
    return msgspec.convert(plain, Thresholds)


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
