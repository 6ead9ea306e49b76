"""Forgetting a customer or a ticket."""

from datetime import datetime
from http import HTTPStatus
from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.params import Parameter
from msgspec import Meta

from api import bodies
from api.problems import BadRequest, FieldError
from api.state import Parts, now
from operations.entries import fault_of_name, fault_of_ticket
from operations.erasures import Erasure, Erasures, Kind, State
from service.access import Caller
from service.erasing import ask
from warehouse.payloads import Name

Reason = Annotated[str, Meta(min_length=1, max_length=500)]
ErasureId = Annotated[str, Parameter(pattern="^ERA-[0-9a-f]{16}$", description="As `POST /v1/erasures` gave it")]


class CustomerErasure(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A customer and all their tickets; who asks for it, and why."""

    customer_id: Name
    reason: Reason
    who: Name


class TicketErasure(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One ticket; who asks for it, and why."""

    ticket_id: Name
    reason: Reason
    who: Name


class ErasureView(msgspec.Struct, frozen=True, kw_only=True):
    """An erasure and its receipt: how many rows, entries or files went from where; no id and no text.

    `state`: waiting (nothing is gone yet), forgotten (gone from what was received and refined, and refused from now on;
    what was made of it is being made anew), done (no file of the lake holds it). `models` had learned from it and are
    to be learned anew. `error`: why the last attempt at it ended; it is tried again.
    """

    erasure_id: str
    kind: Kind
    state: State
    who: str
    reason: str
    requested_at: datetime
    forgotten_at: datetime | None
    completed_at: datetime | None
    receipt: dict[str, int]
    models: tuple[str, ...]
    error: str | None


@post(
    "/v1/erasures",
    operation_id="postErasures",
    tags=["erasures"],
    status_code=202,
    sync_to_thread=True,
    before_request=bodies.refuse_other_than_json,
)
def post_erasures(body: bytes, parts: Parts, caller: Caller) -> Response[ErasureView]:
    """Forget a customer with all their tickets, or one ticket: everything received, made of it, and older versions.

    The worker carries it out; `Location` names where it is told how far it is. The same request while one is under way
    gives that one. Nobody's id comes back by an old file: a record of theirs is refused from then on.
    """
    value = bodies.read(body)
    named = [name for name in ("customer_id", "ticket_id") if isinstance(value, dict) and name in value]
    if isinstance(value, dict) and len(named) != 1:
        told = "both" if named else "neither"
        raise BadRequest(bodies.UNFIT, FieldError(f"expected customer_id or ticket_id, found {told}", pointer=""))
    kind: Kind = "ticket" if named == ["ticket_id"] else "customer"
    sent = bodies.typed(value, TicketErasure) if kind == "ticket" else bodies.typed(value, CustomerErasure)
    subject = sent.ticket_id if isinstance(sent, TicketErasure) else sent.customer_id
    fault = fault_of_ticket(subject) if kind == "ticket" else fault_of_name(subject)
    if fault:
        raise BadRequest(bodies.UNFIT, FieldError(fault, pointer=f"/{kind}_id"))
    asked, _ = ask(parts.lake, parts.store(), kind, subject, who=sent.who, reason=sent.reason, at=now(), by=caller.told)
    return Response(_view(asked), headers={"Location": f"/v1/erasures/{asked.erasure_id}"})


@get("/v1/erasures/{erasure_id:str}", operation_id="getErasure", tags=["erasures"], sync_to_thread=True)
def get_erasure(parts: Parts, erasure_id: ErasureId) -> ErasureView:
    """How far an erasure is, and what is gone."""
    found = Erasures(parts.store()).find(erasure_id)
    if found is None:
        raise BadRequest(f"no erasure {erasure_id} is known", status=HTTPStatus.NOT_FOUND)
    return _view(found)


def _view(found: Erasure) -> ErasureView:
    return ErasureView(**{name: getattr(found, name) for name in ErasureView.__struct_fields__})
