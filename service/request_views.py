"""Requests as people look at them."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from operations.request_rows import Count, KeptRequest, State, Wanted
from operations.requests import Requests
from service.incident_views import cursor
from service.request_result import RequestResult

_result = msgspec.json.Decoder(RequestResult)


class RequestSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A request in a line. `status`: queued, running, done, or dead: given up after `attempts`.

    `next_at`: when it is due, or when its worker's lease runs out; null where nothing is to come. `last_error` is the
    kind of what went wrong last.
    """

    id: str
    ticket_id: str
    status: State
    category: str | None
    priority: str | None
    language: str | None
    received_at: datetime
    changed_at: datetime
    attempts: int
    next_at: datetime | None
    last_error: str | None


class RequestView(RequestSummary, frozen=True, kw_only=True):
    """With all that was found out; null before it is done."""

    result: RequestResult | None


class CategoryCount(msgspec.Struct, frozen=True, kw_only=True):
    """The requests of one category; null where none was found, or not yet."""

    category: str | None
    requests: int
    by_status: dict[str, int]


class Stats(msgspec.Struct, frozen=True, kw_only=True):
    """Requests that were received in a window, by status and category. `waiting` are those open now, of any time."""

    since: datetime = msgspec.field(name="from")
    until: datetime = msgspec.field(name="to")
    requests: int
    by_status: dict[str, int]
    categories: list[CategoryCount]
    waiting: int
    waiting_since: datetime | None


def summary(kept: KeptRequest) -> RequestSummary:
    """A request without its result."""
    return RequestSummary(**_told(kept))


def view(kept: KeptRequest) -> RequestView:
    """Everything about a request."""
    return RequestView(**_told(kept), result=None if kept.body is None else _result.decode(kept.body))


def listed(
    requests: Requests, wanted: Wanted, limit: int, after: tuple[datetime, str] | None
) -> tuple[list[RequestSummary], str | None]:
    """The newest first, and where the next page begins."""
    rows = requests.page(wanted, limit + 1, after)
    last = rows[limit - 1] if len(rows) > limit else None
    return [summary(one) for one in rows[:limit]], cursor(last.received_at, last.id) if last else None


def stats(requests: Requests, since: datetime, until: datetime) -> Stats:
    """Counts of one window."""
    counts = requests.counts(since, until)
    waiting, oldest = requests.waiting()
    return Stats(
        since=since,
        until=until,
        requests=sum(one.requests for one in counts),
        by_status=_by_status(counts),
        categories=_by_category(counts),
        waiting=waiting,
        waiting_since=oldest,
    )


def _by_category(counts: Sequence[Count]) -> list[CategoryCount]:
    total: Counter[str | None] = Counter()
    for one in counts:
        total[one.category] += one.requests
    return [
        CategoryCount(
            category=category,
            requests=requests,
            by_status=_by_status([one for one in counts if one.category == category]),
        )
        for category, requests in total.most_common()
    ]


def _by_status(counts: Sequence[Count]) -> dict[str, int]:
    found: Counter[str] = Counter()
    for one in counts:
        found[one.state] += one.requests
    return dict(sorted(found.items()))


def _told(kept: KeptRequest) -> dict[str, Any]:
    names = set(RequestSummary.__struct_fields__) - {"status", "next_at"}
    open_ = kept.state in ("queued", "running")
    return {name: getattr(kept, name) for name in names} | {
        "status": kept.state,
        "next_at": kept.next_at if open_ else None,
    }
