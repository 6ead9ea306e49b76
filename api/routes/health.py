"""Whether the process lives, what it can serve, and numbers for Prometheus."""

from typing import Literal

import msgspec
from litestar import Response, get
from litestar.openapi.datastructures import ResponseSpec

from api.state import INBOX, Part, Parts
from api.telemetry import Telemetry


class Alive(msgspec.Struct, frozen=True):
    """The process answers."""

    status: Literal["alive"] = "alive"


class Readiness(msgspec.Struct, frozen=True):
    """Ready as soon as there is anything to serve; `parts` says for each what is there, which version and how old."""

    status: Literal["ready", "waiting"]
    missing: list[str]
    parts: list[Part]


@get("/health/live", operation_id="live", tags=["health"], sync_to_thread=False)
def live() -> Alive:
    """Answers as long as the process does."""
    return Alive()


@get(
    "/health/ready",
    operation_id="ready",
    tags=["health"],
    sync_to_thread=True,
    responses={503: ResponseSpec(Readiness, description="Nothing can be served yet", generate_examples=False)},
)
def ready(parts: Parts) -> Response[Readiness]:
    """What is served, with version and age; 503 until there is anything, saying what is missing."""
    found = parts.readiness()
    status: Literal["ready", "waiting"] = "ready" if any(p.present for p in found if p.name != INBOX) else "waiting"
    missing = [part.name for part in found if not part.present]
    return Response(Readiness(status, missing, found), status_code=200 if status == "ready" else 503)


@get("/metrics", operation_id="telemetry", tags=["health"], media_type="text/plain", sync_to_thread=True)
def telemetry(telemetry: Telemetry) -> Response[bytes]:
    """Prometheus' text format."""
    return Response(telemetry.text(), media_type="text/plain; version=0.0.4")
