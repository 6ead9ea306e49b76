"""What is said of a request elsewhere once it is done, under the ids of what was said: never twice."""

from collections.abc import Iterable
from datetime import datetime

from operations.entries import Entry
from operations.events import Actor, envelope
from operations.predictions import GivenPrediction
from operations.request_rows import KeptRequest
from service.predicted import given, told
from service.request_result import RequestResult
from warehouse.payloads import SolutionsSuggested

SYSTEM = Actor(kind="system", id="ticketlake")


def entries(
    held: KeptRequest, result: RequestResult, rows: Iterable[GivenPrediction], now: datetime
) -> Iterable[Entry]:
    """`PredictionMade` of each of `rows`, `SolutionsSuggested` where solutions were found."""
    yield from (told(result, row, SYSTEM, held.id) for row in rows)
    if result.search_id is not None and result.solutions:
        suggested = SolutionsSuggested(
            search_id=result.search_id,
            release=str(result.release),
            target_ids=tuple(one.solution_id for one in result.solutions),
            request_id=held.id,
        )
        event = envelope(
            suggested,
            actor=SYSTEM,
            key=f"solutions:{result.search_id}",
            event_time=now,
            received_time=now,
            ticket_id=held.ticket_id,
        )
        yield event.entry()


def prediction(held: KeptRequest, result: RequestResult, now: datetime) -> list[GivenPrediction]:
    """The prediction as `POST /v1/predict-ticket` keeps its own."""
    if result.prediction_id is None:
        return []
    made = given(
        result,
        prediction_id=result.prediction_id,
        ticket_id=held.ticket_id,
        release=str(result.release),
        made_at=now,
        latency_ms=result.took_ms["understand"],
    )
    return [made]
