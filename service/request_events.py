"""What is said of a request elsewhere once it is done, under the ids of what was said: never twice."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from operations.events import Actor, EventEnvelope, envelope
from operations.predictions import GivenPrediction
from operations.request_rows import KeptRequest
from service.predicted import given, labels
from service.request_result import RequestResult
from warehouse.payloads import PredictionMade, SolutionsSuggested

SYSTEM = Actor(kind="system", id="ticketlake")


def events(held: KeptRequest, result: RequestResult, now: datetime) -> Iterable[EventEnvelope[Any]]:
    """`PredictionMade` where models answered, `SolutionsSuggested` where solutions were found."""
    about = {"actor": SYSTEM, "event_time": now, "received_time": now, "ticket_id": held.ticket_id}
    if result.prediction_id is not None:
        made = PredictionMade(
            prediction_id=result.prediction_id,
            release=str(result.release),
            targets=labels(result.targets),
            request_id=held.id,
        )
        yield envelope(made, key=f"prediction:{result.prediction_id}", **about)  # type: ignore[arg-type]
    if result.search_id is not None and result.solutions:
        suggested = SolutionsSuggested(
            search_id=result.search_id,
            release=str(result.release),
            target_ids=tuple(one.solution_id for one in result.solutions),
            request_id=held.id,
        )
        yield envelope(suggested, key=f"solutions:{result.search_id}", **about)  # type: ignore[arg-type]


def prediction(held: KeptRequest, result: RequestResult, now: datetime) -> list[GivenPrediction]:
    """The prediction as `POST /v1/predict-ticket` keeps its own."""
    if result.prediction_id is None:
        return []
    made = given(
        result.targets,
        result.novelty,
        result.resolution_hours,
        prediction_id=result.prediction_id,
        ticket_id=held.ticket_id,
        release=str(result.release),
        made_at=now,
        latency_ms=result.took_ms["understand"],
    )
    return [made]
