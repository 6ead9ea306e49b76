"""The console as one router: its pages, its files, its own way of saying what is wrong."""

from typing import Any

import structlog
from litestar import Litestar, Request, Response, Router
from litestar.di import Provide
from litestar.static_files import create_static_files_router

from api import logs, problems
from api.console import csrf, incidents, learning, queue, sign, ticket
from api.console.rendering import ASSETS, HEADERS, shown
from api.state import Parts
from service.console.queue import Queue

PATH = "/console"
MAX_BYTES = 64 * 1024
"""Of a form."""


def console(parts: Parts) -> list[Router]:
    """The routers of the pages and of what they load."""
    desk = Queue(parts.lake)
    pages = Router(
        PATH,
        route_handlers=[
            queue.queue,
            ticket.ticket,
            ticket.post_label,
            ticket.post_suggestion,
            incidents.incidents,
            incidents.incident,
            incidents.decide,
            learning.queued,
            learning.answer,
            learning.versions,
            learning.compare,
            learning.release,
            learning.over_time,
            sign.sign_in_page,
            sign.sign_in,
            sign.sign_out,
        ],
        dependencies={"desk": Provide(lambda: desk, sync_to_thread=False)},
        before_request=csrf.guard,
        exception_handlers={Exception: _answer},
        include_in_schema=False,
        request_max_body_size=MAX_BYTES,
    )
    files = create_static_files_router(
        f"{PATH}/assets",
        [ASSETS],
        include_in_schema=False,
        name="console-assets",
    )
    return [files, pages]


def _answer(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """What went wrong, as a page."""
    problem = problems.respond(request, error)
    status = problem.status_code or 500
    if status == 401 and request.url.path != sign.SIGN_IN:
        return sign.asked_to_sign_in(request)
    app: Litestar = request.app
    app.state.telemetry.failed(problems.kind(error, status))
    if status == 500:
        log = structlog.get_logger("api.console")
        log.error("failed", error=type(error).__name__, frames=logs.where(error))
    page = shown(request, "problem.html", status=status, problem=problem.content)
    page.headers.update({**HEADERS, **(problem.headers or {})})
    return page
