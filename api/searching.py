"""What a search asks, as request bodies, and how it is written down."""

from time import perf_counter
from typing import Annotated, Any, Literal

import msgspec
import polars as pl
from msgspec import Meta

from api import bodies
from api.drafts import drafts
from api.noted import note
from api.problems import BadRequest, FieldError
from api.state import Parts, now
from api.tickets_in import TicketDraft
from ml.retrieve.filters import Filters
from ml.retrieve.found import Found
from service.finding import shortened
from service.searches import Question, record_search, search_made
from warehouse.payloads import EVERY, Name
from warehouse.search_made import Asked, Thing

MOST = 50
MOST_BYTES = 2 * 1024 * 1024
"""Of the body of a search."""


class SearchRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A ticket, or a text; never both. `session` and `asker` tell searches that belong together."""

    ticket: TicketDraft | None = None
    text: Annotated[str, Meta(min_length=1)] | None = None
    filters: Filters | None = None
    k: Annotated[int, Meta(ge=1, le=MOST)] = 10
    explain: Literal["brief", "full"] = "brief"
    session: Name | None = None
    asker: Name | None = None


def asked(value: Any) -> tuple[SearchRequest, pl.DataFrame]:
    """The request, and its ticket, as far as it is read: a row with the columns `READ`. Raises `BadRequest`."""
    request = bodies.typed(value, SearchRequest)
    if (request.ticket is None) == (request.text is None):
        found = "neither" if request.ticket is None else "both"
        raise BadRequest(bodies.UNFIT, FieldError(f"expected a ticket or a text, found {found}", pointer=""))
    if request.text is None:
        return request, shortened(drafts([value["ticket"]], ["$.ticket"], now()))
    if not any(letter.isalnum() for letter in request.text):
        raise BadRequest(bodies.UNFIT, FieldError("expected words, found none", pointer="/text"))
    return request, shortened(drafts([{"description": request.text}], ["$"], now()))


def record(
    parts: Parts,
    kind: Asked,
    request: SearchRequest,
    ticket: pl.DataFrame,
    found: Found,
    *,
    search_id: str,
    began: float,
    reply: Thing | None = None,
    enough: float | None = None,
) -> tuple[float, bool]:
    """The milliseconds since `began`, and whether the search was written down: none waits for a store to answer.

    `reply` is an answer that was composed, with the probability that it resolves the ticket; `enough` the score from
    which what was sought is trusted.
    """
    latency = round((perf_counter() - began) * 1000, 3)
    said = ticket.select(pl.concat_str(["subject", "description"], separator="\n", ignore_nulls=True)).item()
    question = Question(
        kind=kind,
        text=str(said),
        k=request.k,
        ticket_id=ticket["ticket_id"][0] or EVERY,
        filters=msgspec.to_builtins(request.filters) if request.filters is not None else {},
        session=request.session,
        asker=request.asker,
    )
    made = search_made(
        question,
        found,
        search_id=search_id,
        made_at=now(),
        latency_ms=latency,
        reply=reply,
        enough=enough,
    )
    kept = record_search(parts.hearing(), made)
    note(
        search_id=search_id,
        searched=kind,
        release=found.release,
        used=found.used,
        missing=sorted(found.missing),
        recorded=kept,
    )
    return latency, kept
