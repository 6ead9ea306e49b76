"""What people say of a ticket: whether a label is right, and how the help was."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from ml.targets import PRIORITY, SEVERITY
from operations.entries import Entry, digest_of, fault_of_ticket
from operations.events import CATALOGUE, Actor, Fault, Instant, envelope
from operations.inbox import Inbox
from warehouse.payloads import FeedbackGiven, Label, LabelConfirmed, LabelCorrected, Name, Payload, Text
from warehouse.times import AHEAD_OF_US, EARLIEST

ALLOWED: Mapping[str, Sequence[str]] = {
    "priority": PRIORITY.order,
    "severity": SEVERITY.order,
    "escalated": ("no", "yes"),
}
"""Labels of which there are no others."""
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[A-Za-z0-9]{2,8})*")
_KINDS = {"LabelCorrected": "label", "LabelConfirmed": "label", "FeedbackGiven": "rating"}
Said = tuple[str, str, str, str, str]
"""Kind, ticket, field, and who: of one such the last word counts."""


class _Statement(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    ticket_id: Name
    actor: Actor
    event_time: Instant | None = None
    idempotency_key: Name | None = None


class LabelStatement(_Statement, frozen=True, tag_field="kind", tag="label"):
    """Someone who knows put a label right, or found it right; without `event_time` just now.

    `field` is a column of tickets; `previous`, of a correction, what was there; the ids name what showed them the
    ticket.
    """

    verdict: Literal["corrected", "confirmed"]
    field: Label
    value: Name
    previous: Name | None = None
    prediction_id: Name | None = None
    review_id: Name | None = None
    reason: Annotated[Text | None, Meta(description="Of a correction, in a few words")] = None

    def __post_init__(self) -> None:
        """Labels of a closed list are of it; what was confirmed took nobody's place."""
        allowed = ALLOWED.get(self.field)
        if allowed is not None and self.value not in allowed:
            raise ValueError(f"expected {self.field} to be one of {', '.join(allowed)}")
        if self.field == "language" and not _LANGUAGE.fullmatch(self.value):
            raise ValueError("expected language to be a code such as en or pt-BR")
        if self.verdict == "confirmed" and (self.previous or self.reason):
            raise ValueError("expected previous and reason with a correction only")

    def payload(self) -> Payload:
        """What the event carries."""
        ids = {"prediction_id": self.prediction_id, "review_id": self.review_id}
        if self.verdict == "confirmed":
            return LabelConfirmed(field=self.field, value=self.value, **ids)
        return LabelCorrected(field=self.field, value=self.value, previous=self.previous, reason=self.reason, **ids)


class CustomerRating(_Statement, frozen=True, tag_field="kind", tag="rating"):
    """The customer judged the help: `score` from 1 (worst) to 5, whether it helped, and words; at least one of them."""

    score: Annotated[int, Meta(ge=1, le=5)] | None = None
    helpful: bool | None = None
    text: Text | None = None

    def __post_init__(self) -> None:
        """What says nothing is none."""
        if self.score is None and self.helpful is None and self.text is None:
            raise ValueError("expected a score, helpful or a text, found none of them")

    def payload(self) -> Payload:
        """What the event carries."""
        return FeedbackGiven(score=self.score, helpful=self.helpful, text=self.text)


Statement = LabelStatement | CustomerRating


def fault(one: Statement, at: str, now: datetime) -> Fault | None:
    """What is wrong with a statement that its types cannot tell."""
    wrong = fault_of_ticket(one.ticket_id)
    if wrong:
        return Fault(f"{at}.ticket_id", wrong)
    if one.event_time is not None and not EARLIEST <= one.event_time <= now + AHEAD_OF_US:
        return Fault(f"{at}.event_time", f"expected a time that is past, and not before {EARLIEST.year}")
    return None


class Last:
    """The last word of each person on each thing, as the inbox has them; what is new is added as it comes."""

    def __init__(self, inbox: Inbox, tickets: Iterable[str]) -> None:
        self._words: dict[Said, tuple[str, str]] = {}
        for row in inbox.for_tickets(sorted(set(tickets))):
            if row.kind == "event":
                event = CATALOGUE.read(row.body)
                if event.type in _KINDS:
                    about = _about(_KINDS[event.type], event.ticket_id, event.payload, event.actor)
                    self._words[about] = (event.idempotency_key, row.digest)

    def entry(self, one: Statement, key: str | None, now: datetime) -> Entry:
        """The inbox entry of a statement.

        Without a key, the person's last word again is a repetition; after another word it is a new one.
        """
        payload, said = one.payload(), digest_of(msgspec.json.encode(one))
        about = _about(_KINDS[type(payload).__name__], one.ticket_id, payload, one.actor)
        before = self._words.get(about)
        if key is None and before is not None and before[1] == said:
            key = before[0]
        key = key or f"feedback:{digest_of('/'.join((said, before[0] if before else '')).encode())}"
        at = one.event_time or now
        made = envelope(payload, actor=one.actor, key=key, event_time=at, received_time=now, ticket_id=one.ticket_id)
        self._words[about] = (key, said)
        return msgspec.structs.replace(made.entry(), digest=said)


def _about(kind: str, ticket_id: str, payload: Any, actor: Actor) -> Said:
    return kind, ticket_id, getattr(payload, "field", ""), actor.kind, actor.id
