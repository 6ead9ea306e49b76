"""The live queue."""

from typing import Annotated, Any

from litestar import Request, Response, get
from litestar.params import Parameter

from api.console.rendering import by_htmx, shown
from api.state import Parts, now
from operations.predictions import Predictions
from service.console.queue import SHOWN, Queue, Which
from service.queue import queue as waiting_most
from warehouse.errors import TicketlakeError


@get("/", sync_to_thread=True, name="console")
def queue(
    request: Request[Any, Any, Any],
    parts: Parts,
    desk: Queue,
    which: Annotated[Which, Parameter(query="show")] = "open",
) -> Response[str]:
    """Tickets that wait, with what models say of them; asked again every few seconds while the page is looked at."""
    heard = parts.hearing()
    wanted = desk.order(now(), lambda: _wanted(parts)) if which == "open" else None
    rows = desk.rows(heard, given(parts), which, silent=_silent(parts), wanted=wanted)
    template = "queue_rows.html" if by_htmx(request) else "queue.html"
    return shown(request, template, rows=rows, which=which, deaf=heard is None)


def _wanted(parts: Parts) -> dict[str, str] | None:
    """Open tickets by what an hour more costs, as far as they are shown; None where nobody can say."""
    try:
        found = waiting_most(parts.waits(), parts.clock, now())
    except TicketlakeError:
        return None
    return {one.ticket_id: one.reason for one in found[:SHOWN]}


def given(parts: Parts) -> Predictions | None:
    """Predictions that were given; None while the store cannot be reached."""
    try:
        return Predictions(parts.store())
    except TicketlakeError:
        return None


def _silent(parts: Parts) -> list[str]:
    """Targets that the release keeps silent about."""
    try:
        judges = parts.serving.opened().models.judges
    except TicketlakeError:
        return []
    return [name for name, judge in judges.items() if judge.silent is not None]
