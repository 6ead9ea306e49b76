"""Headers of every answer, whoever gave it: what browsers may do with it, and what is left of a key's rate."""

from collections.abc import Awaitable, Callable
from typing import Any

Headers = list[tuple[bytes, bytes]]
CSP = b"content-security-policy"
CACHE = b"cache-control"
NOWHERE = "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
NOTHING = f"default-src 'none'; {NOWHERE}"
PRINTED = f"default-src 'none'; style-src 'unsafe-inline'; img-src data:; {NOWHERE}"
"""For pages that are one file: they carry their style, and nothing of them runs."""
DOCS = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    f"connect-src 'self'; {NOWHERE}"
)
"""Swagger UI sets styles by itself; no script stands in the page."""
CONSOLE = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
ALWAYS: Headers = [
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=()"),
]
SECURE = (b"strict-transport-security", b"max-age=31536000; includeSubDomains")
_STORED = ("/docs/ui", "/console/assets")
"""Files that are the same for everybody and that a browser may keep."""


class Headed:
    """ASGI middleware around the application. What a handler sets by itself stays."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(
        self, scope: Any, receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]
    ) -> None:
        """Pass the request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def sending(message: Any) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": _completed(list(message["headers"]), scope)}
            await send(message)

        await self._app(scope, receive, sending)


def _completed(headers: Headers, scope: Any) -> Headers:
    path: str = scope.get("path_template") or ""
    found = {name.lower(): value for name, value in headers}
    headers += [one for one in ALWAYS if one[0] not in found]
    if CSP not in found:
        headers.append((CSP, _policy(path, found.get(b"content-type", b"")).encode()))
    if CACHE not in found and not path.startswith(_STORED):
        headers.append((CACHE, b"no-store"))
    if scope["scheme"] == "https":
        headers.append(SECURE)
    own: Headers = scope["state"].get("headers", [])
    return headers + own


def _policy(path: str, kind: bytes) -> str:
    if not kind.startswith(b"text/html"):
        return NOTHING
    if path == "/docs" or path.startswith("/docs/"):
        return DOCS
    if path == "/console" or path.startswith("/console/"):
        return CONSOLE
    return PRINTED
