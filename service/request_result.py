"""What the work on a request comes to, as it is kept: nothing of what the ticket says but a redacted summary."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from math import isfinite

import msgspec
import polars as pl

from ml.anomaly.escalation import Escalation
from ml.answer.draft import Option, Sentence
from ml.answer.score import Judged
from ml.answer.summarise import Summary
from ml.classify.learner import Reason
from ml.classify.unknown import Strange
from ml.retrieve.found import Found
from ml.retrieve.redacted import people, redacted
from service.answers import AnswerView
from service.understanding import Answer, Hours

KEPT = 5
"""Of each kind of what was found."""
_WORD = re.compile(r"\w+")


class SolutionKept(msgspec.Struct, frozen=True, kw_only=True):
    """A solution that was found; `rate` of its `attempts` helped, shrunk towards what is usual."""

    solution_id: str
    text: str
    score: float | None
    rate: float
    attempts: int
    reason: str


class ArticleKept(msgspec.Struct, frozen=True, kw_only=True):
    """An article that was found."""

    article_id: str
    title: str
    score: float | None


class TicketKept(msgspec.Struct, frozen=True, kw_only=True):
    """A past ticket that is alike, and what solved it."""

    ticket_id: str
    score: float | None
    solution_id: str | None


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """An answer that was composed of what was found; each sentence names its sources. Without any where `thin`."""

    answer_id: str
    sentences: list[Sentence]
    steps: list[Sentence]
    alternatives: list[Option]
    thin: bool
    thin_reason: str | None
    composer: str
    language: str | None
    quality: Judged | None


class RequestResult(msgspec.Struct, frozen=True, kw_only=True):
    """All that was found out about a ticket.

    What the ticket itself says of its opening, its customer and its priority comes first. `targets` as in a prediction;
    `missing` says what could not answer and why: models, indexes, stages of the search. `versions` are the models and
    indexes behind it, all of `release`; null where none was published.
    """

    opened_at: datetime
    customer_tier: str | None
    recorded_priority: str | None
    prediction_id: str | None
    search_id: str | None
    release: str | None
    targets: dict[str, Answer]
    novelty: Strange | None
    resolution_hours: Hours | None
    escalation: Escalation | None
    summary: Summary
    solutions: list[SolutionKept]
    articles: list[ArticleKept]
    similar: list[TicketKept]
    answer: Reply | None
    missing: dict[str, str]
    versions: dict[str, str]
    took_ms: dict[str, float]


def solutions(found: Found) -> list[SolutionKept]:
    """The best of them."""
    best = found.solutions[:KEPT]
    plain = redacted(pl.Series([text for one in best for text in (one.text, one.reason)], dtype=pl.String)).to_list()
    return [
        SolutionKept(
            solution_id=one.solution_id,
            text=text,
            score=_finite(one.score),
            rate=one.tried.rate,
            attempts=one.tried.attempts,
            reason=reason,
        )
        for one, text, reason in zip(best, plain[::2], plain[1::2], strict=True)
    ]


def articles(found: Found) -> list[ArticleKept]:
    """The best of them."""
    return [
        ArticleKept(article_id=one.article_id, title=one.title, score=_finite(one.score))
        for one in found.articles[:KEPT]
    ]


def similar(found: Found) -> list[TicketKept]:
    """The nearest of them."""
    return [
        TicketKept(ticket_id=one.ticket_id, score=_finite(one.score), solution_id=one.solution_id)
        for one in found.tickets[:KEPT]
    ]


def _finite(score: float) -> float | None:
    """JSON has no other numbers."""
    return score if isfinite(score) else None


def reply(shown: AnswerView) -> Reply:
    """An answer without the evidence that it names."""
    return Reply(**{name: getattr(shown, name) for name in Reply.__struct_fields__})


def without_people(targets: Mapping[str, Answer], ticket: pl.DataFrame) -> dict[str, Answer]:
    """Answers whose reasons name nobody: a word of a name in the ticket, or what identifies, is no reason to keep."""
    texts = [ticket[name].cast(pl.String).fill_null("") for name in ("subject", "description")]
    names = {word.casefold() for known in people(*texts)[0] for word in _WORD.findall(known)}
    return {name: msgspec.structs.replace(one, reasons=_nameless(one.reasons, names)) for name, one in targets.items()}


def _nameless(reasons: Sequence[Reason], names: set[str]) -> list[Reason]:
    terms = [one.term for one in reasons]
    plain = redacted(pl.Series(terms, dtype=pl.String), [[]] * len(terms)).to_list()
    return [
        one
        for one, safe in zip(reasons, plain, strict=True)
        if safe == one.term and not names & {word.casefold() for word in _WORD.findall(one.term)}
    ]
