"""Which model took whose place: told as an event, and what was judged is kept to be compared."""

from collections.abc import Callable, Mapping
from datetime import datetime

import polars as pl

from operations.events import Actor, envelope
from operations.inbox import Inbox
from orchestration.standing import NAMES
from warehouse.contracts.learning import JUDGEMENTS
from warehouse.delta import Lake
from warehouse.payloads import ModelPromoted
from warehouse.releases import Manifest

GATE = Actor("system", "gate")
BY_HAND = "promote"
"""The job of people who decide: they tell of it themselves, with their reason."""
KEPT = 10
"""Judgements of a target whose challengers are kept."""


def tell(lake: Lake, inbox: Callable[[], Inbox], before: Manifest | None, after: Manifest, now: datetime) -> None:
    """Say which models took the place of others; a first model takes nobody's."""
    taken = replaced(before, after)
    if before is None or not taken:
        return
    made = envelope(
        ModelPromoted(release=after.id, models=dict(taken), reason=_reasons(lake, taken), previous=before.id),
        actor=GATE,
        key=f"model-promoted-{after.id}-{now:%Y%m%dT%H%M%S%f}",
        event_time=now,
        received_time=now,
    )
    inbox().append([made.entry()])


def replaced(before: Manifest | None, after: Manifest) -> Mapping[str, str]:
    """By name the models of a release that stand where others stood."""
    if before is None:
        return {}
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
