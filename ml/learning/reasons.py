"""Why a target's model should be trained again, as people read it."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Literal

import msgspec
import polars as pl

from ml.anomaly.drift.retraining import asks_for_retraining

ENOUGH = 20
"""Tickets of a label that no model knows before it can be learned."""
Kind = Literal["growth", "corrections", "new label", "time", "drift"]


class Reason(msgspec.Struct, frozen=True):
    """One reason. `target` is None for what concerns all."""

    kind: Kind
    target: str | None
    text: str


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """A target's model that was trained last, whatever became of it, beside what is known now."""

    target: str
    labelled: int
    labelled_then: int
    corrections: int
    corrections_then: int
    labels: Mapping[str, int]
    """Tickets of each label now."""
    classes: Sequence[str]
    """Labels that the model knows; none: the target has no labels, or the model does not say."""


def why(found: Standing, *, growth: float, corrections: int) -> list[Reason]:
    """The reasons that one target gives."""
    reasons = []
    more = found.labelled - found.labelled_then
    if more > found.labelled_then * growth:
        reasons.append(Reason("growth", found.target, f"{more} tickets more than the {found.labelled_then} of then"))
    new = found.corrections - found.corrections_then
    if new >= corrections:
        said = f"{new} corrections since it was trained, {corrections} are enough"
        reasons.append(Reason("corrections", found.target, said))
    for label, rows in sorted(found.labels.items()):
        if found.classes and label not in found.classes and rows >= ENOUGH:
            said = f"no model knows {label!r}, of which there are {rows} tickets"
            reasons.append(Reason("new label", found.target, said))
    return reasons


def why_time(trained_at: datetime, now: datetime, *, days: int) -> list[Reason]:
    """The reason that time gives."""
    gone = (now - trained_at).days
    return [Reason("time", None, f"trained {gone} days ago, {days} are enough")] if gone >= days else []


def why_drift(drift: pl.DataFrame, after: date) -> list[Reason]:
    """The reason that drift gives, of rows of `anomalies/drift` after the day that the models were made from."""
    found = asks_for_retraining(drift, after)
    return [Reason("drift", None, found)] if found else []


def told(reasons: Sequence[Reason]) -> str:
    """All in one line."""
    return "; ".join(f"{one.target}: {one.text}" if one.target else one.text for one in reasons)
