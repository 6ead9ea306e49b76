"""Tickets to be told about later: taken in now, worked on in the background, asked for by their id."""

from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.concurrency import sync_to_thread
from litestar.params import Parameter

from api import bodies
from api.paging import MOMENT, Cursor, Limit, Named, moment, place
from api.problems import REFUSED, BadRequest, FieldError
from api.routes.intake import Key, key_of, values_of
from api.state import Parts, now
from api.tickets_in import submissions
from operations.entries import Receipt
from operations.request_rows import KeptRequest, State, Wanted, id_of
from service.intake import take_in
from service.request_views import RequestSummary, RequestView, Stats, listed, stats, summary, view

WINDOW = timedelta(days=7)
RequestId = Annotated[str, Parameter(pattern="^RQ-[0-9a-f]{24}$", description="As `POST /v1/requests` gave it")]
From = Annotated[str | None, Parameter(query="from", max_length=40, description=f"Received {MOMENT} or later")]
To = Annotated[str | None, Parameter(query="to", max_length=40, description=f"Received before {MOMENT}")]


class RequestReceipt(msgspec.Struct, frozen=True, kw_only=True):
    """A request that is kept. `repeated`: its ticket was there already."""

    id: str
    location: str
    ticket_id: str
    received_at: datetime
    repeated: bool


class RequestReceipts(msgspec.Struct, frozen=True):
    """One receipt a ticket, in the order in which they were sent."""

    requests: list[RequestReceipt]


class RequestList(msgspec.Struct, frozen=True):
    """Requests, the newest first; `next` is the cursor of the next page."""

    requests: list[RequestSummary]
    next: str | None


@post(
    "/v1/requests",
    operation_id="postRequests",
    tags=["requests"],
    status_code=202,
    before_request=bodies.refuse_other_than_json,
)
async def post_requests(
    body: bytes, parts: Parts, idempotency_key: Key = None
) -> Response[RequestReceipt | RequestReceipts]:
    """Take in a ticket, or an array of them, and work on it in the background.

    It is taken in as by `POST /v1/tickets`, under the same rules. A worker says what the ticket is about and how urgent
    it is, sums it up, looks for solutions and for what needs a person now. `Location` is where that is asked for; of an
    array, each receipt has its own. The same ticket again is the same request.
    """
    return await sync_to_thread(_taken, parts, body, idempotency_key)


@get("/v1/requests", operation_id="listRequests", tags=["requests"])
async def list_requests(
    parts: Parts,
    *,
    category: Named = None,
    priority: Named = None,
    status: State | None = None,
    language: Named = None,
    since: From = None,
    until: To = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> RequestList:
    """Requests without their results, the newest first; `status=dead` are those that were given up."""
    first, last = moment(since, "from"), moment(until, "to")
    if first is not None and last is not None:
        _in_order(first, last)
    wanted = Wanted(category=category, priority=priority, state=status, language=language, since=first, until=last)
    return await sync_to_thread(_listed, parts, wanted, limit, place(cursor))


@get("/v1/requests/{request_id:str}", operation_id="getRequest", tags=["requests"], sync_to_thread=True)
def get_request(parts: Parts, request_id: RequestId) -> RequestView:
    """One request: its status and, once it is done, all results with confidences, reasons and model versions."""
    return view(_known(parts, request_id))


@post(
    "/v1/requests/{request_id:str}/replay",
    operation_id="replayRequest",
    tags=["requests"],
    status_code=202,
    sync_to_thread=True,
)
def replay_request(parts: Parts, request_id: RequestId) -> RequestSummary:
    """Queue a request again that was given up, or that is done and is to be done anew with what is served by now.

    One that is under way stays as it is. Until it is done it shows what it came to before.
    """
    _known(parts, request_id)
    parts.ring(parts.requests().replay(now(), [request_id]))
    return summary(_known(parts, request_id))


@get("/v1/stats", operation_id="getStats", tags=["requests"], sync_to_thread=True)
def get_stats(parts: Parts, since: From = None, until: To = None) -> Stats:
    """How many requests there were of each category and status: in the last seven days, or in any window."""
    last = moment(until, "to") or now()
    first = moment(since, "from") or _before(last)
    _in_order(first, last)
    return stats(parts.requests(), first, last)


def _taken(parts: Parts, body: bytes, given: str | None) -> Response[RequestReceipt | RequestReceipts]:
    values, batch = values_of(body)
    places = [f"$[{index}]" if batch else "$" for index in range(len(values))]
    keys = [key_of(given, index, batch) for index in range(len(values))]
    received_at = now()
    sent = submissions(values, places, keys, received_at)
    found = [_receipt(one) for one in take_in(parts.lake, parts.inbox(), sent, parts.requests().opening(received_at))]
    parts.ring([one.id for one in found])
    if batch:
        return Response(RequestReceipts(found), status_code=HTTPStatus.ACCEPTED)
    return Response(found[0], status_code=HTTPStatus.ACCEPTED, headers={"Location": found[0].location})


def _listed(parts: Parts, wanted: Wanted, limit: int, after: tuple[datetime, str] | None) -> RequestList:
    return RequestList(*listed(parts.requests(), wanted, limit, after))


def _in_order(first: datetime, last: datetime) -> None:
    if first >= last:
        raise BadRequest(REFUSED, FieldError("expected a moment that is later than `from`", parameter="to"))


def _before(last: datetime) -> datetime:
    try:
        return last - WINDOW
    except OverflowError:
        raise BadRequest(REFUSED, FieldError("expected a later moment", parameter="to")) from None


def _known(parts: Parts, request_id: str) -> KeptRequest:
    found = parts.requests().find([request_id])
    if not found:
        raise BadRequest(f"no request {request_id} is known", status=HTTPStatus.NOT_FOUND)
    return found[0]


def _receipt(taken: Receipt) -> RequestReceipt:
    request_id = id_of(taken.idempotency_key)
    return RequestReceipt(
        id=request_id,
        location=f"/v1/requests/{request_id}",
        ticket_id=taken.ticket_id,
        received_at=taken.received_at,
        repeated=taken.repeated,
    )
