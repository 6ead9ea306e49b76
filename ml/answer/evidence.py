"""What an answer may rest on, and what was asked."""

from datetime import datetime
from math import exp
from typing import Literal

import msgspec

from ml.answer.injection import is_order, without_orders
from ml.answer.naming import Entity, named_in
from ml.retrieve.found import Found
from ml.text.clean import clean_one
from ml.text.entities import Catalogue

Kind = Literal["solution", "article", "ticket"]
DENSE = "dense"
"""The stage that compares by meaning."""
READ = 20_000
"""Characters of a question that are looked at."""


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was found. `solution_id` is what it points to: itself, or what solved a ticket."""

    id: str
    kind: Kind
    title: str
    text: str
    score: float
    """From 0 to 1 within its kind: of a solution the share of belief in it, of others how they compare to the best."""
    near: float | None = None
    """Cosine to what was asked, of tickets and articles; null where it was searched by words alone."""
    rate: float | None = None
    """Of a solution how often it helps, shrunk towards what is usual."""
    attempts: int = 0
    at: datetime | None = None
    """When it was last known to be so."""
    solution_id: str | None = None
    language: str | None = None
    """ISO 639-1; null where it is not known."""


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """A ticket as it is asked about; `body` is cleaned. All of it is data, whatever it says."""

    title: str
    body: str
    language: str | None = None
    entities: list[Entity] = []


def question(
    title: str | None,
    body: str | None,
    *,
    language: str | None = None,
    logs: str | None = None,
    catalogue: Catalogue | None = None,
) -> Question:
    """A ticket's texts as a question: without greeting and signature, and with what they name as they came.

    What stands only in an order to a model is not named.
    """
    whole = (body or "")[:READ]
    said = clean_one(whole).strip() if whole else ""
    head = " ".join((title or "")[:READ].split())
    told = ["" if is_order(head) else head, without_orders(whole)[0], (logs or "")[:READ]]
    named = named_in(told, catalogue or Catalogue())
    return Question(title=head, body=said, language=language, entities=named)


def evidence(found: Found) -> list[Evidence]:
    """What a finder returned, in its order: solutions, articles, tickets."""
    by_meaning = DENSE in found.used
    solutions = [
        Evidence(
            id=one.solution_id,
            kind="solution",
            title="",
            text=one.text,
            score=score,
            rate=one.tried.rate if one.now is None else one.now.rate,
            attempts=one.tried.attempts,
            at=one.tried.last_at,
            solution_id=one.solution_id,
        )
        for one, score in zip(found.solutions, _unit([one.score for one in found.solutions]), strict=True)
    ]
    articles = [
        Evidence(
            id=one.article_id,
            kind="article",
            title=one.title,
            text=one.text,
            score=score,
            near=one.scores.get(DENSE) if by_meaning else None,
            at=one.updated_at,
        )
        for one, score in zip(found.articles, _compared([one.score for one in found.articles]), strict=True)
    ]
    tickets = [
        Evidence(
            id=one.ticket_id,
            kind="ticket",
            title=one.title,
            text="",
            score=score,
            near=one.scores.get(DENSE) if by_meaning else None,
            at=one.created_at,
            solution_id=one.solution_id,
        )
        for one, score in zip(found.tickets, _compared([one.score for one in found.tickets]), strict=True)
    ]
    return [*solutions, *articles, *tickets]


def _unit(scores: list[float]) -> list[float]:
    """Shares as they are; others, such as those of a ranker, by the logistic function."""
    if all(0 <= score <= 1 for score in scores):
        return scores
    return [1 / (1 + exp(-max(-30.0, min(30.0, score)))) for score in scores]


def _compared(scores: list[float]) -> list[float]:
    """Scores between 0 and 1 as they are; others, standard deviations above what is usual, as parts of the best."""
    best = max(scores, default=0.0)
    if best <= 1:
        return [max(0.0, score) for score in scores]
    return [max(0.0, score) / best for score in scores]
