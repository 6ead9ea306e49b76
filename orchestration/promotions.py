"""Which model took whose place: told as an event, and what was judged is kept to be compared."""

from collections.abc import Callable, Mapping

import polars as pl

from operations.events import Actor, EventEnvelope, envelope
from operations.inbox import Inbox
from orchestration.standing import NAMES
from warehouse import pins, releases
from warehouse.contracts.learning import JUDGEMENTS
from warehouse.delta import Lake
from warehouse.payloads import ModelPromoted, ModelRolledBack
from warehouse.pins import Pin
from warehouse.releases import Manifest

GATE = Actor("system", "gate")
BY_HAND = "promote"
"""The job of people who decide: they tell of it themselves, with their reason."""
KEPT = 10
"""Judgements of a target whose challengers are kept."""


def tell(lake: Lake, inbox: Callable[[], Inbox]) -> None:
    """Say of the releases that are kept which models took the place of others, and what was rolled back to, where
    nobody has said it yet.

    What ended between doing and telling is made good by the next build. A first model takes nobody's place.
    """
    kept = {manifest.id: manifest for manifest in releases.history(lake.root)}
    both = [(kept[one.previous], one) for one in kept.values() if one.previous in kept]
    changed = {one.id: taken for before, one in both if (taken := replaced(before, one))}
    pin = pins.pinned(lake.root)
    if not changed and pin is None:
        return
    heard = inbox()
    told = heard.with_keys(key(one, by_hand=way) for one in changed for way in (True, False))
    new = [one for one in sorted(changed) if not told.keys() & {key(one), key(one, by_hand=True)}]
    said = [
        *(_said(lake, kept[one], changed[one]).entry() for one in new),
        *([rolled_back(pin).entry()] if pin else []),
    ]
    heard.append(said)


def rolled_back(pin: Pin) -> EventEnvelope[ModelRolledBack]:
    """The event that tells of a rollback, the same whoever tells it."""
    return envelope(
        ModelRolledBack(release=pin.release, reason=pin.reason, previous=pin.previous),
        actor=Actor("agent", pin.by),
        key=f"model-rolled-back-{pin.at:%Y%m%dT%H%M%S%f}",
        event_time=pin.at,
        received_time=pin.at,
    )


def key(release: str, *, by_hand: bool = False) -> str:
    """The idempotency key of the event that tells what a release promoted."""
    return f"model-promoted-{release}{'-by-hand' if by_hand else ''}"


def _said(lake: Lake, after: Manifest, taken: Mapping[str, str]) -> EventEnvelope[ModelPromoted]:
    return envelope(
        ModelPromoted(release=after.id, models=dict(taken), reason=_reasons(lake, taken), previous=after.previous),
        actor=GATE,
        key=key(after.id),
        event_time=after.created_at,
        received_time=after.created_at,
    )


def replaced(before: Manifest, after: Manifest) -> Mapping[str, str]:
    """By name the models of a release that stand where others stood."""
    held, now = before.artifacts, after.artifacts
    return {name: now[name] for name in NAMES.values() if name in held and name in now and held[name] != now[name]}


def judged(lake: Lake) -> set[tuple[str, str]]:
    """Name and digest of the challengers of the newest judgements of each target."""
    if not lake.exists(JUDGEMENTS):
        return set()
    rows = lake.read(JUDGEMENTS, columns=["target", "challenger", "judged_at"]).sort("judged_at", descending=True)
    newest = rows.filter(pl.int_range(pl.len()).over("target") < KEPT)
    return {(NAMES[target], digest) for target, digest in newest.select("target", "challenger").iter_rows()}


def _reasons(lake: Lake, taken: Mapping[str, str]) -> str:
    """What the gate said of these, as far as it judged them."""
    found = []
    rows = lake.read(JUDGEMENTS) if lake.exists(JUDGEMENTS) else pl.DataFrame(schema=JUDGEMENTS.schema)
    for name, digest in sorted(taken.items()):
        target = name.removeprefix("models/")
        mine = rows.filter(target=target, challenger=digest, verdict="promoted").sort("judged_at").tail(1)
        said = "; ".join(mine["reasons"].item().to_list()) if mine.height else "published"
        found.append(f"{target}: {said}")
    return " | ".join(found)
