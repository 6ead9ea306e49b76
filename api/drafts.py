"""Tickets to predict on: what is known of each when it is opened, as one frame; what is not said is null."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import polars as pl

from api.bodies import MOST_ERRORS, typed
from api.problems import BadRequest, FieldError, pointer
from api.tickets_in import TicketDraft, mute
from ml.features import READ
from operations.entries import fault_of_ticket
from warehouse.contracts.silver import TICKETS
from warehouse.times import AHEAD_OF_US, EARLIEST, MILLISECONDS_FROM

SCHEMA = {name: TICKETS.schema[name] for name in READ}
UNFIT = "the body is not a ticket that can be predicted on"
UNFIT_AMONG = "the body has tickets that cannot be predicted on"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def drafts(values: Sequence[Any], places: Sequence[str], now: datetime) -> pl.DataFrame:
    """One row per value of the body, columns `READ`; opened `now` where it does not say.

    Raises `BadRequest` with the fields that are wrong, of all of them.
    """
    rows, errors = [], []
    for value, at in zip(values, places, strict=True):
        try:
            rows.append(_row(typed(value, TicketDraft, at), at, now))
        except BadRequest as refused:
            errors.extend(refused.errors)
    if errors:
        raise BadRequest(UNFIT if places[0] == "$" else UNFIT_AMONG, *errors[:MOST_ERRORS])
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def known(fields: Mapping[str, Any], now: datetime) -> pl.DataFrame:
    """One row, columns `READ`, of a ticket that was taken in: fields as JSON has them, or as the lake does."""
    draft = typed(msgspec.to_builtins({name: fields.get(name) for name in READ}), TicketDraft)
    opened = None if draft.created_at is None else _instant(draft.created_at)
    row = [opened or now if name == "created_at" else getattr(draft, name) for name in READ]
    return pl.DataFrame([row], schema=SCHEMA, orient="row")


def _row(draft: Any, at: str, now: datetime) -> list[Any]:
    fault = None if draft.ticket_id is None else fault_of_ticket(draft.ticket_id)
    if fault:
        raise BadRequest(UNFIT, FieldError(fault, pointer=pointer(f"{at}.ticket_id")))
    if mute(draft):
        detail = "expected a subject or a description, found neither"
        raise BadRequest(UNFIT, FieldError(detail, pointer=pointer(at)))
    opened = now if draft.created_at is None else _instant(draft.created_at)
    if opened is None or not EARLIEST <= opened <= now + AHEAD_OF_US:
        detail = "expected a time after 1990 that is past"
        raise BadRequest(UNFIT, FieldError(detail, pointer=pointer(f"{at}.created_at")))
    return [opened if name == "created_at" else getattr(draft, name) for name in READ]


def _instant(time: datetime | int) -> datetime | None:
    """As the lake reads it: a time with its offset, seconds or milliseconds since 1970."""
    if isinstance(time, int):
        return _EPOCH + timedelta(milliseconds=time if time >= MILLISECONDS_FROM else time * 1000)
    try:
        return time.astimezone(UTC)
    except OverflowError:
        return None
