"""What each type of event carries, version by version.

A version that was once accepted is never changed: add the next one to `VERSIONS` and, in `UPCASTS`, the function that
makes the newer payload of the older, so that whoever reads knows the newest only.
"""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

Text = Annotated[str, Meta(min_length=1)]
Name = Annotated[str, Meta(min_length=1, max_length=200)]
EVERY = "*"
"""The `ticket_id` of what concerns no single ticket."""
LabelV1 = Literal[
    "product",
    "product_module",
    "category",
    "subcategory",
    "priority",
    "severity",
    "customer_sentiment",
    "resolution_code",
    "language",
]
Label = Literal[LabelV1, "escalated"]


class Payload(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What an event carries beside its envelope. A field that is not declared is refused: it would be lost."""


class TicketOpened(Payload, frozen=True):
    """A customer asked for help."""

    subject: Text | None = None
    description: Text | None = None
    customer_id: Name | None = None
    customer_tier: Name | None = None
    organization_id: Name | None = None
    product: Name | None = None
    product_version: Name | None = None
    product_module: Name | None = None
    category: Name | None = None
    subcategory: Name | None = None
    priority: Literal["low", "medium", "high", "critical"] | None = None
    severity: Literal["P0", "P1", "P2", "P3", "P4"] | None = None
    channel: Name | None = None
    language: Name | None = None
    region: Name | None = None

    def __post_init__(self) -> None:
        """A ticket that says nothing is none."""
        if self.subject is None and self.description is None:
            raise ValueError("expected a subject or a description, found neither")


class MessageAdded(Payload, frozen=True):
    """Someone wrote in the ticket; an internal message is not shown to the customer."""

    text: Text
    visibility: Literal["public", "internal"] = "public"
    channel: Name | None = None


class TicketResolved(Payload, frozen=True):
    """An agent, or a rule, closed the ticket."""

    resolution: Text | None = None
    resolution_code: Name | None = None


class TicketReopened(Payload, frozen=True):
    """The resolution did not hold."""

    reason: Text | None = None


class LabelCorrectedV1(Payload, frozen=True):
    """As `LabelCorrected`, before it was told what had been shown."""

    field: LabelV1
    value: Name
    previous: Name | None = None


class LabelCorrected(Payload, frozen=True):
    """Someone who knows put a label right; the ids name the prediction or the review that showed them the ticket."""

    field: Label
    value: Name
    previous: Name | None = None
    prediction_id: Name | None = None
    review_id: Name | None = None
    reason: Text | None = None


class LabelConfirmed(Payload, frozen=True):
    """Someone who knows looked at a label, and it was right."""

    field: Label
    value: Name
    prediction_id: Name | None = None
    review_id: Name | None = None


class ReviewSkipped(Payload, frozen=True):
    """Someone was asked to look at a label and could not say; it is not asked of them again."""

    review_id: Name
    reason: Text | None = None


class PredictedLabel(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a model said of one target, and what the policy made of it; `label` is null where it did not say."""

    decision: Literal["automate", "suggest", "abstain"]
    label: Name | None = None
    confidence: Annotated[float, Meta(ge=0, le=1)] | None = None
    model: Name | None = None
    served_by: Name | None = None


class PredictionMade(Payload, frozen=True):
    """Models said what a ticket is about. `targets` by name, such as category; `request_id`: it was asked for so."""

    prediction_id: Name
    release: Name
    targets: dict[str, PredictedLabel]
    request_id: Name | None = None


class SolutionsSuggested(Payload, frozen=True):
    """A finder suggested solutions, best first; the search that found them is written down by itself."""

    search_id: Name
    release: Name
    target_ids: tuple[Name, ...]
    request_id: Name | None = None


class AnswerSent(Payload, frozen=True):
    """An agent sent the customer an answer that the system had composed or suggested, as it stood or edited."""

    answer_id: Name | None = None
    suggestion_ids: tuple[Name, ...] = ()
    edited: bool = False


class SuggestionShownV1(Payload, frozen=True):
    """As `SuggestionShown`, before past tickets were suggested."""

    suggestion_id: Name
    kind: Literal["solution", "article", "reply", "label"]
    target_id: Name
    rank: Annotated[int, Meta(ge=1)] = 1
    score: float | None = None
    release: Name | None = None


class SuggestionShown(Payload, frozen=True):
    """Someone saw a suggestion. `rank` counts from 1; `release` is the one that made it."""

    suggestion_id: Name
    kind: Literal["solution", "article", "reply", "label", "ticket"]
    target_id: Name
    rank: Annotated[int, Meta(ge=1)] = 1
    score: float | None = None
    release: Name | None = None


class SuggestionAccepted(Payload, frozen=True):
    """A suggestion was used, as it stood or edited."""

    suggestion_id: Name
    edited: bool = False


class SuggestionRefused(Payload, frozen=True):
    """A suggestion was put aside on purpose."""

    suggestion_id: Name
    reason: Text | None = None


class SuggestionJudged(Payload, frozen=True):
    """Someone who had used a suggestion said whether it helped."""

    suggestion_id: Name
    helpful: bool
    text: Text | None = None


class FeedbackGiven(Payload, frozen=True):
    """The customer judged the help. `score` from 1 (worst) to 5."""

    score: Annotated[int, Meta(ge=1, le=5)] | None = None
    helpful: bool | None = None
    text: Text | None = None

    def __post_init__(self) -> None:
        """Feedback that says nothing is none."""
        if self.score is None and self.helpful is None and self.text is None:
            raise ValueError("expected a score, helpful or a text, found none of them")


class PolicyChanged(Payload, frozen=True):
    """The team set how often answers must be right to be acted upon; without a precision the seed holds again."""

    decision: Literal["automate", "suggest"]
    precision: Annotated[float, Meta(ge=0, le=1)] | None
    target: Literal["*", "category", "subcategory", "priority", "severity", "sentiment", "escalation"] = "*"
    label: Name = EVERY


class IncidentOpened(Payload, frozen=True):
    """Signals that belong together were told as an incident."""

    incident_id: Name
    name: Text
    severity: Name


class IncidentDismissed(Payload, frozen=True):
    """Someone decided that an incident is none."""

    incident_id: Name
    reason: Text | None = None


class ModelPromoted(Payload, frozen=True):
    """Another model serves from now on. `models` are artifacts by name with the digest that took the place."""

    release: Name
    models: dict[str, Name]
    reason: Text
    previous: Name | None = None


class ModelRolledBack(Payload, frozen=True):
    """An earlier release serves again."""

    release: Name
    reason: Text
    previous: Name | None = None


Versions = Mapping[str, Mapping[int, type[Payload]]]
Upcasts = Mapping[tuple[str, int], Callable[[Any], Payload]]


def _corrected(older: LabelCorrectedV1) -> LabelCorrected:
    return LabelCorrected(**msgspec.structs.asdict(older))


def _shown(older: SuggestionShownV1) -> SuggestionShown:
    return SuggestionShown(**msgspec.structs.asdict(older))


VERSIONS: Versions = {
    payload.__name__: {1: payload}
    for payload in (
        TicketOpened,
        MessageAdded,
        TicketResolved,
        TicketReopened,
        LabelConfirmed,
        ReviewSkipped,
        PredictionMade,
        SolutionsSuggested,
        SuggestionAccepted,
        SuggestionRefused,
        SuggestionJudged,
        AnswerSent,
        FeedbackGiven,
        PolicyChanged,
        IncidentOpened,
        IncidentDismissed,
        ModelPromoted,
        ModelRolledBack,
    )
} | {
    LabelCorrected.__name__: {1: LabelCorrectedV1, 2: LabelCorrected},
    SuggestionShown.__name__: {1: SuggestionShownV1, 2: SuggestionShown},
}
_TOLD = (IncidentOpened, IncidentDismissed, ModelPromoted, ModelRolledBack)
OF_EVERY_TICKET = frozenset(payload.__name__ for payload in (PolicyChanged, *_TOLD))
"""What concerns no single ticket."""
OWN = frozenset(payload.__name__ for payload in (PredictionMade, SolutionsSuggested, *_TOLD))
"""What the system alone says of itself; from outside it is refused."""
UPCASTS: Upcasts = {(LabelCorrected.__name__, 1): _corrected, (SuggestionShown.__name__, 1): _shown}
