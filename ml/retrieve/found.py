"""What a finder returns: each thing with its scores, the reason, and where that comes from."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

POINTED = -1.6
"""Log-probability from which a discriminant points at something: one in five."""


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """How a solution fared. `rate` is shrunk towards what is usual (empirical Bayes)."""

    attempts: int
    successes: int
    rate: float
    last_at: datetime | None


class Fared(msgspec.Struct, frozen=True, kw_only=True):
    """How something fares by now, on the question's version where that is known: weights of attempts and successes, the
    old counting less, and the rate that follows, shrunk towards the rate everywhere, and that towards what is usual."""

    tried: float
    won: float
    rate: float


class Path(msgspec.Struct, frozen=True, kw_only=True):
    """A way through the graph from what the question names: nodes and, between them, kinds of edges."""

    nodes: list[str]
    edges: list[str]
    score: float


class FoundSolution(msgspec.Struct, frozen=True, kw_only=True):
    """A canonical solution. `scores` by stage; `tickets` are those like this one that it was tried on; `tried` is what
    the release knows, `now` with what was heard since."""

    solution_id: str
    text: str
    score: float
    scores: dict[str, float]
    tried: Tried
    tickets: list[str]
    path: Path | None
    reason: str
    now: Fared | None = None


class FoundArticle(msgspec.Struct, frozen=True, kw_only=True):
    """The best passage of an article."""

    article_id: str
    passage_id: str
    title: str
    path: str
    text: str
    score: float
    scores: dict[str, float]
    updated_at: datetime | None
    now: Fared | None = None


class FoundTicket(msgspec.Struct, frozen=True, kw_only=True):
    """A past ticket whose problem is alike; `solution_id` is what solved it."""

    ticket_id: str
    title: str
    score: float
    scores: dict[str, float]
    created_at: datetime
    solution_id: str | None
    issue_id: str | None


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that was found. `used` are the stages that answered, `missing` those that could not, and why; `read`
    is the question as it was read: cleaned, and without what names anyone."""

    solutions: list[FoundSolution]
    articles: list[FoundArticle]
    tickets: list[FoundTicket]
    used: list[str]
    missing: dict[str, str]
    release: str
    versions: dict[str, str]
    read: str = ""


def reason(tried: Tried, near: int, stages: Mapping[str, float], path: Path | None) -> str:
    """Why a solution was found, in words; `near` counts the tickets most alike that it was tried on."""
    said: Sequence[str] = [
        f"helped in {tried.successes} of {tried.attempts} attempts" if tried.attempts else "not tried yet",
        f"tried on {near} of the tickets most alike" if near else "",
        "pointed to by the description" if stages.get("discriminant", POINTED) > POINTED else "",
        f"by way of {' → '.join(path.nodes)}" if path is not None else "",
    ]
    return "; ".join(part for part in said if part)
