"""What a finder returns: each thing with its scores, the reason, and where that comes from."""

from datetime import datetime

import msgspec


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
