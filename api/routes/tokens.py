"""Tokens: what a key is exchanged for, where the key itself should not be carried about."""

from http import HTTPStatus
from typing import Any, Literal

import msgspec
from litestar import Request, Response, post

from api.doors import TOKEN_LIFE, Doors
from api.problems import BadRequest
from service.access import Caller, Forbidden


class Issued(msgspec.Struct, frozen=True):
    """A token (RFC 6749, 5.1) for `Authorization: Bearer`, and the seconds that it holds."""

    access_token: str
    expires_in: int
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 a kind, no secret


@post("/v1/tokens", operation_id="postTokens", tags=["access"], status_code=201, sync_to_thread=False)
def post_tokens(request: Request[Any, Any, Any], caller: Caller) -> Response[Issued]:
    """Exchange the key that this request is sent with for a token that holds a quarter of an hour.

    A token has the rights of its key and ends with it; another one needs the key again. Where callers need no key
    there is nothing to exchange (409).
    """
    doors: Doors | None = request.app.state.doors
    if doors is None or caller.key_id is None:
        raise BadRequest("API_AUTH is off: nobody needs a token", status=HTTPStatus.CONFLICT)
    if request.auth != "key":
        raise Forbidden("a token is made of a key, and not of another token.")
    return Response(Issued(doors.token(caller.key_id), int(TOKEN_LIFE.total_seconds())))
