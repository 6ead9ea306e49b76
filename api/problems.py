"""Every error as problem details (RFC 9457): what was wrong, where (JSON pointer, RFC 6901), and what to do."""

import re
from http import HTTPStatus
from typing import Any, Literal, get_args, get_origin

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException

from service.access import Forbidden
from service.feedback import UnknownSearch
from service.metrics import FilterRefused, UnknownMetric
from service.missing import why
from service.review import UnknownReview
from warehouse.errors import (
    ArtifactDamaged,
    Conflict,
    FormatMismatch,
    InvalidEvent,
    NotKnown,
    NotMaterialized,
    StoreUnavailable,
    TicketlakeError,
    VersionGone,
)

PROBLEM_JSON = "application/problem+json"
REFUSED = "the request has parameters that are not allowed"
RETRY_SECONDS = 15
STATUS: dict[type[TicketlakeError], HTTPStatus] = {
    NotMaterialized: HTTPStatus.SERVICE_UNAVAILABLE,
    StoreUnavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    ArtifactDamaged: HTTPStatus.SERVICE_UNAVAILABLE,
    VersionGone: HTTPStatus.SERVICE_UNAVAILABLE,
    FormatMismatch: HTTPStatus.SERVICE_UNAVAILABLE,
    Conflict: HTTPStatus.CONFLICT,
    InvalidEvent: HTTPStatus.BAD_REQUEST,
    FilterRefused: HTTPStatus.BAD_REQUEST,
    Forbidden: HTTPStatus.FORBIDDEN,
    NotKnown: HTTPStatus.NOT_FOUND,
    UnknownMetric: HTTPStatus.NOT_FOUND,
    UnknownSearch: HTTPStatus.NOT_FOUND,
    UnknownReview: HTTPStatus.NOT_FOUND,
}
_DETAILS = {
    404: "nothing is at this path; /docs says what is where",
    405: "the path exists, but not with this method; /docs says what is where",
    413: "the body is too large; send several smaller ones",
}
_MISSING = re.compile(r"Missing required \w+ parameter '([^']+)'")
_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+|\.\.\.)\]")


class FieldError(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is wrong with one part of the request: `pointer` into the body, or the name of a `parameter`."""

    detail: str
    pointer: str | None = None
    parameter: str | None = None


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """RFC 9457; `asset` names what a build has not made yet, `request_id` finds the request in the log."""

    status: int
    title: str
    detail: str
    request_id: str
    type: str = "about:blank"
    asset: str | None = None
    errors: list[FieldError] = []


class BadRequest(Exception):
    """Raised by our routes: an error of the caller, with the parts of the request that are wrong."""

    def __init__(self, detail: str, *errors: FieldError, status: HTTPStatus = HTTPStatus.BAD_REQUEST) -> None:
        super().__init__(detail)
        self.status = status
        self.errors = list(errors)


def respond(request: Request[Any, Any, Any], error: Exception) -> Response[Problem]:
    """The response for any exception. What is no expected error is a 500 that says nothing about its cause."""
    status, detail, errors, asset, headers = _describe(request, error)
    if asset is not None:
        reason = why(request.app.state.parts.lake, asset)
        detail = f"{asset} is not materialized: {reason}" if reason else detail
    problem = Problem(
        status=status,
        title=HTTPStatus(status).phrase,
        detail=detail,
        request_id=str(request.scope.get("state", {}).get("request_id", "")),
        asset=asset,
        errors=errors,
    )
    return Response(problem, status_code=status, media_type=PROBLEM_JSON, headers=headers)


def kind(error: Exception, status: int) -> str:
    """What an error is counted as: an error of ours by its class, any other by its status."""
    return type(error).__name__ if isinstance(error, TicketlakeError) else str(int(status))


def pointer(path: str) -> str:
    """`$[3].payload.text`, as msgspec writes it, as the JSON pointer `/3/payload/text`."""
    steps = (name or index for name, index in _STEP.findall(path))
    return "".join(f"/{escaped(step)}" for step in steps)


def escaped(step: str) -> str:
    """One step of a JSON pointer."""
    return step.replace("~", "~0").replace("/", "~1")


def _describe(
    request: Request[Any, Any, Any], error: Exception
) -> tuple[int, str, list[FieldError], str | None, dict[str, str]]:
    if isinstance(error, BadRequest):
        return error.status, str(error), error.errors, None, {}
    if isinstance(error, TicketlakeError):
        return _expected(error)
    if isinstance(error, ValidationException):
        return error.status_code, REFUSED, _parameters(request, error), None, {}
    if isinstance(error, HTTPException) and error.status_code < HTTPStatus.INTERNAL_SERVER_ERROR:
        detail = _DETAILS.get(error.status_code, error.detail)
        return error.status_code, detail, [], None, dict(error.headers or {})
    detail = "something failed that should not; the log has it under the request id"
    return HTTPStatus.INTERNAL_SERVER_ERROR, detail, [], None, {}


def _expected(error: TicketlakeError) -> tuple[int, str, list[FieldError], str | None, dict[str, str]]:
    status = next((s for kind, s in STATUS.items() if isinstance(error, kind)), HTTPStatus.INTERNAL_SERVER_ERROR)
    headers = {"Retry-After": str(RETRY_SECONDS)} if status == HTTPStatus.SERVICE_UNAVAILABLE else {}
    errors = [FieldError(error.detail, parameter=error.parameter)] if isinstance(error, FilterRefused) else []
    faults = getattr(error, "faults", ())
    errors += [FieldError(fault.detail, pointer=pointer(fault.path)) for fault in faults]
    asset = error.asset if isinstance(error, NotMaterialized) else None
    return status, str(error), errors, asset, headers


def _parameters(request: Request[Any, Any, Any], error: ValidationException) -> list[FieldError]:
    if missing := _MISSING.match(error.detail):
        return [FieldError("expected a value, found none", parameter=missing[1])]
    extra = error.extra if isinstance(error.extra, list) else []
    return [_called(request, str(one.get("message", "")), one.get("key")) for one in extra if isinstance(one, dict)]


def _called(request: Request[Any, Any, Any], said: str, key: str | None) -> FieldError:
    """With the name by which a parameter is sent, and, where only some words are allowed, these."""
    handler = request.scope.get("route_handler")
    field = handler.parsed_fn_signature.parameters.get(key or "") if handler is not None else None
    if field is None:
        return FieldError(said, parameter=key)
    allowed = _words(field.raw)
    told = f"expected {', '.join(allowed)}; found {said.rsplit(' ', 1)[-1]}" if allowed and "enum" in said else said
    return FieldError(told, parameter=getattr(field.kwarg_definition, "query", None) or key)


def _words(type_: Any) -> list[str]:
    """What a `Literal` within a type allows."""
    inner = get_args(type_)
    return [str(one) for one in inner] if get_origin(type_) is Literal else [w for one in inner for w in _words(one)]
