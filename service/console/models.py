"""Releases and what is in them, read from their cards; two of them side by side."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from warehouse import artifacts, releases
from warehouse.contracts.learning import JUDGEMENTS
from warehouse.reading import Tables

MEASURES = {
    "macro_f1": "Macro F1",
    "weighted_f1": "Weighted F1",
    "accuracy": "Accuracy",
    "ece": "Calibration error",
}
JUDGED = 20
"""Challengers that are shown."""


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """A measure on the newest tickets, with the ends of its interval (95 %) where it has one."""

    name: str
    value: float
    low: float | None = None
    high: float | None = None


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One artifact of a release. `card` is empty where its files are gone."""

    name: str
    digest: str
    card: Mapping[str, Any]
    measures: list[Measured]


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """A release in a line."""

    id: str
    created_at: datetime
    previous: str | None
    current: bool
    changed: list[str]
    """What it has that the release before it has not."""


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """One artifact in two releases; a side is None where a release does not have it."""

    name: str
    before: Part | None
    after: Part | None
    gains: list[tuple[str, float, float, float]]
    """Measure, before, after, difference."""
    classes: list[tuple[str, float, float, float, int]]
    """Label, F1 before, after, difference, tickets it was judged on."""

    @property
    def same(self) -> bool:
        """Whether it is the same in both."""
        return self.before is not None and self.after is not None and self.before.digest == self.after.digest


def versions(root: Path) -> list[Version]:
    """All releases that are kept, newest first."""
    current, known = releases.current_id(root), releases.history(root)
    by_id = {one.id: one for one in known}

    def changed(one: releases.Manifest) -> list[str]:
        before = by_id[one.previous].artifacts if one.previous in by_id else {}
        return sorted(name for name, digest in one.artifacts.items() if before.get(name) != digest)

    return [
        Version(
            id=one.id,
            created_at=one.created_at,
            previous=one.previous,
            current=one.id == current,
            changed=changed(one) if one.previous in by_id else [],
        )
        for one in known
    ]


def judgements(lake: Tables) -> Sequence[Mapping[str, Any]]:
    """The challengers that were judged last, with verdict and reasons; columns of `learning/judgements`."""
    if not lake.exists(JUDGEMENTS):
        return []
    columns = ("judged_at", "target", "challenger", "verdict", "gain", "gain_low", "gain_high", "rows", "reasons")
    return lake.read(JUDGEMENTS, columns=columns).sort("judged_at", descending=True).head(JUDGED).to_dicts()


def parts_of(root: Path, release_id: str) -> list[Part] | None:
    """The models and indexes of a release; None where no release of that id is kept."""
    manifest = next((one for one in releases.history(root) if one.id == release_id), None)
    if manifest is None:
        return None
    return [_part(root, name, digest) for name, digest in sorted(manifest.artifacts.items())]


def compared(root: Path, before: str, after: str) -> list[Compared] | None:
    """Artifact by artifact; None where one of the releases is not kept."""
    first, second = parts_of(root, before), parts_of(root, after)
    if first is None or second is None:
        return None
    left, right = {one.name: one for one in first}, {one.name: one for one in second}
    return [_compared(name, left.get(name), right.get(name)) for name in sorted(left.keys() | right.keys())]


def _part(root: Path, name: str, digest: str) -> Part:
    try:
        text = (artifacts.place(root, name, digest) / artifacts.CARD).read_text(encoding="utf-8")
        card = json.loads(text)
    except (FileNotFoundError, ValueError):
        return Part(name=name, digest=digest, card={}, measures=[])
    return Part(name=name, digest=digest, card=card, measures=_measures(card))


def _measures(card: Mapping[str, Any]) -> list[Measured]:
    test = (card.get("measures") or {}).get("test") or {}
    found = []
    for key, name in MEASURES.items():
        said = test.get(key)
        if isinstance(said, Mapping) and isinstance(said.get("value"), int | float):
            found.append(Measured(name=name, value=said["value"], low=said.get("low"), high=said.get("high")))
        elif isinstance(said, int | float):
            found.append(Measured(name=name, value=said))
    return found


def _compared(name: str, before: Part | None, after: Part | None) -> Compared:
    gains: list[tuple[str, float, float, float]] = []
    classes: list[tuple[str, float, float, float, int]] = []
    if before is not None and after is not None and before.digest != after.digest:
        was = {one.name: one.value for one in before.measures}
        gains = [
            (one.name, was[one.name], one.value, one.value - was[one.name]) for one in after.measures if one.name in was
        ]
        old, new = _classes(before), _classes(after)
        classes = [
            (
                label,
                float(old[label]["f1"]),
                float(said["f1"]),
                float(said["f1"]) - float(old[label]["f1"]),
                said["rows"],
            )
            for label, said in sorted(new.items())
            if label in old
        ]
    return Compared(name=name, before=before, after=after, gains=gains, classes=classes)


def _classes(part: Part) -> Mapping[str, Any]:
    return ((part.card.get("measures") or {}).get("test") or {}).get("per_class") or {}
