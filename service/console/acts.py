"""What people do in the console, as the events that say so: labels put right or confirmed, suggestions used or not."""

from datetime import datetime
from typing import Literal, get_args

from ml.targets import TARGETS, Target
from operations.entries import Receipt, fault_of_name
from operations.events import Actor
from operations.inbox import Inbox
from service.feedback import SuggestionOutcome, take_outcomes
from service.statements import LabelStatement
from warehouse.errors import InvalidEvent
from warehouse.payloads import Label

Used = Literal["accepted", "edited", "refused", "helped", "not_helped"]
FIELDS = frozenset(get_args(Label))


class NotALabel(InvalidEvent):
    """A value that the target cannot have."""


def correctable(target: Target) -> bool:
    """Whether people put labels of this target right one by one."""
    return target.column in FIELDS


def judge_label(
    inbox: Inbox,
    ticket_id: str,
    target: str,
    value: str,
    *,
    shown: str | None,
    prediction_id: str | None,
    reason: str | None,
    key: str,
    actor: Actor,
    now: datetime,
) -> bool:
    """Whether the label that was `shown` was confirmed; else it was corrected.

    The same under the same `key` again is a repetition. Raises `NotALabel`, and `Conflict` for something else under it.
    """
    known = {one.name: one for one in TARGETS if correctable(one)}
    if target not in known:
        raise NotALabel(f"no labels of {target[:40]!r} are put right here, expected one of {', '.join(known)}")
    field, value = known[target].column, value.strip()
    fault = fault_of_name(value)
    if fault:
        raise NotALabel(f"{target}: {fault}")
    confirmed = value == shown
    try:
        said = LabelStatement(
            ticket_id=ticket_id,
            actor=actor,
            verdict="confirmed" if confirmed else "corrected",
            field=field,  # type: ignore[arg-type]
            value=value,
            previous=None if confirmed else shown,
            prediction_id=prediction_id,
            reason=None if confirmed else reason,
        )
    except ValueError as error:
        raise NotALabel(f"{target}: {error}") from None
    take_outcomes(inbox, [said], ["$"], [f"console:{key}"], now)
    return confirmed


def judge_suggestion(
    inbox: Inbox, search_id: str, target_id: str, outcome: Used, *, actor: Actor, now: datetime
) -> Receipt:
    """What became of one suggestion. Raises `UnknownSearch`, `EventsRefused`."""
    sent = SuggestionOutcome(outcome=outcome, actor=actor, search_id=search_id, target_id=target_id)
    return take_outcomes(inbox, [sent], ["$"], [None], now)[0]
