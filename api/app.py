"""The application: `create_app(settings)` is all that a server needs."""

from asyncio import get_running_loop
from concurrent.futures import ThreadPoolExecutor
from threading import Thread
from typing import Any

import structlog
from litestar import Litestar, Request, Response
from litestar.config.cors import CORSConfig
from litestar.datastructures import State
from litestar.di import Provide
from litestar.openapi.config import OpenAPIConfig
from litestar.static_files import create_static_files_router
from litestar.types import Guard

from api import logs, problems
from api.access import at_home, guard
from api.bodies import MAX_BYTES
from api.console.pages import console
from api.document import UI_FILES, Document, Page, Start, refuse_impossible, ui_folder
from api.doors import Doors, caller_of, doors_of
from api.gauges import Gauges
from api.headers import Headed
from api.middleware import Observed
from api.routes import (
    answers,
    audit,
    erasures,
    features,
    feedback,
    health,
    incident_stream,
    incidents,
    intake,
    issues,
    knowledge,
    metrics,
    policy,
    predict,
    queue,
    requests,
    review,
    solutions,
    tickets,
    tokens,
)
from api.slashes import Whole, restored
from api.state import Parts
from api.telemetry import Telemetry
from warehouse.settings import Settings
from warehouse.settings import settings as chosen

VERSION = "1"
AT_ONCE = 32
"""Requests that one process works on at once. They mostly wait, for the disk or to be predicted on together; asyncio's
own number, four more than there are processors, let them wait where nobody could put them together."""
ROUTES = [
    health.live,
    health.ready,
    health.telemetry,
    metrics.list_metrics,
    metrics.get_metric,
    tickets.get_ticket,
    intake.post_tickets,
    intake.post_events,
    feedback.post_feedback,
    predict.predict_ticket,
    predict.predict_tickets,
    solutions.post_solutions,
    solutions.get_similar,
    knowledge.get_solution,
    knowledge.get_article,
    answers.post_answers,
    issues.list_issues,
    issues.get_issue,
    issues.get_neighbours,
    issues.get_paths,
    incidents.list_anomalies,
    incidents.list_incidents,
    incident_stream.stream_incidents,
    incidents.get_incident,
    incidents.get_incident_report,
    incidents.acknowledge_incident,
    incidents.dismiss_incident,
    incidents.merge_incident,
    requests.post_requests,
    requests.list_requests,
    requests.get_request,
    requests.replay_request,
    requests.get_stats,
    queue.get_queue,
    erasures.post_erasures,
    erasures.get_erasure,
    features.get_features,
    policy.get_decision_policy,
    tokens.post_tokens,
    audit.list_audit,
    review.list_review,
    review.post_review,
]


def create_app(settings: Settings, *, behind_socket: bool = False) -> Litestar:
    """The API over the lake at `settings.lake_root`; starts whatever is, or is not yet, there.

    `behind_socket`: a server listens for it, and where nobody needs a key only names of this machine lead to it.
    """
    alone = settings.api_workers == 1
    logs.configure(settings.lake_root / "logs" if alone else None, settings.log_level)
    parts = Parts(settings)
    telemetry = Telemetry(Gauges(parts), alone=alone)
    doors = doors_of(settings, parts)

    async def start(_: Litestar) -> None:
        get_running_loop().set_default_executor(ThreadPoolExecutor(AT_ONCE, "request"))
        Thread(target=parts.warm_up, name="warm-up", daemon=True).start()

    def stop(_: Litestar) -> None:
        parts.close()

    files = create_static_files_router(UI_FILES, [ui_folder()], before_request=refuse_impossible)
    app = Litestar(
        [*ROUTES, files, *console(parts)],
        dependencies={
            "parts": Provide(lambda: parts, sync_to_thread=False),
            "telemetry": Provide(lambda: telemetry, sync_to_thread=False),
            "caller": Provide(caller_of, sync_to_thread=False),
        },
        guards=_guards(settings, doors, behind_socket),
        on_app_init=[] if doors is None else [doors.backend.on_app_init],
        cors_config=_cors(settings.cors_origins),
        exception_handlers={Exception: _answer},
        middleware=[restored],
        logging_config=None,
        on_startup=[start],
        on_shutdown=[stop],
        openapi_config=OpenAPIConfig(
            title="ticketlake",
            version=VERSION,
            description=_description(doors),
            path="/docs",
            render_plugins=[Page(), Start(), Document(path="/openapi.json")],
            use_handler_docstrings=True,
        ),
        request_max_body_size=MAX_BYTES,
        state=State({"parts": parts, "doors": doors, "telemetry": telemetry}),
    )
    app.asgi_handler = Whole(Headed(Observed(app.asgi_handler, telemetry)))
    return app


def configured() -> Litestar:
    """The application as the environment asks for it: what each worker starts."""
    return create_app(chosen(), behind_socket=True)


def _guards(settings: Settings, doors: Doors | None, behind_socket: bool) -> list[Guard]:
    if doors is not None:
        return [guard]
    return [at_home] if behind_socket and settings.api_auth != "off-everywhere" else []


def _description(doors: Doors | None) -> str:
    about = "Metrics, predictions and intake over a lakehouse of support tickets."
    if doors is not None:
        return about
    return f"{about}\n\n**Nobody needs a key here (`API_AUTH`): whoever reaches this address may read and change all.**"


def _cors(origins: str) -> CORSConfig | None:
    """Pages of these origins may call the API with a key; none brings a cookie."""
    allowed = [origin.strip() for origin in origins.split(",") if origin.strip()]
    if not allowed:
        return None
    return CORSConfig(
        allow_origins=allowed,
        allow_methods=["GET", "POST"],
        allow_headers=["Authorization", "Content-Type", "Idempotency-Key", "Last-Event-ID", "X-API-Key"],
        expose_headers=["RateLimit", "RateLimit-Policy", "Retry-After", "X-Request-ID"],
    )


def _answer(request: Request[Any, Any, Any], error: Exception) -> Response[problems.Problem]:
    response = problems.respond(request, error)
    request.app.state.telemetry.failed(problems.kind(error, response.status_code or 500))
    if response.status_code == 500:
        log = structlog.get_logger("api")
        log.error("failed", error=type(error).__name__, frames=logs.where(error))
    return response
