"""What solved tickets like this one."""

from http import HTTPStatus
from time import perf_counter
from typing import Annotated, Any
from uuid import uuid4

import msgspec
import polars as pl
from litestar import get, post
from litestar.params import Parameter

from api import bodies, drafts
from api.problems import BadRequest
from api.routes.tickets import known
from api.searching import MOST, MOST_BYTES, SearchRequest, asked, record
from api.state import Parts, now
from api.telemetry import Telemetry
from ml.retrieve.found import Found, FoundTicket
from operations.entries import NAME_LENGTH


class Search(Found, frozen=True, kw_only=True):
    """What was found. Outcomes of what is shown go to `POST /v1/feedback` under this `search_id`."""

    search_id: str
    ticket_id: str | None
    latency_ms: float
    recorded: bool


class Similar(msgspec.Struct, frozen=True, kw_only=True):
    """Past tickets whose problem lies nearest to this one's. `used` are the stages that answered."""

    search_id: str
    ticket_id: str
    tickets: list[FoundTicket]
    used: list[str]
    missing: dict[str, str]
    release: str
    versions: dict[str, str]
    recorded: bool


@post(
    "/v1/solutions",
    operation_id="postSolutions",
    tags=["search"],
    status_code=200,
    sync_to_thread=True,
    before_request=bodies.refuse_other_than_json,
    request_max_body_size=MOST_BYTES,
)
def post_solutions(body: bytes, parts: Parts, telemetry: Telemetry) -> Search:
    """Find solutions that worked, articles, and tickets like this one.

    Filters hold before anything is searched. The predicted category is a prior, never a filter: as one it is asked for
    by `filters.category`. `explain: full` gives every score that the order rests on.
    """
    began = perf_counter()
    request, ticket = asked(bodies.read(body))
    found = parts.serving.find(ticket, parts.hearing(), request.filters, request.k, full=request.explain == "full")
    search_id = uuid4().hex
    telemetry.found(found.missing)
    enough = parts.serving.opened().finding.searcher.enough
    latency, recorded = record(
        parts, "solutions", request, ticket, found, search_id=search_id, began=began, enough=enough
    )
    return Search(
        **{name: getattr(found, name) for name in Found.__struct_fields__},
        search_id=search_id,
        ticket_id=ticket["ticket_id"][0],
        latency_ms=latency,
        recorded=recorded,
    )


@get("/v1/tickets/{ticket_id:str}/similar", operation_id="getSimilarTickets", tags=["search"], sync_to_thread=True)
def get_similar(
    parts: Parts,
    telemetry: Telemetry,
    ticket_id: Annotated[str, Parameter(min_length=1, max_length=NAME_LENGTH)],
    k: Annotated[int, Parameter(ge=1, le=MOST)] = 10,
) -> Similar:
    """Past tickets whose problem lies nearest to this one's, and what solved each."""
    began = perf_counter()
    state = known(parts, ticket_id)
    fields: dict[str, Any] = dict(state.recorded or {})
    for entry in state.heard:
        fields |= entry.content if entry.kind == "ticket" else {}
    ticket = drafts.known({**fields, "ticket_id": ticket_id}, now())
    if ticket.select(pl.all_horizontal(pl.col("subject", "description").fill_null("").str.strip_chars() == "")).item():
        raise BadRequest(
            f"ticket {ticket_id!r} says nothing yet that another could be like", status=HTTPStatus.NOT_FOUND
        )
    found = parts.serving.find(ticket, parts.hearing(), None, k)
    telemetry.found(found.missing)
    search_id = uuid4().hex
    _, recorded = record(parts, "similar", SearchRequest(k=k), ticket, found, search_id=search_id, began=began)
    return Similar(
        search_id=search_id,
        ticket_id=ticket_id,
        tickets=found.tickets,
        used=found.used,
        missing=found.missing,
        release=found.release,
        versions=found.versions,
        recorded=recorded,
    )
