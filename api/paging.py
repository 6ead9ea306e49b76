"""Parameters of lists: windows of time, and cursors of pages that begin where the page before ended."""

from datetime import UTC, datetime
from typing import Annotated

from litestar.params import Parameter

from api.problems import REFUSED, BadRequest, FieldError
from operations.entries import NAME_LENGTH
from service import incident_views as views

MOST = 100
MOMENT = "2026-01-31T00:00:00Z"
Limit = Annotated[int, Parameter(ge=1, le=MOST)]
Named = Annotated[str | None, Parameter(max_length=NAME_LENGTH)]
Cursor = Annotated[str | None, Parameter(max_length=2 * NAME_LENGTH, description="`next` of the page before.")]


def place(cursor: str | None) -> tuple[datetime, str] | None:
    """Where the page before ended. Raises `BadRequest`."""
    try:
        return None if cursor is None else views.place(cursor)
    except (ValueError, OverflowError):
        detail = "expected the `next` of an earlier page"
        raise BadRequest(REFUSED, FieldError(detail, parameter="cursor")) from None


def moment(given: str | None, parameter: str) -> datetime | None:
    """An instant that is written as one: a bare number is none. Raises `BadRequest`."""
    if given is None:
        return None
    try:
        found = datetime.fromisoformat(given)
        if found.tzinfo is not None:
            return found.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    detail = f"expected a moment with a time zone, such as {MOMENT} (a + is sent as %2B), found {given[:40]!r}"
    raise BadRequest(REFUSED, FieldError(detail, parameter=parameter))
