"""Forms are taken from our own pages only: a token in form and cookie, and what the browser says of its origin.

The double-submit cookie and Fetch Metadata, as OWASP's cheat sheet on cross-site request forgery describes them.
"""

from http import HTTPStatus
from secrets import compare_digest, token_urlsafe
from typing import Any

from litestar import Request
from litestar.datastructures import Cookie
from litestar.enums import RequestEncodingType
from litestar.response.base import Response

from api.problems import BadRequest

COOKIE, FIELD = "ticketlake_console", "_csrf_token"
LENGTH = 43


async def guard(request: Request[Any, Any, Any]) -> None:
    """Litestar's `before_request`. Raises `BadRequest`, a 403 for a form that is not from a page of ours."""
    held = request.cookies.get(COOKIE, "")
    known = held if len(held) == LENGTH and held.isascii() else ""
    request.state.csrf = known or token_urlsafe(32)
    request.state.csrf_is_new = not known
    if request.method in ("GET", "HEAD", "OPTIONS"):
        return
    if request.content_type[0] != RequestEncodingType.URL_ENCODED:
        raise BadRequest("expected a form", status=HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
    form = await request.form()
    sent = str(form.get(FIELD, ""))
    if not known or not compare_digest(sent.encode(), known.encode()) or _foreign(request):
        raise BadRequest("this form is out of date: load the page again and repeat", status=HTTPStatus.FORBIDDEN)


def remember(request: Request[Any, Any, Any], response: Response[Any]) -> None:
    """Give a visitor without a token one."""
    if getattr(request.state, "csrf_is_new", False):
        secure = request.url.scheme == "https"
        response.cookies.append(
            Cookie(COOKIE, "/console", request.state.csrf, httponly=True, samesite="strict", secure=secure)
        )


def _foreign(request: Request[Any, Any, Any]) -> bool:
    site = request.headers.get("sec-fetch-site", "same-origin")
    origin = request.headers.get("origin")
    return site not in ("same-origin", "none") or (
        origin is not None and origin.partition("://")[2] != request.headers.get("host", "")
    )
