"""What models said of a ticket, as it is kept and as it is told: the same whoever asked."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

import msgspec
import polars as pl

from ml.classify.unknown import Strange
from ml.features import READ
from operations.entries import Entry, digest_of
from operations.events import Actor, envelope
from operations.predictions import GivenPrediction
from service.understanding import Answer, Hours, Told
from warehouse.contracts import silver
from warehouse.payloads import EVERY, PredictedLabel, PredictionMade


class Answered(Told, Protocol):
    """What was said of one ticket, whoever holds it."""

    @property
    def novelty(self) -> Strange | None:
        """Whether it fits no label."""

    @property
    def resolution_hours(self) -> Hours | None:
        """How long such tickets take."""


def given(
    said: Answered,
    *,
    prediction_id: str,
    ticket_id: str | None,
    release: str,
    made_at: datetime,
    latency_ms: float,
    **more: Any,
) -> GivenPrediction:
    """The row of a prediction; what there is of `more` is kept beside, under its names."""
    kept = {
        name: {
            "label": one.label,
            "confidence": one.confidence,
            "decision": one.decision.action,
            "served_by": one.served_by,
            "model": one.model,
        }
        for name, one in said.targets.items()
    }
    body = {
        "targets": kept,
        "novelty": said.novelty.score if said.novelty else None,
        "resolution_hours": said.resolution_hours,
        "latency_ms": latency_ms,
        **{name: value for name, value in more.items() if value is not None},
    }
    return GivenPrediction(
        prediction_id=prediction_id,
        ticket_id=ticket_id,
        release=release,
        made_at=made_at,
        body=msgspec.json.encode(body).decode(),
    )


def digests(tickets: pl.DataFrame) -> list[str]:
    """For each ticket (columns `READ`) what stands for all that models read of it."""
    rows = tickets.select(pl.col(name).cast(silver.TICKETS.schema[name]) for name in READ)
    return [digest_of(msgspec.json.encode(row)) for row in rows.iter_rows()]


def told(said: Answered, row: GivenPrediction, actor: Actor, request_id: str | None = None) -> Entry:
    """That it was made, for those who follow what happens to the ticket."""
    targets = labels(said.targets)
    made = envelope(
        PredictionMade(prediction_id=row.prediction_id, release=row.release, targets=targets, request_id=request_id),
        actor=actor,
        key=f"prediction:{row.prediction_id}",
        event_time=row.made_at,
        received_time=row.made_at,
        ticket_id=row.ticket_id or EVERY,
    )
    return made.entry()


def labels(targets: Mapping[str, Answer]) -> dict[str, PredictedLabel]:
    """The same as an event tells it."""
    return {
        name: PredictedLabel(
            decision=one.decision.action,
            label=one.label or None,
            confidence=one.confidence,
            model=one.model.digest,
            served_by=one.served_by,
        )
        for name, one in targets.items()
    }
