"""The ticket fields of the contract as request bodies: declared once, in `warehouse.contracts.silver`.

JSON types are checked as OpenAPI describes them; whether a ticket keeps the contract says what silver asks too.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import uuid4

import msgspec
import polars as pl
from msgspec import Meta

from api.bodies import MOST_ERRORS, UNFIT, typed
from api.problems import BadRequest, FieldError, pointer
from operations.entries import NAME_LENGTH, digest_of, fault_of_ticket
from service.intake import Submission
from warehouse.contracts.silver import TICKET_FIELDS
from warehouse.parse import ROW, TICKET, parse
from warehouse.table import TIMESTAMP
from warehouse.times import AHEAD_OF_US

INT64 = Meta(ge=-(2**63), le=2**63 - 1)
EPOCH_MS = Meta(ge=0, le=4_102_444_800_000)
MADE = "TL-"
"""How the id begins that a ticket gets which was sent without one."""
_TYPES: dict[Any, Any] = {
    pl.String: str | None,
    pl.Int64: Annotated[int, INT64] | None,
    pl.Float64: float | None,
    pl.Boolean: bool | None,
    pl.List(pl.String): list[str] | None,
    TIMESTAMP: Annotated[datetime, Meta(tz=True)] | Annotated[int, EPOCH_MS] | None,
}
_FIELDS = [
    (column.name, Annotated[_TYPES[column.dtype], Meta(description=column.description)], None)
    for column in TICKET_FIELDS
    if column.name != "ticket_id"
]
_ID = Meta(min_length=1, max_length=NAME_LENGTH, description="Identifier of the ticket; left out: we make one")
_ALL = [("ticket_id", Annotated[str, _ID] | None, None), *_FIELDS]

Ticket: Any = msgspec.defstruct("Ticket", _ALL, namespace={"__doc__": "A ticket; other fields are kept too."})
TicketDraft: Any = msgspec.defstruct(
    "TicketDraft", _ALL, namespace={"__doc__": "What is known of a ticket when it is opened."}
)


def submissions(
    values: Sequence[Any], places: Sequence[str], keys: Sequence[str | None], now: datetime
) -> list[Submission]:
    """The tickets of a body. Raises `BadRequest` with the fields that are wrong, of all of them."""
    found, errors = [], []
    for value, at, key in zip(values, places, keys, strict=True):
        try:
            found.append(_submission(value, at, key, now))
        except BadRequest as refused:
            errors.extend(refused.errors)
    parsed = parse(TICKET, [one.body for one in found], latest=now + AHEAD_OF_US)
    for refusal in parsed.refused:
        errors.append(FieldError(refusal.detail, pointer=_pointer(found[refusal.row].place, refusal.field)))
    if errors:
        raise BadRequest(UNFIT, *errors[:MOST_ERRORS])
    times = parsed.rows.sort(ROW).select("created_at", "updated_at").iter_rows()
    return [
        msgspec.structs.replace(one, created_at=created_at, updated_at=updated_at)
        for one, (created_at, updated_at) in zip(found, times, strict=True)
    ]


def _submission(value: Any, at: str, key: str | None, now: datetime) -> Submission:
    ticket = typed(value, Ticket, at)
    fault = None if ticket.ticket_id is None else fault_of_ticket(ticket.ticket_id)
    if fault:
        raise BadRequest("the ticket has no such id", FieldError(fault, pointer=_pointer(at, "ticket_id")))
    digest = digest_of(msgspec.json.encode(value, order="deterministic"))
    ticket_id = ticket.ticket_id or MADE + (digest_of(key.encode())[:20] if key else uuid4().hex[:20])
    made = {} if ticket.ticket_id is not None else {"ticket_id": ticket_id}
    stamped = {} if ticket.created_at is not None else {"created_at": now.isoformat()}
    return Submission(
        place=at,
        ticket_id=ticket_id,
        key=key or f"ticket-{digest_of(ticket_id.encode()) if made else digest}",
        digest=digest,
        body=msgspec.json.encode({**value, **made, **stamped}),
        received_at=now,
    )


def mute(found: Any) -> bool:
    """Whether a ticket says nothing at all."""
    return not (found.subject or "").strip() and not (found.description or "").strip()


def _pointer(at: str, name: str | None = None) -> str:
    return pointer(f"{at}.{name}" if name else at)
