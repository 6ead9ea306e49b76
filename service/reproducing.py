"""A prediction again: the models of its release, and the ticket and its history as that release knew them."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec
import polars as pl

from ml.features import READ
from operations.inbox import Inbox
from operations.predictions import GivenPrediction, Predictions
from operations.store import Store
from service.loading import Loading
from service.models import Models
from service.online import Online
from service.predicted import digests
from service.understanding import Understood, understand
from warehouse import releases
from warehouse.contracts import silver
from warehouse.errors import NotKnown
from warehouse.parse import TICKET, parse
from warehouse.reading import Tables
from warehouse.releases import Manifest

NEAR = 1e-4
"""Of confidences: arithmetic in another order is no other answer."""


class Again(msgspec.Struct, frozen=True):
    """One target: what was said, and what is said now."""

    target: str
    model: str
    label: str | None
    confidence: float | None
    label_now: str | None
    confidence_now: float | None

    @property
    def same(self) -> bool:
        """Whether it is the same label with the same confidence."""
        if self.confidence is None or self.confidence_now is None:
            return self.label == self.label_now and self.confidence == self.confidence_now
        return self.label == self.label_now and math.isclose(self.confidence, self.confidence_now, abs_tol=NEAR)


@dataclass(frozen=True)
class Reproduced:
    """A prediction and its repetition."""

    prediction_id: str
    release: str
    tables: dict[str, int]
    answers: list[Again]

    @property
    def same(self) -> bool:
        """Whether every answer is."""
        return all(one.same for one in self.answers)

    def as_dict(self) -> dict[str, Any]:
        """As JSON sees it."""
        named = {"prediction_id": self.prediction_id, "release": self.release, "tables": self.tables}
        return {**named, "same": self.same, "answers": msgspec.to_builtins(self.answers)}

    def lines(self) -> list[str]:
        """One a target, for people."""
        return [
            f"  {one.target}: {one.label} {_told(one.confidence)}, now {one.label_now} {_told(one.confidence_now)}"
            f"{'' if one.same else '  differs'}"
            for one in self.answers
        ]


def reproduce(lake: Tables, store: Store, prediction_id: str) -> Reproduced:
    """Ask again what was asked.

    Raises `NotKnown` where the prediction, or what it was asked about, is not kept, `NotMaterialized` where its release
    is gone.

    Of history the release's own is known, and not what the inbox had heard since: a customer's newest hours may differ.
    """
    given = Predictions(store).find(prediction_id)
    if given is None:
        raise NotKnown(f"prediction {prediction_id}", "ids are those that POST /v1/predict-ticket returned")
    release = releases.opened(lake.root, given.release)
    body = msgspec.json.decode(given.body)
    ticket = _ticket(lake, Inbox(store), given, release.manifest, body.get("read"))
    models = Models.load(Loading(release, {}), _raised)
    features = Online(lake, release.manifest).features(None, ticket)
    (now,) = understand(models, ticket, features, full=False, failed=_raised)
    answers = [_again(name, one, now) for name, one in body["targets"].items()]
    return Reproduced(given.prediction_id, given.release, dict(release.manifest.tables), answers)


def _ticket(lake: Tables, inbox: Inbox, given: GivenPrediction, manifest: Manifest, read: str | None) -> pl.DataFrame:
    """The record that was asked about (columns `READ`): the newest that is kept, or the one of this digest."""
    if given.ticket_id is None:
        what = f"the ticket of prediction {given.prediction_id}"
        raise NotKnown(what, "what was asked without an id is kept nowhere")
    known = False
    for ticket in _records(lake, inbox, given, manifest):
        known = True
        if read is None or digests(ticket) == [read]:
            return ticket
    if known:
        what = f"what prediction {given.prediction_id} was asked about ticket {given.ticket_id}"
        raise NotKnown(
            what, "it is none of the records that are kept: what is sent to be predicted on alone is not kept"
        )
    raise NotKnown(f"ticket {given.ticket_id}", "it is not in the lake: erased, or never sent")


def _records(lake: Tables, inbox: Inbox, given: GivenPrediction, manifest: Manifest) -> Iterator[pl.DataFrame]:
    """What was heard of the ticket before the prediction, the newest first; what the lake said then, and says now."""
    heard = [row for row in inbox.for_ticket(given.ticket_id or "") if row.kind == "ticket"]
    said = parse(TICKET, [row.body.encode() for row in heard if row.received_at <= given.made_at]).rows
    newest = said.sort(pl.coalesce("updated_at", "created_at"), descending=True, maintain_order=True).select(READ)
    yield from newest.iter_slices(1)
    for version in (manifest.tables.get(silver.TICKETS.path), None):
        found = lake.scan(silver.TICKETS, version=version).filter(pl.col("ticket_id") == given.ticket_id)
        yield from found.select(READ).collect().iter_slices(1)


def _again(name: str, said: dict[str, Any], now: Understood) -> Again:
    answer = now.targets.get(name)
    return Again(
        target=name,
        model=said["model"]["digest"],
        label=said["label"],
        confidence=said["confidence"],
        label_now=answer.label if answer else None,
        confidence_now=answer.confidence if answer else None,
    )


def _told(confidence: float | None) -> str:
    return "(no confidence)" if confidence is None else f"({confidence:.3f})"


def _raised(target: str, family: str, error: Exception) -> None:
    """Another family's answer is no repetition."""
    raise error
