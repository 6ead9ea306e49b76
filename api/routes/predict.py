"""What the models say about a ticket."""

from collections.abc import Sequence
from typing import Any

import msgspec
from litestar import post

from api import bodies
from api.problems import BadRequest, FieldError
from api.state import Parts
from api.tickets_in import TicketDraft, mute
from ml.classify.linear import Reason


class ModelVersion(msgspec.Struct, frozen=True):
    """Which model answered: its asset, the digest of its files, and the release that it belongs to."""

    name: str
    digest: str
    release: str


class TicketPrediction(msgspec.Struct, frozen=True):
    """The likeliest category with its calibrated probability, those of all categories, and the terms that spoke for it.

    No reason is given where no word of the ticket is known: then the probabilities are the shares of the categories.
    """

    category: str
    confidence: float
    probabilities: dict[str, float]
    reasons: list[Reason]
    model: ModelVersion


def _operation_id(_: Any, __: Any, path: Sequence[Any]) -> str:
    return "predictTicket" if path[0] == "v1" else "predictTicketUnversioned"


@post(
    ["/v1/predict-ticket", "/predict-ticket"],
    operation_id=_operation_id,
    tags=["predictions"],
    status_code=200,
    sync_to_thread=True,
    before_request=bodies.refuse_other_than_json,
)
def predict_ticket(body: bytes, parts: Parts) -> TicketPrediction:
    """Predict the category of a ticket from its subject and description; nothing is stored."""
    draft = bodies.typed(bodies.read(body), TicketDraft)
    if mute(draft):
        error = FieldError("expected a subject or a description, found neither", pointer="")
        raise BadRequest("the body has fields that are not allowed", error)
    answer = parts.serving.predict_category(draft.subject, draft.description)
    found = answer.prediction
    return TicketPrediction(
        category=found.label,
        confidence=found.confidence,
        probabilities=found.probabilities,
        reasons=found.reasons,
        model=ModelVersion(answer.model, answer.digest, answer.release),
    )
