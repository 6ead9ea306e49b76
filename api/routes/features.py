"""What is known of a ticket, a customer or a product, as models see it."""

from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Literal

import msgspec
from litestar import get
from litestar.params import Parameter

from api.problems import REFUSED, BadRequest, FieldError
from api.state import Parts, now
from operations.entries import NAME_LENGTH, fault_of_name
from service.online import NAMES

Entity = Literal["ticket", "customer", "product"]


class Features(msgspec.Struct, frozen=True):
    """The features of `id` as known at `as_of`: of a ticket its opening, of the others now; null: not known."""

    entity: Entity
    id: str
    as_of: datetime
    release: str
    features: dict[str, float | str | None]


@get("/v1/features/{entity:str}/{name:str}", operation_id="getFeatures", tags=["features"], sync_to_thread=True)
def get_features(
    parts: Parts,
    entity: Annotated[Entity, Parameter(description="ticket, customer or product")],
    name: Annotated[str, Parameter(min_length=1, max_length=NAME_LENGTH, description="Identifier, or product name")],
) -> Features:
    """Features of a ticket when it was opened, or of a customer's or product's past until now.

    What the inbox has just received counts. What each feature means is said in `features/tickets`.
    """
    fault = fault_of_name(name)
    if fault:
        raise BadRequest(REFUSED, FieldError(fault, parameter="name"))
    opened = parts.serving.opened()
    as_of = now()
    if entity == "ticket":
        found = opened.online.ticket(parts.hearing(), name)
    else:
        found = opened.online.now(parts.hearing(), entity, name, as_of)
    if found is None or (entity != "product" and parts.serving.forgotten.stones().has(entity, name)):
        raise BadRequest(f"no {entity} {name!r} is known", status=HTTPStatus.NOT_FOUND)
    values = {feature: found[feature] for feature in NAMES if feature in found}
    return Features(entity, name, found.get("created_at", as_of), opened.release.id, values)
