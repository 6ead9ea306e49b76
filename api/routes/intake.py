"""What people say comes in here, and is durable before it is acknowledged."""

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from litestar import post
from litestar.params import Parameter

from api import bodies
from api.problems import REFUSED, BadRequest, FieldError
from api.state import Parts, now
from api.tickets_in import submissions
from operations.audit import beside
from operations.entries import Receipt, fault_of_name
from operations.events import CATALOGUE, EventEnvelope
from service.access import Caller
from service.intake import take_in
from warehouse.payloads import PolicyChanged

MOST_AT_ONCE = 1_000
KEY_LENGTH = 190
POLICY = PolicyChanged.__name__
Key = Annotated[
    str | None,
    Parameter(
        header="Idempotency-Key",
        required=False,
        max_length=KEY_LENGTH,
        description="The same key with the same body is kept once; with another body it is refused. "
        "In a batch, entry n has the key with `.n` added.",
    ),
]


class Receipts(msgspec.Struct, frozen=True):
    """One receipt an entry, in the order in which they were sent."""

    receipts: list[Receipt]


@post(
    "/v1/tickets",
    operation_id="postTickets",
    tags=["intake"],
    status_code=202,
    sync_to_thread=True,
    before_request=bodies.refuse_other_than_json,
)
def post_tickets(body: bytes, parts: Parts, idempotency_key: Key = None) -> Receipts:
    """Take in a ticket, or an array of them, all or none.

    A subject or a description is required; without `ticket_id` we make one, and `created_at` is the time of receipt
    where it is left out. Fields that the contract does not know are kept as they were sent. The same body again is a
    repetition. A ticket that is known is not replaced (409), unless the record is an update of it: the same
    `created_at`, and an `updated_at` that is later than that of the newest record.
    """
    values, batch = values_of(body)
    places = [f"$[{index}]" if batch else "$" for index in range(len(values))]
    keys = [key_of(idempotency_key, index, batch) for index in range(len(values))]
    return Receipts(take_in(parts.lake, parts.inbox(), submissions(values, places, keys, now())))


@post(
    "/v1/events",
    operation_id="postEvents",
    tags=["intake"],
    status_code=202,
    sync_to_thread=True,
    before_request=bodies.refuse_other_than_json,
)
def post_events(body: bytes, parts: Parts, caller: Caller, idempotency_key: Key = None) -> Receipts:
    """Take in an event, or an array of them, all or none. Each carries a key of its own, or takes the header's.

    A lead's key changes policy (`PolicyChanged`), in no other name than its own; all else is for a service's.
    """
    received_at = now()
    values, batch = values_of(body)
    if idempotency_key is not None:
        keys = [key_of(idempotency_key, index, batch) for index in range(len(values))]
        values = [
            {"idempotency_key": key, **value} if isinstance(value, dict) else value
            for key, value in zip(keys, values, strict=True)
        ]
        body = msgspec.json.encode(values if batch else values[0])
    events = CATALOGUE.accept(body, received_at)
    _allow(caller, events, batch)
    told = {
        one.idempotency_key: caller.did(
            "policy.change", f"{one.payload.target}/{one.payload.label}", received_at, event=one.idempotency_key
        )
        for one in events
        if one.type == POLICY
    }
    return Receipts(parts.inbox().append([event.entry() for event in events], beside(told) if told else None))


def values_of(body: bytes) -> tuple[Sequence[Any], bool]:
    """What was sent, and whether it was an array."""
    value = bodies.read(body)
    if not isinstance(value, list):
        return [value], False
    if not 1 <= len(value) <= MOST_AT_ONCE:
        detail = f"expected 1 to {MOST_AT_ONCE} entries, found {len(value)}"
        raise BadRequest(bodies.UNFIT, FieldError(detail, pointer=""))
    return value, True


def _allow(caller: Caller, events: Sequence[EventEnvelope[Any]], batch: bool) -> None:
    """Raises `Forbidden` for events that are not this caller's to send."""
    for index, event in enumerate(events):
        if event.type == POLICY:
            caller.demand("lead", f"an event {POLICY}")
            caller.speaks_for([(event.actor.id, f"$[{index}].actor.id" if batch else "$.actor.id")])
        else:
            caller.demand("service", f"an event {event.type}")


def key_of(given: str | None, index: int, batch: bool) -> str | None:
    if given is None:
        return None
    fault = fault_of_name(given)
    if fault:
        raise BadRequest(REFUSED, FieldError(fault, parameter="Idempotency-Key"))
    return f"{given}.{index}" if batch else given
