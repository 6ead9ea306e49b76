"""What the models say about tickets."""

from collections.abc import Sequence
from time import perf_counter
from typing import Annotated, Any, Literal
from uuid import uuid4

import msgspec
import structlog
from litestar import post
from litestar.params import Parameter

from api import bodies
from api.drafts import drafts
from api.noted import note
from api.problems import BadRequest, FieldError
from api.state import Parts, now
from api.telemetry import Telemetry
from ml.anomaly.escalation import Escalation
from ml.classify.unknown import Strange
from operations.entries import Entry
from operations.events import Actor
from operations.predictions import GivenPrediction, Predictions
from service.predicted import digests, given, told
from service.understanding import Answer, Hours, decided
from warehouse.errors import StoreUnavailable

MOST_AT_ONCE = 1_000
API = Actor(kind="system", id="api")
Explain = Annotated[
    Literal["brief", "full"],
    Parameter(description="brief: the reasons that come with a prediction; full: also those that cost more of them"),
]


class TicketPrediction(msgspec.Struct, frozen=True):
    """Each target with label, calibrated confidence, alternatives, reasons, and what to do with it.

    `escalation`: why it needs a person now; null where it does not. `recorded`: whether it was kept, without what the
    ticket says. `missing`: models that there are not.
    """

    prediction_id: str
    ticket_id: str | None
    release: str
    targets: dict[str, Answer]
    novelty: Strange | None
    resolution_hours: Hours | None
    escalation: Escalation | None
    missing: list[str]
    latency_ms: float
    recorded: bool


class TicketPredictions(msgspec.Struct, frozen=True):
    """One prediction per ticket, in the order in which they were sent; `latency_ms` of each is its share."""

    predictions: list[TicketPrediction]


PREDICTS = (
    "Predict what a ticket is about, how urgent it is, how the customer feels, how long it will take.\n\n"
    "A ticket that needs a person now is flagged, with the reason. Only a subject or a description is required; the "
    "rest of what is known at the opening helps. What the models said is kept, what the ticket said is not."
)
"""Of a handler at two addresses Litestar would describe its own wrapper."""


def _operation_id(_: Any, __: Any, path: Sequence[Any]) -> str:
    many = "Tickets" if str(path[-1]).endswith("s") else "Ticket"
    return f"predict{many}" if path[0] == "v1" else f"predict{many}Unversioned"


@post(
    ["/v1/predict-ticket", "/predict-ticket"],
    operation_id=_operation_id,
    summary="PredictTicket",
    description=PREDICTS,
    tags=["predictions"],
    status_code=200,
    sync_to_thread=True,
    before_request=bodies.refuse_other_than_json,
)
def predict_ticket(body: bytes, parts: Parts, telemetry: Telemetry, explain: Explain = "brief") -> TicketPrediction:
    """One ticket, as `PREDICTS` says."""
    began = perf_counter()
    return _predict(parts, telemetry, [bodies.read(body)], ["$"], explain=explain, began=began)[0]


@post(
    "/v1/predict-tickets",
    operation_id="predictTickets",
    tags=["predictions"],
    status_code=200,
    sync_to_thread=True,
    before_request=bodies.refuse_other_than_json,
)
def predict_tickets(body: bytes, parts: Parts, telemetry: Telemetry, explain: Explain = "brief") -> TicketPredictions:
    """Predict on an array of up to 1,000 tickets, each as for one."""
    began = perf_counter()
    values = bodies.read(body)
    found = len(values) if isinstance(values, list) else None
    if found is None or not 1 <= found <= MOST_AT_ONCE:
        detail = f"expected an array of 1 to {MOST_AT_ONCE} tickets, found {'none' if found is None else found}"
        raise BadRequest(bodies.UNFIT, FieldError(detail, pointer=""))
    places = [f"$[{index}]" for index in range(len(values))]
    return TicketPredictions(_predict(parts, telemetry, values, places, explain=explain, began=began))


def _predict(
    parts: Parts, telemetry: Telemetry, values: Sequence[Any], places: Sequence[str], *, explain: str, began: float
) -> list[TicketPrediction]:
    made_at = now()
    tickets = drafts(values, places, made_at)
    release, understood = parts.serving.understand(tickets, parts.hearing(), full=explain == "full")
    request = uuid4().hex
    ids = [request if len(values) == 1 else f"{request}.{index}" for index in range(len(values))]
    latency = round((perf_counter() - began) * 1000 / len(values), 3)
    names = tickets["ticket_id"].to_list()
    entries = [
        given(
            one,
            prediction_id=id_,
            ticket_id=name,
            release=release,
            made_at=made_at,
            latency_ms=latency,
            read=read if name is not None else None,
            shadow=one.shadow,
        )
        for id_, name, one, read in zip(ids, names, understood, digests(tickets), strict=True)
    ]
    pairs = zip(understood, entries, strict=True)
    events = [told(one, row, API) for one, row in pairs if row.ticket_id is not None]
    recorded = _record(parts, entries, events)
    telemetry.predicted(understood)
    note(prediction_id=request, tickets=len(values), release=release, recorded=recorded, **decided(understood))
    return [
        TicketPrediction(
            prediction_id=id_,
            ticket_id=name,
            release=release,
            targets=one.targets,
            novelty=one.novelty,
            resolution_hours=one.resolution_hours,
            escalation=one.escalation,
            missing=one.missing,
            latency_ms=latency,
            recorded=recorded,
        )
        for id_, name, one in zip(ids, names, understood, strict=True)
    ]


def _record(parts: Parts, entries: Sequence[GivenPrediction], events: Sequence[Entry]) -> bool:
    """Whether they are durable; a store that does not answer holds no prediction back."""
    try:
        Predictions(parts.store()).append(entries, events)
    except StoreUnavailable as error:
        structlog.get_logger("api").warning("predictions were not kept", error=type(error).__name__)
        return False
    return True
