"""One ticket, and what people say of it here."""

from typing import Annotated, Any

import polars as pl
from litestar import Request, Response, get, post
from litestar.params import Parameter
from litestar.response import Redirect

from api import drafts
from api.console.actor import who
from api.console.forms import Form, LabelForm, SuggestionForm, form_of
from api.console.rendering import by_htmx, see, segment, shown
from api.noted import note
from api.routes.tickets import known
from api.state import Parts, now
from operations.entries import NAME_LENGTH
from operations.predictions import Predictions
from service.console import acts
from service.console.ticket import Sources, TicketPage, fields_of, page

TicketId = Annotated[str, Parameter(min_length=1, max_length=NAME_LENGTH)]


@get("/tickets/{ticket_id:str}", sync_to_thread=True, name="console-ticket")
def ticket(request: Request[Any, Any, Any], parts: Parts, ticket_id: TicketId) -> Response[str]:
    """A ticket with predictions, reasons, solutions and tickets alike, and what happened to it."""
    return shown(request, "ticket.html", page=read(parts, ticket_id))


@post("/tickets/{ticket_id:str}/labels", sync_to_thread=True)
def post_label(
    request: Request[Any, Any, Any], parts: Parts, ticket_id: TicketId, data: Form
) -> Response[str] | Redirect:
    """Confirm a label, or put it right."""
    form = form_of(data, LabelForm)
    known(parts, ticket_id)
    confirmed = acts.judge_label(
        parts.inbox(),
        ticket_id,
        form.target,
        form.choice or form.value,
        shown=form.shown or None,
        prediction_id=form.prediction_id or None,
        reason=form.reason.strip() or None,
        key=form.nonce,
        actor=who(request),
        now=now(),
    )
    said = "confirmed" if confirmed else "corrected"
    note(target=form.target, judged=said)
    if by_htmx(request):
        return shown(request, "target.html", page=read(parts, ticket_id), name=form.target, said=said)
    return see(f"/console/tickets/{segment(ticket_id)}", said, f"target-{form.target}")


@post("/tickets/{ticket_id:str}/suggestions", sync_to_thread=True)
def post_suggestion(
    request: Request[Any, Any, Any], parts: Parts, ticket_id: TicketId, data: Form
) -> Response[str] | Redirect:
    """Say what became of something that was found."""
    form = form_of(data, SuggestionForm)
    acts.judge_suggestion(parts.inbox(), form.search_id, form.target_id, form.outcome, actor=who(request), now=now())
    note(search_id=form.search_id, outcome=form.outcome)
    if by_htmx(request):
        return shown(
            request,
            "outcome.html",
            told=form.outcome,
            search_id=form.search_id,
            id=form.target_id,
            ticket_id=ticket_id,
        )
    return see(f"/console/tickets/{segment(ticket_id)}", form.outcome, f"found-{form.target_id}")


def read(parts: Parts, ticket_id: str) -> TicketPage:
    """Raises `BadRequest`, a 404 for a ticket that nobody knows."""
    state = known(parts, ticket_id)
    draft: pl.DataFrame | None = drafts.known(fields_of(ticket_id, state), now())
    blank = pl.all_horizontal(pl.col("subject", "description").fill_null("").str.strip_chars() == "")
    if draft is not None and draft.select(blank).item():
        draft = None
    found = page(
        Sources(parts.lake, parts.inbox(), Predictions(parts.store()), parts.serving),
        ticket_id=ticket_id,
        state=state,
        draft=draft,
        now=now(),
    )
    note(release=found.release)
    return found
