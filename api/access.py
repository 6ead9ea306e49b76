"""Which role each route asks for: the one table, by method and path; what is not in it is closed to everybody."""

from collections.abc import Mapping
from functools import cache
from http import HTTPStatus
from typing import Any, Literal
from urllib.parse import urlsplit

from litestar.connection import ASGIConnection
from litestar.exceptions import NotAuthorizedException
from litestar.handlers.base import BaseRouteHandler

from api.problems import BadRequest
from operations.keys import Role
from service.access import Caller, Forbidden

Need = frozenset[Role] | Literal["open"]
"""The least roles, any of which is enough; `open` to callers without a key."""
OPEN: Literal["open"] = "open"
OURSELVES = ("localhost", "127.0.0.1", "::1")
AGENT: frozenset[Role] = frozenset({"agent"})
LEAD: frozenset[Role] = frozenset({"lead"})
SERVICE: frozenset[Role] = frozenset({"service"})
ADMIN: frozenset[Role] = frozenset({"admin"})

TABLE: Mapping[str, Mapping[str, Need]] = {
    "/health/live": {"GET": OPEN},
    "/health/ready": {"GET": SERVICE},
    "/metrics": {"GET": SERVICE},
    "/docs": {"GET": OPEN, "HEAD": OPEN},
    "/predict-ticket": {"POST": SERVICE},
    "/v1/answers": {"POST": AGENT},
    "/v1/anomalies": {"GET": AGENT},
    "/v1/articles": {"GET": AGENT},
    "/v1/audit": {"GET": ADMIN},
    "/v1/decision-policy": {"GET": AGENT},
    "/v1/erasures": {"GET": ADMIN, "POST": ADMIN},
    "/v1/events": {"POST": LEAD | SERVICE},
    "/v1/features": {"GET": AGENT},
    "/v1/feedback": {"POST": AGENT},
    "/v1/graph": {"GET": AGENT},
    "/v1/incidents": {"GET": AGENT, "POST": LEAD},
    "/v1/issues": {"GET": AGENT},
    "/v1/metrics": {"GET": AGENT},
    "/v1/predict-ticket": {"POST": SERVICE},
    "/v1/predict-tickets": {"POST": SERVICE},
    "/v1/queue": {"GET": AGENT},
    "/v1/requests": {"GET": AGENT, "POST": SERVICE},
    "/v1/requests/{request_id}/replay": {"POST": LEAD},
    "/v1/review": {"GET": AGENT, "POST": AGENT},
    "/v1/solutions": {"GET": AGENT, "POST": AGENT},
    "/v1/stats": {"GET": AGENT},
    "/v1/tickets": {"GET": AGENT, "POST": SERVICE},
    "/v1/tokens": {"POST": AGENT},
    "/console": {"GET": AGENT, "POST": AGENT},
    "/console/assets": {"GET": OPEN, "HEAD": OPEN},
    "/console/incidents": {"GET": AGENT, "POST": LEAD},
    "/console/models": {"GET": AGENT, "POST": ADMIN},
    "/console/sign-in": {"GET": OPEN, "POST": OPEN},
    "/console/sign-out": {"POST": OPEN},
}
"""A path stands for itself and all below it; of several the longest holds, whole. `HEAD` is no `GET` here."""


@cache
def need(method: str, template: str) -> Need:
    """What a route asks for; nobody has it where the table does not say. `OPTIONS` tells methods and nothing else."""
    if method == "OPTIONS":
        return OPEN
    steps = template.rstrip("/").split("/")
    for end in range(len(steps), 1, -1):
        found = TABLE.get("/".join(steps[:end]))
        if found is not None:
            return found.get(method, frozenset())
    return frozenset()


def need_of(scope: Any) -> Need:
    """What the route asks for to which this request was led."""
    return need(scope["method"], scope["path_template"])


async def guard(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    """Litestar's guard on every route. Raises `NotAuthorizedException` or `Forbidden`: no caller, not the role."""
    roles = need_of(connection.scope)
    if roles == OPEN:
        return
    caller = connection.scope.get("user")
    if not isinstance(caller, Caller):
        raise NotAuthorizedException
    if not caller.may(roles):
        allowed = " or ".join(sorted(roles)) or "that nobody has"
        raise Forbidden(f"this needs the role {allowed}, and this key has the role {caller.role}.")


async def at_home(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    """Litestar's guard where nobody needs a key. Raises `BadRequest` for a request under a name that is not ours.

    A page from elsewhere may have its name point here (DNS rebinding); browsers then send that name.
    """
    host = connection.headers.get("host", "")
    try:
        name = urlsplit(f"//{host}").hostname
    except ValueError:
        name = None
    if name not in OURSELVES:
        detail = "without keys only this machine is answered, under its own name: call 127.0.0.1 or localhost"
        raise BadRequest(detail, status=HTTPStatus.MISDIRECTED_REQUEST)
