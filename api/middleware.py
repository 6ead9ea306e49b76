"""Around every request: an id, one log line without body, query or unknown path, one observation.

The line carries what the route noted: release, model versions, decisions.
"""

import re
from collections.abc import Awaitable, Callable
from time import perf_counter
from typing import Any
from uuid import uuid4

import structlog

from api.noted import noting
from api.telemetry import Telemetry
from ml.retrieve.stages import heard

REQUEST_ID = b"x-request-id"
_ACCEPTED = re.compile(r"[A-Za-z0-9._:-]{1,64}")
_UNKNOWN = "(unknown)"

Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]


class Observed:
    """ASGI middleware outside of everything else, so that also what goes wrong in the framework is seen."""

    def __init__(self, app: Any, telemetry: Telemetry) -> None:
        self._app = app
        self._telemetry = telemetry
        self._log = structlog.get_logger("api.request")

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        """Pass the request on, with an id that the response carries too."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _given(scope) or uuid4().hex
        scope.setdefault("state", {})["request_id"] = request_id
        seen = {"status": 500}

        async def sending(message: Any) -> None:
            if message["type"] == "http.response.start":
                seen["status"] = message["status"]
                message = {**message, "headers": [*message["headers"], (REQUEST_ID, request_id.encode())]}
            await send(message)

        began = perf_counter()
        noted: dict[str, Any] = {}
        try:
            with (
                structlog.contextvars.bound_contextvars(request_id=request_id),
                heard(self._telemetry.took),
                noting() as noted,
            ):
                await self._app(scope, receive, sending)
        finally:
            seconds = perf_counter() - began
            route = scope.get("path_template") or _UNKNOWN
            self._telemetry.observe(scope["method"], route, seen["status"], seconds)
            own = {
                "request_id": request_id,
                "method": scope["method"],
                "route": route,
                "status": seen["status"],
                "ms": round(seconds * 1000, 1),
                "key_id": scope["state"].get("key_id"),
            }
            self._log.info("answered", **(noted | own))


def _given(scope: Any) -> str | None:
    value: bytes = dict(scope["headers"]).get(REQUEST_ID, b"")
    text = value.decode("latin-1")
    return text if _ACCEPTED.fullmatch(text) else None
