"""The application: `create_app(settings)` is all that a server needs."""

from threading import Thread
from typing import Any

import structlog
from litestar import Litestar, Request, Response
from litestar.datastructures import State
from litestar.di import Provide
from litestar.openapi.config import OpenAPIConfig
from litestar.static_files import create_static_files_router

from api import logs, problems
from api.bodies import MAX_BYTES
from api.console.pages import console
from api.document import UI_FILES, Document, Page, ui_folder
from api.gauges import Gauges
from api.middleware import Observed
from api.routes import (
    answers,
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
    solutions,
    tickets,
)
from api.state import Parts
from api.telemetry import Telemetry
from warehouse.settings import Settings
from warehouse.settings import settings as chosen

VERSION = "1"
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
    features.get_features,
    policy.get_decision_policy,
]


def create_app(settings: Settings) -> Litestar:
    """The API over the lake at `settings.lake_root`; starts whatever is, or is not yet, there."""
    alone = settings.api_workers == 1
    logs.configure(settings.lake_root / "logs" if alone else None, settings.log_level)
    parts = Parts(settings)
    telemetry = Telemetry(Gauges(parts), alone=alone)

    def start(_: Litestar) -> None:
        Thread(target=parts.warm_up, name="warm-up", daemon=True).start()

    def stop(_: Litestar) -> None:
        parts.close()

    files = create_static_files_router(UI_FILES, [ui_folder()], include_in_schema=False)
    app = Litestar(
        [*ROUTES, files, *console(parts)],
        dependencies={
            "parts": Provide(lambda: parts, sync_to_thread=False),
            "telemetry": Provide(lambda: telemetry, sync_to_thread=False),
        },
        exception_handlers={Exception: _answer},
        logging_config=None,
        on_startup=[start],
        on_shutdown=[stop],
        openapi_config=OpenAPIConfig(
            title="ticketlake",
            version=VERSION,
            description="Metrics, predictions and intake over a lakehouse of support tickets.",
            path="/docs",
            render_plugins=[Page(), Document(path="/openapi.json")],
            use_handler_docstrings=True,
        ),
        request_max_body_size=MAX_BYTES,
        state=State({"parts": parts, "telemetry": telemetry}),
    )
    app.asgi_handler = Observed(app.asgi_handler, telemetry)
    return app


def configured() -> Litestar:
    """The application as the environment asks for it: what each worker starts."""
    return create_app(chosen())


def _answer(request: Request[Any, Any, Any], error: Exception) -> Response[problems.Problem]:
    response = problems.respond(request, error)
    request.app.state.telemetry.failed(problems.kind(error, response.status_code or 500))
    if response.status_code == 500:
        log = structlog.get_logger("api")
        log.error("failed", error=type(error).__name__, frames=logs.where(error))
    return response
