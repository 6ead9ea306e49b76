"""Models put in place by people: promoted whatever the gate said, or put back. Both are told as events."""

from datetime import datetime
from typing import Any

from ml.card import fits
from operations.audit import Audited, Who, beside
from operations.events import Actor, EventEnvelope, envelope
from operations.inbox import Inbox
from orchestration import registry
from orchestration.build import build, outcome
from orchestration.defs.embeddings import NAME as ENCODER
from orchestration.defs.models import NAME as BASELINE
from orchestration.promotions import BY_HAND, key, rolled_back
from orchestration.standing import CHALLENGERS, NAMES
from warehouse import artifacts, pins, releases
from warehouse.artifacts import Artifact
from warehouse.delta import Lake
from warehouse.errors import Conflict, ContractBroken, NotMaterialized
from warehouse.payloads import ModelPromoted
from warehouse.pointers import point
from warehouse.releases import Manifest, Release

HELD = (*NAMES.values(), BASELINE)
"""Models that a rollback holds; what follows from them is made again."""


def promote(
    lake: Lake, inbox: Inbox, model: Artifact, *, actor: Actor, by: Who, reason: str, now: datetime
) -> Manifest:
    """Let this model serve from now on, in a release with all else as it is. Lifts its pin.

    `actor` decides, `by` is who is at the terminal: the audit log names both. Raises `Conflict` where it serves already
    and nothing holds it, `ContractBroken` where it reads texts by another encoder than the release's, and what
    publishing raises.
    """
    before, held = _current(lake), pins.pinned(lake.root)
    if before.artifacts.get(model.name) == model.digest and (held is None or model.name not in held.models):
        raise Conflict(f"{model.name} {model.digest} serves already, in release {before.id}.")
    _refuse_unfit(lake, model, before)
    pins.lift(lake.root, model.name)
    trained = CHALLENGERS.get(model.name.removeprefix("models/"))
    for asset in (model.name, *((trained,) if trained else ())):
        point(lake.root, asset, model.name, model.digest)
    outcome(build(lake.root, job=BY_HAND))
    after = _current(lake)
    said = ModelPromoted(release=after.id, models={model.name: model.digest}, reason=reason, previous=before.id)
    audited = by.did("model.promote", model.name, now, digest=model.digest, release=after.id, actor=actor.id)
    made = envelope(said, actor=actor, key=key(after.id, by_hand=True), event_time=now, received_time=now)
    _tell(inbox, made, audited)
    return after


def rollback(
    lake: Lake, inbox: Inbox, release_id: str | None, *, actor: Actor, by: Who, reason: str, now: datetime
) -> tuple[Release, list[str]]:
    """Serve an earlier release again, and hold its models against later builds; their names.

    Without an id, the newest earlier one that served other models, and none less. Raises `NotMaterialized`, `Conflict`.
    """
    before = _current(lake)
    wanted = release_id or _earlier(lake, before)
    if wanted == before.id:
        raise Conflict(f"release {wanted} is current. `ticketlake models list` names models, not releases.")
    opened = releases.opened(lake.root, wanted)
    models = {name: opened.manifest.artifacts.get(name) for name in _differing(opened.manifest, before)}
    held = pins.Pin(opened.id, models, actor.id, now, reason, before.id)
    if models:  # first, so that no build undoes what is cut short after the next line
        pins.pin(lake.root, held)
    releases.rollback(lake, wanted)
    for name, digest in models.items():
        point(lake.root, name, name, digest)
    audited = by.did("model.rollback", opened.id, now, previous=before.id, actor=actor.id)
    _tell(inbox, rolled_back(held), audited)
    if (lake.root / registry.FOLDER / registry.MIRRORED).exists():
        registry.mirror(lake.root, opened)
    return opened, sorted(models)


def _refuse_unfit(lake: Lake, model: Artifact, release: Manifest) -> None:
    digest = release.artifacts.get(ENCODER)
    encoder = artifacts.sound(lake.root, ENCODER, digest) if digest else None
    if encoder is not None and not fits(model.card, encoder.card["encoder"]):
        found = f"{model.name} {model.digest} reads texts by the encoder {model.card['encoder']}"
        raise ContractBroken(f"{found}, release {release.id} has {encoder.card['encoder']}. Choose another, or train.")


def _earlier(lake: Lake, now: Manifest) -> str:
    """The newest release before this one that served other models, and was without none of those that serve now."""
    for manifest in releases.history(lake.root):
        differing = _differing(manifest, now) if manifest.number < now.number else []
        if differing and all(name in manifest.artifacts or name not in now.artifacts for name in differing):
            return manifest.id
    raise NotMaterialized("an earlier release with other models", "none is kept that has all of them; name a release")


def _differing(one: Manifest, other: Manifest) -> list[str]:
    return [name for name in HELD if one.artifacts.get(name) != other.artifacts.get(name)]


def _current(lake: Lake) -> Manifest:
    found = releases.current(lake.root)
    if found is None:
        raise NotMaterialized("release")
    return found


def _tell(inbox: Inbox, made: EventEnvelope[Any], audited: Audited) -> None:
    inbox.append([made.entry()], beside({made.idempotency_key: audited}))
