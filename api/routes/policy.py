"""What becomes of answers: how often they must be right, and from which confidence they were."""

import msgspec
from litestar import get

from api.state import Parts
from ml.classify import decisions
from ml.classify.decisions import Rule, Threshold


class DecisionPolicy(msgspec.Struct, frozen=True):
    """The rules that hold, those that were edited with who and when; by target and label what follows from them."""

    release: str
    rules: list[Rule]
    thresholds: dict[str, dict[str, dict[str, Threshold]]]


@get("/v1/decision-policy", operation_id="getDecisionPolicy", tags=["predictions"], sync_to_thread=True)
def get_decision_policy(parts: Parts) -> DecisionPolicy:
    """How often answers must be right to be automated or suggested, and the least confidence at which they were.

    To change a rule send an event `PolicyChanged` about the ticket `*`; the next build follows, and trains nothing.
    """
    opened = parts.serving.opened()
    policy = opened.models.policy
    if policy is None:
        raise opened.fault(decisions.NAME)
    return DecisionPolicy(opened.release.id, policy.rules, policy.thresholds)
