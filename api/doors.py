"""Who is let in: keys and tokens are looked at before every route but the open ones.

A caller sends `Authorization: Bearer` with a key or with a token that `POST /v1/tokens` made of one, or `X-API-Key`
with a key; a browser at the console sends a cookie that holds a token. Tokens are JWTs (RFC 7519) signed with HS256 and
with nothing else, for one issuer and one audience each; a token is worth what its key is worth at that moment.
"""

import asyncio
from datetime import datetime, timedelta
from hashlib import sha256
from secrets import token_hex
from typing import Any

import msgspec
import structlog
from litestar import Request
from litestar.connection import ASGIConnection
from litestar.datastructures import Cookie
from litestar.exceptions import NotAuthorizedException
from litestar.middleware.authentication import AuthenticationResult
from litestar.security.jwt import JWTAuth, JWTAuthenticationMiddleware, Token

from api.access import OPEN, need_of
from api.limits import Limits
from api.signing import signing_secret
from api.state import Parts, now
from operations.keys import ApiKey, Keys, id_of
from service.access import ANYONE, Caller, KeyRing, valid
from warehouse.settings import Settings

ISSUER = "ticketlake"
API, CONSOLE = "ticketlake-api", "ticketlake-console"
"""Audiences: what is made for one door opens no other."""
TOKEN_LIFE = timedelta(minutes=15)
SESSION_LIFE = timedelta(hours=8)
COOKIE = "ticketlake_session"
COOKIE_PATH = "/console"
KEY_HEADER = "X-API-Key"
CLAIMS = ["exp", "iat", "iss", "aud", "sub"]
CHALLENGE = {"WWW-Authenticate": 'Bearer realm="ticketlake"'}
RATES = "operations/rates"
MOST_TOKENS = 4_096
"""That are remembered as right."""
_SAFE = ("GET", "HEAD")


def doors_of(settings: Settings, parts: Parts) -> "Doors | None":
    """The doors, where callers need keys. Raises `SettingsInvalid` where they would be open to other machines."""
    if not settings.guarded:
        return None
    return Doors(parts, signing_secret(settings), Limits(settings.lake_root / RATES))


def caller_of(request: Request[Any, Any, Any]) -> Caller:
    """Who sent this request, for handlers that ask for a `caller`."""
    found = request.scope.get("user")
    known = found if isinstance(found, Caller) else ANYONE
    return msgspec.structs.replace(known, request_id=request.scope["state"]["request_id"])


class Doors:
    """What the doors of one application know; made where callers need keys."""

    def __init__(self, parts: Parts, secret: str, limits: Limits) -> None:
        self.ring = KeyRing(lambda: Keys(parts.store()))
        self.limits = limits
        self._right: dict[bytes, tuple[str, float]] = {}
        self.backend = JWTAuth[Caller, Token](
            token_secret=secret,
            retrieve_user_handler=self._caller_of_token,
            algorithm="HS256",
            accepted_issuers=[ISSUER],
            accepted_audiences=[API],
            require_claims=CLAIMS,
            strict_audience=True,
            exclude_http_methods=["OPTIONS"],
            default_token_expiration=TOKEN_LIFE,
            authentication_middleware_class=Door,
            openapi_security_scheme_name="key",
            description="A key, or a token that POST /v1/tokens made of one",
        )

    def token(self, key_id: str, audience: str = API, life: timedelta = TOKEN_LIFE) -> str:
        """A signed token for whoever has this key."""
        return self.backend.create_token(
            key_id, life, token_issuer=ISSUER, token_audience=audience, token_unique_jwt_id=token_hex(8)
        )

    async def sign_in(self, secret: str, connection: ASGIConnection[Any, Any, Any, Any]) -> Cookie:
        """The console's cookie for somebody who typed this key. Raises as a wrong key at the API does."""
        caller = await self.of_key(secret, connection)
        token = self.token(str(caller.key_id), CONSOLE, SESSION_LIFE)
        return self._cookie(token, int(SESSION_LIFE.total_seconds()), connection)

    def sign_out(self, connection: ASGIConnection[Any, Any, Any, Any]) -> Cookie:
        """The cookie that takes the console's away."""
        return self._cookie("", 0, connection)

    async def of_key(self, secret: str, connection: ASGIConnection[Any, Any, Any, Any]) -> Caller:
        """Who has this key. Raises `NotAuthorizedException`, `TooManyRequestsException`, `StoreUnavailable`."""
        key_id = id_of(secret.strip())
        if key_id is None:
            raise self.refused(connection, "no key")
        key = await self._key(key_id, connection)
        if key is None or not key.opens(secret.strip()):
            raise self.refused(connection, "unknown key", key_id)
        return self._valid(key, connection)

    async def of_token(self, encoded: str, audience: str, connection: ASGIConnection[Any, Any, Any, Any]) -> Caller:
        """Who has this token. Raises as `of_key` does."""
        try:
            key_id = self._checked(encoded, audience)
        except (NotAuthorizedException, ValueError, RecursionError):
            raise self.refused(connection, "no valid token") from None
        caller = valid(await self._key(key_id, connection), now())
        if caller is None:
            raise self.refused(connection, "token of no valid key", key_id)
        return caller

    async def holds(self, caller: Caller) -> bool:
        """Whether the key is valid still, for answers that go on and on. Raises `StoreUnavailable`."""
        key_id = str(caller.key_id)
        key = self.ring.fresh(key_id) or await asyncio.to_thread(self.ring.ask, key_id)
        return valid(key, now()) is not None

    def refused(
        self, connection: ASGIConnection[Any, Any, Any, Any], why: str, key_id: str | None = None
    ) -> NotAuthorizedException:
        """The same answer whatever was wrong; the log says what. Counts against the address that it came from."""
        address = self.limits.failed(connection)
        structlog.get_logger("api").warning("refused at the door", why=why, key_id=key_id, address=address)
        return nobody()

    def _valid(self, key: ApiKey, connection: ASGIConnection[Any, Any, Any, Any]) -> Caller:
        moment: datetime = now()
        caller = valid(key, moment)
        if caller is None:
            raise self.refused(connection, f"{key.state(moment)} key", key.key_id)
        return caller

    async def _key(self, key_id: str, connection: ASGIConnection[Any, Any, Any, Any]) -> ApiKey | None:
        """As it was looked up a moment ago; looked up now where it is known, or the address did not fail too often."""
        held = self.ring.fresh(key_id)
        if held is not None:
            return held
        if not self.ring.knows(key_id):
            self.limits.still_listening(connection)
        return await asyncio.to_thread(self.ring.ask, key_id)

    async def _caller_of_token(self, token: Token, connection: ASGIConnection[Any, Any, Any, Any]) -> Caller | None:
        return valid(await self._key(token.sub, connection), now())

    def _checked(self, encoded: str, audience: str) -> str:
        """The key that a token names. A token that was found right is so until it ends, and is not checked again."""
        name = sha256(f"{audience} {encoded}".encode()).digest()
        key_id, ends = self._right.get(name, ("", 0.0))
        if ends > now().timestamp():
            return key_id
        token = Token.decode(
            encoded,
            self.backend.token_secret,
            self.backend.algorithm,
            audience=audience,
            issuer=[ISSUER],
            require_claims=CLAIMS,
            strict_audience=True,
        )
        if len(self._right) >= MOST_TOKENS:
            del self._right[next(iter(self._right))]
        self._right[name] = (token.sub, token.exp.timestamp())
        return token.sub

    def _cookie(self, value: str, seconds: int, connection: ASGIConnection[Any, Any, Any, Any]) -> Cookie:
        return Cookie(
            key=COOKIE,
            value=value,
            path=COOKIE_PATH,
            max_age=seconds,
            httponly=True,
            secure=connection.scope["scheme"] == "https",
            samesite="strict",
        )


def nobody() -> NotAuthorizedException:
    """What is answered to whoever brings nothing that opens a door."""
    detail = "a valid key is needed: send Authorization: Bearer with it, or with a token that was made of it"
    return NotAuthorizedException(detail, headers=CHALLENGE)


class Door(JWTAuthenticationMiddleware):
    """Litestar's middleware for tokens, which takes keys too; `scope["auth"]` says which of the two it was."""

    async def authenticate_request(self, connection: ASGIConnection[Any, Any, Any, Any]) -> AuthenticationResult:
        """Who sends this request; nobody where the route is open and no more than that is needed."""
        doors: Doors = connection.app.state.doors
        if need_of(connection.scope) == OPEN:
            return AuthenticationResult(user=None, auth=None)
        how, caller = await _caller(doors, connection)
        doors.limits.take(connection, caller)
        connection.scope["state"]["key_id"] = caller.key_id
        return AuthenticationResult(user=caller, auth=how)


async def _caller(doors: Doors, connection: ASGIConnection[Any, Any, Any, Any]) -> tuple[str, Caller]:
    scheme, _, credential = connection.headers.get("authorization", "").partition(" ")
    given = credential.strip() if scheme.lower() == "bearer" else connection.headers.get(KEY_HEADER, "").strip()
    if given:
        if given.startswith("tlk_"):
            return "key", await doors.of_key(given, connection)
        return "token", await doors.of_token(given, API, connection)
    cookie = _cookie_of(connection)
    if cookie:
        return "session", await doors.of_token(cookie, CONSOLE, connection)
    raise nobody()


def _cookie_of(connection: ASGIConnection[Any, Any, Any, Any]) -> str:
    """The console's cookie, at the console alone; with a change, only from a page of our own (Fetch Metadata)."""
    template = connection.scope["path_template"]
    if template != COOKIE_PATH and not template.startswith(f"{COOKIE_PATH}/"):
        return ""
    if connection.scope.get("method") not in _SAFE and not _from_here(connection):
        return ""
    return connection.cookies.get(COOKIE, "")


def _from_here(connection: ASGIConnection[Any, Any, Any, Any]) -> bool:
    site = connection.headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    origin = connection.headers.get("origin", "")
    return origin.partition("://")[2] == connection.headers.get("host", "")
