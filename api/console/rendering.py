"""Pages from templates that escape whatever they are given."""

from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import uuid4

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from litestar import MediaType, Request, Response
from litestar.response import Redirect

from api.console.actor import who
from api.console.csrf import remember
from api.state import now
from service.console.plots import drawn

FOLDER = Path(__file__).parent / "templates"
ASSETS = Path(__file__).parents[1] / "static"
HEADERS = {"Referrer-Policy": "same-origin"}
"""Without a referrer browsers send forms as from nowhere."""
NOTICES = {
    "confirmed": "Confirmed. Thank you.",
    "corrected": "Corrected. The models learn from it at the next training.",
    "skipped": "Noted. You are not asked again.",
    "accepted": "Noted: the suggestion was used.",
    "refused": "Noted: the suggestion was put aside.",
    "helped": "Noted: it helped.",
    "not_helped": "Noted: it did not help.",
    "acknowledged": "Taken on. The worker carries it out within seconds.",
    "dismissed": "Dismissed. The worker carries it out within seconds.",
}
"""What is said after a form was taken, by the word in the address; nothing else from there is shown."""


def shown(request: Request[Any, Any, Any], template: str, status: int = 200, **context: Any) -> Response[str]:
    """A page, or the part of one that htmx asked for."""
    text = (
        _templates()
        .get_template(template)
        .render(
            **context,
            actor=who(request).id,
            signed_in=request.app.state.doors is not None and "user" in request.scope,
            csrf=getattr(request.state, "csrf", ""),
            nonce=uuid4().hex,
            notice=NOTICES.get(request.query_params.get("said", "")),
            path=request.url.path,
            now=now(),
        )
    )
    response = Response(text, status_code=status, media_type=MediaType.HTML, headers=HEADERS)
    remember(request, response)
    return response


def by_htmx(request: Request[Any, Any, Any]) -> bool:
    """Whether a part of a page is wanted, not a page."""
    return request.headers.get("hx-request") == "true"


def see(path: str, said: str, place: str = "") -> Redirect:
    """After a form without JavaScript: back to the page, at the place, with a notice."""
    return Redirect(f"{path}?said={said}{'#' if place else ''}{segment(place)}", status_code=303, headers=HEADERS)


def segment(text: str) -> str:
    """As one step of an address."""
    return quote(text, safe="")


@cache
def _templates() -> Environment:
    found = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters |= {"moment": _moment, "ago": _ago, "share": _share, "words": _words, "segment": segment}
    found.globals |= {"drawn": drawn}
    return found


def _moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M}"


def _ago(at: datetime, since: datetime) -> str:
    """How long ago, in the one unit that matters."""
    seconds = max(0.0, (since - at).total_seconds())
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit}"
    return "now"


def _share(value: float | None) -> str:
    """What is nearly certain is not told as certain."""
    if value is None:
        return ""
    if 0.995 <= value < 1:
        return "> 99%"
    return "< 1%" if 0 < value < 0.005 else f"{value:.0%}"


def _words(name: str) -> str:
    """`LabelCorrected` and `not_helped` as people write."""
    spaced = "".join(f" {one.lower()}" if one.isupper() and at else one for at, one in enumerate(name))
    return spaced.replace("_", " ").replace("models/", "").capitalize()
