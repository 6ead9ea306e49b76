"""One ticket."""

from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any

import msgspec
from litestar import get
from litestar.params import Parameter

from api.problems import REFUSED, BadRequest, FieldError
from api.state import Parts
from operations.entries import NAME_LENGTH, fault_of_name
from service.tickets import TicketState, ticket_state
from warehouse.envelopes import Actor


class HeardEntry(msgspec.Struct, frozen=True):
    """What was sent about the ticket and is not in the lake yet."""

    seq: int
    kind: str
    received_at: datetime
    content: dict[str, Any]


class HappenedEvent(msgspec.Struct, frozen=True):
    """An event of the ticket that the lake knows."""

    event_id: str
    type: str
    version: int
    event_time: datetime
    received_time: datetime
    actor: Actor
    payload: dict[str, Any]


class TicketView(msgspec.Struct, frozen=True):
    """`recorded`: the fields that the lake knows, null where it knows none yet, with what `events` made of them;
    `events`: what happened to it, by event time; `heard`: what came since and is in neither yet."""

    ticket_id: str
    recorded: dict[str, Any] | None
    events: list[HappenedEvent]
    heard: list[HeardEntry]


@get("/v1/tickets/{ticket_id:str}", operation_id="getTicket", tags=["tickets"], sync_to_thread=True)
def get_ticket(parts: Parts, ticket_id: Annotated[str, Parameter(min_length=1, max_length=NAME_LENGTH)]) -> TicketView:
    """A ticket as it is recorded, its events, and what was heard about it since."""
    state = known(parts, ticket_id)
    events = [
        msgspec.convert({**event, "actor": {"kind": event["actor_kind"], "id": event["actor_id"]}}, HappenedEvent)
        for event in state.events
    ]
    heard = [HeardEntry(entry.seq, entry.kind, entry.received_at, entry.content) for entry in state.heard]
    return TicketView(ticket_id, state.recorded, events, heard)


def known(parts: Parts, ticket_id: str) -> TicketState:
    """What is known about a ticket. Raises `BadRequest`, a 404 where nothing is."""
    fault = fault_of_name(ticket_id)
    if fault:
        raise BadRequest(REFUSED, FieldError(fault, parameter="ticket_id"))
    state = ticket_state(parts.lake, parts.inbox(), ticket_id)
    if state is None:
        raise BadRequest(
            f"no ticket {ticket_id!r} is known, neither in the lake nor in the inbox", status=HTTPStatus.NOT_FOUND
        )
    return state
