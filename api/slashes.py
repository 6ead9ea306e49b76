"""Names with a slash in a path: `/v1/tickets/2026%2F117` asks for the ticket `2026/117`.

A server decodes a path before anybody splits it, so a slash of a name would part it. Until the path is split, an
unprintable character stands in for it, which no name holds.
"""

import re
from typing import Any
from urllib.parse import unquote

from litestar.types import ASGIApp, Receive, Scope, Send

STAND_IN = "\0"
_SLASH = re.compile(rb"%2f", re.IGNORECASE)


class Whole:
    """ASGI middleware around the application: leaves the slashes of names out of the path that is split."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        raw: bytes = (scope.get("raw_path") or b"").partition(b"?")[0]
        if _SLASH.search(raw):
            parts = _SLASH.split(raw)
            scope = {**scope, "path": STAND_IN.join(unquote(part.decode("latin-1")) for part in parts)}
        await self._app(scope, receive, send)


def restored(app: ASGIApp) -> ASGIApp:
    """Litestar middleware, which runs once the path is split: handlers get the names as they are."""

    async def call(scope: Scope, receive: Receive, send: Send) -> None:
        named = {
            name: value.replace(STAND_IN, "/") if isinstance(value, str) else value
            for name, value in scope["path_params"].items()
        }
        scope["path_params"] = named
        await app(scope, receive, send)

    return call
