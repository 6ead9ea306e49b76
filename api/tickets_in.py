"""The ticket fields of the contract as request bodies: declared once, in `warehouse.contracts.silver`."""

from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
import polars as pl
from msgspec import Meta

from api.bodies import typed
from api.problems import BadRequest, FieldError, pointer
from operations.entries import NAME_LENGTH, fault_of_name
from operations.events import CLOCK_TOLERANCE
from warehouse.contracts.silver import TICKET_FIELDS
from warehouse.table import TIMESTAMP

INT64 = Meta(ge=-(2**63), le=2**63 - 1)
EPOCH_MS = Meta(ge=0, le=4_102_444_800_000)
TIMES = tuple(column.name for column in TICKET_FIELDS if column.dtype == TIMESTAMP)
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
TicketId = Annotated[str, Meta(min_length=1, max_length=NAME_LENGTH, description="Identifier of the ticket")]

Ticket: Any = msgspec.defstruct(
    "Ticket", [("ticket_id", TicketId), *_FIELDS], namespace={"__doc__": "A ticket; other fields are kept too."}
)
TicketDraft: Any = msgspec.defstruct(
    "TicketDraft",
    [("ticket_id", TicketId | None, None), *_FIELDS],
    namespace={"__doc__": "What is known of a ticket when it is opened."},
)


def ticket(value: Any, at: str, now: datetime) -> Any:
    """One ticket of a body. Raises `BadRequest` with the fields that are wrong."""
    found = typed(value, Ticket, at)
    fault = fault_of_name(found.ticket_id)
    errors = [FieldError(fault, pointer=_pointer(at, "ticket_id"))] if fault else []
    errors += [FieldError("expected a subject or a description, found neither", pointer=_pointer(at))] * mute(found)
    for name in TIMES:
        detail = _impossible(getattr(found, name), now)
        if detail:
            errors.append(FieldError(detail, pointer=_pointer(at, name)))
    if errors:
        raise BadRequest("the body has fields that are not allowed", *errors)
    return found


def mute(found: Any) -> bool:
    """Whether a ticket says nothing at all."""
    return not (found.subject or "").strip() and not (found.description or "").strip()


def _impossible(time: datetime | int | None, now: datetime) -> str | None:
    if not isinstance(time, datetime):
        future = time is not None and time > (now + CLOCK_TOLERANCE).timestamp() * 1000
        return "expected a time that is past" if future else None
    try:
        instant = time.astimezone(UTC)
    except OverflowError:
        return "expected an instant that exists in UTC"
    if instant.year < 1970:
        return "expected a time since 1970"
    return "expected a time that is past" if instant > now + CLOCK_TOLERANCE else None


def _pointer(at: str, name: str | None = None) -> str:
    return pointer(f"{at}.{name}" if name else at)
