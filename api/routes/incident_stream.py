"""Every change of an incident as it happens: server-sent events (WHATWG HTML, 9.2)."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Annotated, Any

from litestar import Request, get
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import Parameter
from litestar.response import ServerSentEvent, ServerSentEventMessage

from api.doors import Doors
from api.problems import REFUSED, BadRequest, FieldError
from api.state import Parts
from operations.incidents import IncidentStore
from service import incident_views as views
from service.access import Caller
from warehouse.errors import StoreUnavailable

LOOK_SECONDS = 0.5
HEARTBEAT_SECONDS = 15.0
RETRY_MS = 2_000
MOST_AT_ONCE = 200
STREAM = {200: ResponseSpec(str, media_type="text/event-stream", description="Events, until one of both ends it")}


@get(
    "/v1/incidents/stream",
    operation_id="streamIncidents",
    tags=["incidents"],
    media_type="text/event-stream",
    responses=STREAM,
)
async def stream_incidents(
    request: Request[Any, Any, Any],
    parts: Parts,
    caller: Caller,
    last_event_id: Annotated[
        str | None,
        Parameter(header="Last-Event-ID", required=False, max_length=20, description="Go on after this event"),
    ] = None,
) -> ServerSentEvent:
    """Each change of an incident, as webhooks are told them, and smaller ones (`incident.updated`).

    The id of an event is its number: a client that comes back with `Last-Event-ID` misses none; `0` begins with the
    first change of all. Without it, the stream begins now. A comment every 15 seconds says that the line is open.
    It ends with the key that opened it.
    """
    store = await asyncio.to_thread(_store, parts)
    after = await asyncio.to_thread(store.last_change) if last_event_id is None else _number(last_event_id)
    doors: Doors | None = request.app.state.doors

    async def welcome() -> bool:
        return doors is None or await doors.holds(caller)

    return ServerSentEvent(_events(store, after, welcome))


async def _events(
    store: IncidentStore, after: int, welcome: Callable[[], Awaitable[bool]]
) -> AsyncIterator[ServerSentEventMessage]:
    yield ServerSentEventMessage(comment="open", data=None, retry=RETRY_MS)
    silent = 0.0
    while True:
        try:
            if not await welcome():
                return
            changes = await asyncio.to_thread(store.changes, after, MOST_AT_ONCE)
        except StoreUnavailable:
            return  # the client comes back with the number of the last event that it has
        for one in changes:
            after, silent = one.seq, 0.0
            yield ServerSentEventMessage(id=one.seq, event=f"incident.{one.change}", data=one.body)
        if changes:
            continue
        if silent >= HEARTBEAT_SECONDS:
            silent = 0.0
            yield ServerSentEventMessage(comment="still here", data=None)
        await asyncio.sleep(LOOK_SECONDS)
        silent += LOOK_SECONDS


def _store(parts: Parts) -> IncidentStore:
    store = IncidentStore(parts.store())
    views.ready(parts.lake, store)
    return store


def _number(given: str) -> int:
    if not given.isascii() or not given.isdigit() or len(given) > 18:
        detail = "expected the id of an event, a number"
        error = FieldError(detail, parameter="Last-Event-ID")
        raise BadRequest(REFUSED, error)
    return int(given)
