"""Request bodies, read strictly: JSON of the declared types, nothing that a database or a file could not hold."""

from collections.abc import Iterator
from http import HTTPStatus
from itertools import islice
from math import isfinite
from typing import Any, TypeVar

import msgspec
from litestar import Request

from api.problems import BadRequest, FieldError, escaped, pointer

T = TypeVar("T")
MAX_BYTES = 8 * 1024 * 1024
MOST_ERRORS = 100
UNFIT = "the body is not what this path takes"
_decoder = msgspec.json.Decoder(float_hook=float)
"""A number beyond a float's range becomes infinite instead of an error without a place."""
_MISSING = "Object missing required field `"


async def refuse_other_than_json(request: Request[Any, Any, Any]) -> None:
    """Litestar's `before_request`: a body must be declared as JSON."""
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if request.method == "POST" and kind != "application/json":
        raise BadRequest(
            f"expected content type application/json, found {kind[:100] or 'none'}",
            status=HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        )


def read(body: bytes) -> Any:
    """The JSON value of a body. Raises `BadRequest`: not UTF-8, not JSON, too deep, NUL characters."""
    try:
        body.decode()
        value = _decoder.decode(body)
    except UnicodeDecodeError as error:
        raise _whole(f"expected UTF-8, found byte 0x{body[error.start]:02x} at position {error.start}") from None
    except RecursionError:
        raise _whole("expected a modest depth, found arrays or objects nested too deep") from None
    except msgspec.ValidationError as error:
        raise refused(error) from None
    except msgspec.DecodeError as error:
        raise _whole(f"expected JSON, found something else: {error}") from None
    errors = list(islice(_unstorable(value, ""), MOST_ERRORS))
    if errors:
        raise BadRequest("the body holds values that cannot be stored", *errors)
    return value


def typed(value: Any, target: type[T], at: str = "$") -> T:
    """The value as `target`, without turning types into others. Raises `BadRequest` with the field."""
    try:
        return msgspec.convert(value, target, strict=True)
    except msgspec.ValidationError as error:
        raise refused(error, at) from None


def refused(error: msgspec.ValidationError, at: str = "$") -> BadRequest:
    """msgspec's message as a problem with a pointer."""
    detail, _, path = str(error).partition(" - at `$")
    place = at + path.rstrip("`")
    if detail.startswith(_MISSING):
        place += "." + detail.removeprefix(_MISSING).rstrip("`")
    return BadRequest(UNFIT, FieldError(detail, pointer=pointer(place)))


def _whole(detail: str) -> BadRequest:
    return BadRequest("the body cannot be read", FieldError(detail, pointer=""))


def _unstorable(value: Any, at: str) -> Iterator[FieldError]:
    """Strings and names that hold NUL, numbers of more than 64 bits. No deeper than what could be decoded."""
    if isinstance(value, str):
        if "\x00" in value:
            yield FieldError("expected no NUL character", pointer=at)
    elif isinstance(value, int):
        if not -(2**63) <= value < 2**63:
            yield FieldError("expected an integer of at most 64 bits", pointer=at)
    elif isinstance(value, float):
        if not isfinite(value):
            yield FieldError("expected a number that 64 bits hold", pointer=at)
    elif isinstance(value, dict):
        for name, child in value.items():
            if "\x00" in name:
                yield FieldError("expected names without NUL characters", pointer=at)
            yield from _unstorable(child, f"{at}/{escaped(name)}")
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield from _unstorable(child, f"{at}/{index}")
