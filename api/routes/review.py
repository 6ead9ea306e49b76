"""What people should look at first, and what they decide."""

from typing import Annotated, Literal

import msgspec
from litestar import get, post
from litestar.params import Parameter

from api import bodies
from api.routes.intake import Key, key_of
from api.state import Parts, now
from operations.entries import NAME_LENGTH, Receipt
from service.access import Caller
from service.review import Asked, Reason, ReviewDecision, decide, listed

MOST = 100
Target = Literal["category", "subcategory", "priority", "severity", "sentiment", "escalation"]


class ReviewQueue(msgspec.Struct, frozen=True):
    """Questions, the most worth asking first."""

    entries: list[Asked]


@get("/v1/review", operation_id="listReview", tags=["learning"], sync_to_thread=True)
def list_review(
    parts: Parts,
    *,
    target: Target | None = None,
    reason: Reason | None = None,
    actor: Annotated[
        str | None, Parameter(max_length=NAME_LENGTH, description="Who asks: what this person answered is left out.")
    ] = None,
    limit: Annotated[int, Parameter(ge=1, le=MOST)] = 20,
) -> ReviewQueue:
    """What people should look at first: labels that models doubt, or disagree about, and a fair sample.

    An entry goes when somebody decides it, at once. Entries drawn at random are asked of two people: name yourself as
    `actor` to see those that somebody else answered. Only these tell how good models are.
    """
    inbox = parts.hearing()
    return ReviewQueue(listed(parts.lake, inbox, target=target, reason=reason, actor=actor, limit=limit))


@post(
    "/v1/review/{review_id:str}",
    operation_id="postReview",
    tags=["learning"],
    status_code=202,
    sync_to_thread=True,
    before_request=bodies.refuse_other_than_json,
)
def post_review(
    parts: Parts,
    review_id: Annotated[str, Parameter(pattern="^(RV|RND)-[0-9a-f]{20}$", description="As `GET /v1/review` says")],
    body: bytes,
    caller: Caller,
    idempotency_key: Key = None,
) -> Receipt:
    """Say whether the label that was asked about is right: `confirm`, `correct` it with a `value`, or `skip`.

    What is said is a fact beside what was recorded, and reaches the models that are trained next. An entry that is no
    longer in the queue is a 404.
    """
    decision, at = bodies.typed(bodies.read(body), ReviewDecision), now()
    caller.speaks_for([(decision.actor.id, "$.actor.id")])
    key = key_of(idempotency_key, 0, batch=False)
    told = caller.did(f"review.{decision.verdict}", review_id, at)
    return decide(parts.lake, parts.inbox(), review_id, decision, key=key, now=at, told=told)
