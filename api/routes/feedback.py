"""What people did with what was suggested."""

from litestar import post

from api import bodies
from api.routes.intake import Key, Receipts, key_of, values_of
from api.state import Parts, now
from service.access import Caller
from service.feedback import SuggestionOutcome, take_outcomes


@post(
    "/v1/feedback",
    operation_id="postFeedback",
    tags=["intake"],
    status_code=202,
    sync_to_thread=True,
    before_request=bodies.refuse_other_than_json,
)
def post_feedback(body: bytes, parts: Parts, caller: Caller, idempotency_key: Key = None) -> Receipts:
    """Take in what became of a suggestion, or an array of them, all or none.

    A suggestion is named by the `search_id` of an answer and the id of what it found, or by both as `suggestion_id`
    (`search_id:target_id`). A search that is not known is a 404: its outcome could be counted nowhere. What is used,
    put aside or judged counts as shown. The same outcome without a key again is a repetition. The `actor` is whose key
    sends it; services and admins may name others.
    """
    values, batch = values_of(body)
    places = [f"$[{index}]" if batch else "$" for index in range(len(values))]
    keys = [key_of(idempotency_key, index, batch) for index in range(len(values))]
    sent = [bodies.typed(value, SuggestionOutcome, at) for value, at in zip(values, places, strict=True)]
    caller.speaks_for((one.actor.id, f"{at}.actor.id") for one, at in zip(sent, places, strict=True))
    return Receipts(take_outcomes(parts.inbox(), sent, places, keys, now()))
