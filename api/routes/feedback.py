"""What people did with what was suggested, and what they say of tickets."""

from typing import Any

from litestar import post

from api import bodies
from api.problems import BadRequest, FieldError, pointer
from api.routes.intake import Key, Receipts, key_of, values_of
from api.state import Parts, now
from service.access import Caller
from service.feedback import Feedback, SuggestionOutcome, take_outcomes
from service.statements import CustomerRating, LabelStatement

KINDS: dict[str | None, type[Any]] = {None: SuggestionOutcome, "label": LabelStatement, "rating": CustomerRating}
"""What is sent, by its `kind`; without one it is the outcome of a suggestion."""


@post(
    "/v1/feedback",
    operation_id="postFeedback",
    tags=["intake"],
    status_code=202,
    sync_to_thread=True,
    before_request=bodies.refuse_other_than_json,
)
def post_feedback(body: bytes, parts: Parts, caller: Caller, idempotency_key: Key = None) -> Receipts:
    """Take in what became of a suggestion, whether a label is right, a customer's rating, or an array of them.

    All are taken in or none. What has a `kind` is a statement on a ticket: `label` (an agent or the customer puts a
    label right, or confirms it; a statement is kept beside what was recorded and what others say) or `rating` (the
    customer's score and words). A person's last word on something counts; the same word again without a key is a
    repetition.

    What has none is the outcome of a suggestion. It is named by the `search_id` of an answer and the id of what it
    found, or by both as `suggestion_id` (`search_id:target_id`). A search that is not known is a 404: its outcome could
    be counted nowhere. What is used, put aside or judged counts as shown. The `actor` is whose key sends it;
    services and admins may name others.
    """
    values, batch = values_of(body)
    places = [f"$[{index}]" if batch else "$" for index in range(len(values))]
    keys = [key_of(idempotency_key, index, batch) for index in range(len(values))]
    sent = [_typed(value, at) for value, at in zip(values, places, strict=True)]
    caller.speaks_for((one.actor.id, f"{at}.actor.id") for one, at in zip(sent, places, strict=True))
    return Receipts(take_outcomes(parts.inbox(), sent, places, keys, now()))


def _typed(value: Any, at: str) -> Feedback:
    kind = value.get("kind") if isinstance(value, dict) else None
    if kind is not None and (not isinstance(kind, str) or kind not in KINDS):
        raise BadRequest(
            bodies.UNFIT, FieldError("expected label or rating, or no kind", pointer=pointer(f"{at}.kind"))
        )
    if isinstance(value, dict) and kind is None and not {"suggestion_id", "search_id"} & set(value):
        detail = "expected the search_id or suggestion_id of an outcome, or a kind (label or rating); found neither"
        raise BadRequest(bodies.UNFIT, FieldError(detail, pointer=pointer(at)))
    found: Feedback = bodies.typed(value, KINDS[kind], at)
    return found
