"""Who uses the console says so with a key, once in a working day; where nobody needs one there is nothing to say."""

from typing import Any

from litestar import Request, Response, get, post
from litestar.response import Redirect

from api.console.forms import Form, SignInForm, form_of
from api.console.rendering import HEADERS, shown

SIGN_IN = "/console/sign-in"


@get("/sign-in", sync_to_thread=False)
def sign_in_page(request: Request[Any, Any, Any]) -> Response[str] | Redirect:
    """Asks for a key."""
    return shown(request, "sign_in.html") if request.app.state.doors else _to("/console")


@post("/sign-in")
async def sign_in(request: Request[Any, Any, Any], data: Form) -> Redirect:
    """Takes a key, and gives a cookie for it that ends with the key, or after some hours."""
    found = _to("/console")
    if request.app.state.doors is not None:
        found.cookies.append(await request.app.state.doors.sign_in(form_of(data, SignInForm).key, request))
    return found


@post("/sign-out", sync_to_thread=False)
def sign_out(request: Request[Any, Any, Any]) -> Redirect:
    """Takes the cookie away."""
    found = _to(SIGN_IN)
    if request.app.state.doors is not None:
        found.cookies.append(request.app.state.doors.sign_out(request))
    return found


def asked_to_sign_in(request: Request[Any, Any, Any]) -> Response[Any]:
    """Where somebody without a key wanted a page."""
    if request.headers.get("hx-request") == "true":
        return Response("", status_code=401, headers={**HEADERS, "HX-Redirect": SIGN_IN})
    return _to(SIGN_IN)


def _to(path: str) -> Redirect:
    return Redirect(path, status_code=303, headers=HEADERS)
