"""How much is heard of whom: each key's requests a minute, and each address' failed attempts to come in."""

from ipaddress import ip_address, ip_network
from math import ceil
from pathlib import Path
from typing import Any

from litestar.connection import ASGIConnection
from litestar.exceptions import TooManyRequestsException

from api.rates import Buckets, Taken
from service.access import Caller

SECONDS = 60.0
FAILURES = 20
"""Failed attempts that an address has; one comes back every three seconds."""


class Limits:
    """Counted in a file below the lake, so that all workers of a machine count together."""

    def __init__(self, file: Path | None) -> None:
        self._buckets = Buckets(file)

    def take(self, connection: ASGIConnection[Any, Any, Any, Any], caller: Caller) -> None:
        """Count one request of this key, and have the answer say what is left.

        Raises `TooManyRequestsException`. A key has its rate at once, and gets it back evenly over a minute.
        """
        taken = self._buckets.take(f"key {caller.key_id}", caller.rate, SECONDS)
        connection.scope["state"]["headers"] = _headers(caller.rate, taken)
        if not taken.allowed:
            raise _too_many(f"more than {caller.rate} requests a minute with this key", taken)

    def failed(self, connection: ASGIConnection[Any, Any, Any, Any]) -> str:
        """Count a failed attempt against its address, which is returned. Raises as `still_listening` does."""
        address = _address(connection)
        taken = self._buckets.take(f"address {address}", FAILURES, SECONDS)
        if not taken.allowed:
            raise _too_many("too many failed attempts from this address", taken)
        return address

    def still_listening(self, connection: ASGIConnection[Any, Any, Any, Any]) -> None:
        """Raises `TooManyRequestsException` for an address that failed too often, before anything is looked up."""
        taken = self._buckets.take(f"address {_address(connection)}", FAILURES, SECONDS, cost=0)
        if not taken.allowed:
            raise _too_many("too many failed attempts from this address", taken)


def _headers(rate: int, taken: Taken) -> list[tuple[bytes, bytes]]:
    """As the IETF's draft of RateLimit header fields has them (draft-ietf-httpapi-ratelimit-headers-10)."""
    policy = f'"key";q={rate};w={int(SECONDS)}'
    left = f'"key";r={max(taken.left, 0)};t={ceil(taken.full_in)}'
    return [(b"ratelimit-policy", policy.encode()), (b"ratelimit", left.encode())]


def _too_many(detail: str, taken: Taken) -> TooManyRequestsException:
    again = max(1, ceil(taken.wait))
    return TooManyRequestsException(f"{detail}; try again in {again} s", headers={"Retry-After": str(again)})


def _address(connection: ASGIConnection[Any, Any, Any, Any]) -> str:
    """Where the request came from, as the server or the proxy that it trusts says; of IPv6 the network of one site."""
    host = connection.client.host if connection.client else ""
    try:
        address = ip_address(host)
    except ValueError:
        return "unknown"
    if address.version == 4:
        return str(address)
    return str(address.ipv4_mapped or ip_network((address, 64), strict=False))
