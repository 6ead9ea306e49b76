"""What models said of a ticket, as it is kept and as it is told: the same whoever asked."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
import polars as pl

from ml.classify.unknown import Strange
from ml.features import READ
from operations.entries import Entry, digest_of
from operations.events import Actor, envelope
from operations.predictions import GivenPrediction
from service.understanding import Answer, Hours, Understood
from warehouse.contracts import silver
from warehouse.payloads import EVERY, PredictedLabel, PredictionMade


def given(
    targets: Mapping[str, Answer],
    novelty: Strange | None,
    hours: Hours | None,
    *,
    prediction_id: str,
    ticket_id: str | None,
    release: str,
    made_at: datetime,
    latency_ms: float,
    **more: Any,
) -> GivenPrediction:
    """The row of a prediction; `more` is kept beside, under its names."""
    kept = {
        name: {
            "label": one.label,
            "confidence": one.confidence,
            "decision": one.decision.action,
            "served_by": one.served_by,
            "model": one.model,
        }
        for name, one in targets.items()
    }
    said = {
        "targets": kept,
        "novelty": novelty.score if novelty else None,
        "resolution_hours": hours,
        "latency_ms": latency_ms,
        **more,
    }
    return GivenPrediction(
        prediction_id=prediction_id,
        ticket_id=ticket_id,
        release=release,
        made_at=made_at,
        body=msgspec.json.encode(said).decode(),
    )


def digests(tickets: pl.DataFrame) -> list[str]:
    """For each ticket (columns `READ`) what stands for all that models read of it."""
    rows = tickets.select(pl.col(name).cast(silver.TICKETS.schema[name]) for name in READ)
    return [digest_of(msgspec.json.encode(row)) for row in rows.iter_rows()]


def kept(
    said: Understood,
    read: str,
    *,
    prediction_id: str,
    ticket_id: str | None,
    release: str,
    made_at: datetime,
    latency_ms: float,
) -> GivenPrediction:
    """The row of what models said of a ticket, with what challengers said unseen; `read` is its digest."""
    return given(
        said.targets,
        said.novelty,
        said.resolution_hours,
        prediction_id=prediction_id,
        ticket_id=ticket_id,
        release=release,
        made_at=made_at,
        latency_ms=latency_ms,
        **({} if ticket_id is None else {"read": read}),
        **({} if said.shadow is None else {"shadow": said.shadow}),
    )


def told(said: Understood, row: GivenPrediction, actor: Actor) -> Entry:
    """That it was made, for those who follow what happens to the ticket."""
    made = envelope(
        PredictionMade(prediction_id=row.prediction_id, release=row.release, targets=labels(said.targets)),
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
