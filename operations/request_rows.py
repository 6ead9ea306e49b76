"""Requests as the operational store keeps them. Bodies are JSON that the service makes and reads."""

from datetime import datetime
from typing import Literal

import msgspec

from operations.entries import Entry, digest_of
from operations.predictions import GivenPrediction

State = Literal["queued", "running", "done", "dead"]
OPEN: tuple[State, ...] = ("queued", "running")


class KeptRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A request. `next_at`: when it is due; of a running one, when its `lease` runs out and others may take it."""

    id: str
    ticket_id: str
    entry_key: str
    state: State
    category: str | None
    priority: str | None
    language: str | None
    received_at: datetime
    changed_at: datetime
    attempts: int
    next_at: datetime
    lease: str | None
    body: str | None
    last_error: str | None


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What the work came to: the result, by what it is found, and what is said of it elsewhere."""

    category: str | None
    priority: str | None
    language: str | None
    body: str
    entries: list[Entry]
    predictions: list[GivenPrediction]


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which requests; None is any. Received at `since` or later and before `until`."""

    category: str | None = None
    priority: str | None = None
    state: str | None = None
    language: str | None = None
    since: datetime | None = None
    until: datetime | None = None


class Count(msgspec.Struct, frozen=True):
    """How many requests of one category are in one state; the category is null before it is known."""

    category: str | None
    state: str
    requests: int


def id_of(entry_key: str) -> str:
    """The id of the request about an entry of the inbox: the same entry is the same request."""
    return f"RQ-{digest_of(f'request:{entry_key}'.encode())[:24]}"
