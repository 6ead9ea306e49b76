"""What a route adds to the one log line of its request: ids, versions, decisions; never what a ticket says."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

_noted: ContextVar[dict[str, Any] | None] = ContextVar("noted", default=None)


@contextmanager
def noting() -> Iterator[dict[str, Any]]:
    """What is noted within, also by threads that work for it."""
    found: dict[str, Any] = {}
    token = _noted.set(found)
    try:
        yield found
    finally:
        _noted.reset(token)


def note(**values: Any) -> None:
    """Add to the line; outside of a request there is none."""
    found = _noted.get()
    if found is not None:
        found.update(values)
