"""A judge of answers, learned from past tickets: each answered from what was known before, and what became of it."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import msgspec
import numpy as np
import polars as pl

from ml.answer.articles import whole
from ml.answer.evidence import evidence, question
from ml.answer.examples import Case, examples
from ml.answer.outcomes import OUTCOME, outcomes
from ml.answer.score import FEWEST, Quality
from ml.evaluate.answers import CHANCE, ROUTED, THIN, measured
from ml.retrieve import ranker
from ml.retrieve.evidence import Walk, Walked
from ml.retrieve.examples import TOLD, unheard
from ml.retrieve.index import Index
from ml.retrieve.past import Past
from ml.retrieve.question import Question
from ml.retrieve.ranker import Ranker
from ml.retrieve.remedies import Remedies
from ml.retrieve.searcher import Searcher
from ml.text.encoder import Vectors
from ml.text.entities import Catalogue
from warehouse.errors import NothingToLearn

EARLIER = 0.8
"""Share of the past that is searched while learning; of the rest, some ask."""
ASKED = 800
"""Tickets that are answered at most."""
RANKED = 800
"""Questions of the earlier past, at most, that the order of solutions is learned from."""
LEARNED = 0.6
"""Share of the answers, the earlier ones, that is learned from; by the others the judge is judged."""
K = 10


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What answers rest on: the past, and with it `passages` of articles as documents of an index, (p,), with their
    vectors (p, d); `members`: ticket_id and issue_id; products and modules that tickets name."""

    past: Past
    passages: pl.DataFrame
    vectors: Vectors
    members: pl.DataFrame
    catalogue: Catalogue


def learn(
    known: Known, walk: Walk | None, *, seed: int, tell: Callable[[str], object] = unheard
) -> tuple[Quality, dict[str, Any]]:
    """A judge, and what its card says. `walk` goes through the graph of the past, with what was known at a time.

    Who orders the solutions has not seen the tickets that ask, nor has the judge those that it is judged by. Raises
    `NothingToLearn` where too few tickets have an outcome.
    """
    past = known.past
    moment = past.problems["created_at"].sort()[int(past.problems.height * EARLIER)]
    earlier = past.until(moment)
    rows = _asking(past, moment, seed)
    order, _ = ranker.learn(earlier, walk, seed=seed, most=RANKED, tell=tell)
    searcher = searching(earlier, known, order, walk, moment)
    cases = []
    for number, one in enumerate(past.questions(rows), 1):
        cases.append(_case(one, searcher, known.catalogue, moment))
        if number % TOLD == 0:
            tell(f"{number} of {len(rows)} past tickets answered")
    asked = past.problems[rows].select("ticket_id", "language", "created_at")
    answers = outcomes(examples(cases), past.attempts, known.members).join(asked, on="ticket_id").sort("created_at")
    told = answers.drop_nulls(OUTCOME)
    cut = int(told.height * LEARNED)
    quality = Quality.fit(told[:cut], seed=seed)
    if quality.made == "shipped":
        raise NothingToLearn(f"{cut} answers have an outcome that is known, and too few of either kind")
    card = {
        "method": "logistic regression over what is seen of an answer, held to weights set by hand",
        "rows": {"searched": earlier.problems.height, "answers": answers.height, "learned_from": cut,
                 "judged_by": told.height - cut},
        "split": {"asked_from": str(moment), "judged_from": str(told["created_at"][cut])},
        "weights": dict(zip(quality.names, quality.weights, strict=True)),
        "out_of_fold": msgspec.to_builtins(quality.measured),
        "measured": measured(judged(told[cut:], quality), seed=seed, by=["language"]),
        "shipped": measured(judged(told[cut:], Quality.shipped()), seed=seed),
        "seed": seed,
    }  # fmt: skip
    return quality, card


def searching(earlier: Past, known: Known, order: Ranker, walk: Walk | None, moment: datetime) -> Searcher:
    """What was found with at that moment."""
    there = (known.passages["created_at"] < moment).fill_null(False).to_numpy()
    articles = None
    if there.any():
        found = known.passages.filter(there)
        articles = Index.of(found, known.vectors[there], key="passage_id", encoder=earlier.encoder)

    def walked(question: Question, tickets: Any, as_of: datetime | None = None, within: Any = None) -> Walked:
        return walk(question, tickets, as_of or moment) if walk is not None else {}

    return Searcher(
        tickets=Index.of(earlier.problems, earlier.shared, key="ticket_id", encoder=earlier.encoder),
        articles=articles,
        remedies=Remedies(earlier.solutions, earlier.attempts, earlier.problems),
        ranker=order,
        walk=walked if walk is not None else None,
        issue_of={},
    )


def judged(answers: pl.DataFrame, quality: Quality) -> pl.DataFrame:
    """Answers (rows of `examples` with `resolved`) with what the judge says of them."""
    rows = list(answers.select(quality.names).iter_rows(named=True))
    return answers.with_columns(
        pl.Series(CHANCE, [quality.probability(row) for row in rows], dtype=pl.Float64),
        pl.Series(ROUTED, [quality.judge(row).route == "person" for row in rows], dtype=pl.Boolean),
        (pl.col("answered") == 0).alias(THIN),
    )


def _asking(past: Past, moment: datetime, seed: int) -> list[int]:
    """Rows of tickets that came later and on which something was tried, drawn at random where they are many."""
    tried = past.problems["ticket_id"].is_in(past.attempts["ticket_id"].unique().implode())
    later = np.flatnonzero((tried & (past.problems["created_at"] >= moment)).to_numpy())
    if len(later) < FEWEST / LEARNED:
        raise NothingToLearn(f"something was tried on {len(later)} later tickets, expected {int(FEWEST / LEARNED)}")
    drawn: Sequence[int] = np.sort(np.random.default_rng(seed).permutation(later)[:ASKED]).tolist()
    return list(drawn)


def _case(asked: Question, searcher: Searcher, catalogue: Catalogue, moment: datetime) -> Case:
    title, body, errors, language = asked.asked.select("title", "body", "errors", "language").row(0)
    found = whole(searcher.find(asked, k=K), searcher.articles)
    told = question(title, body, language=language, logs=errors, catalogue=catalogue)
    return Case(str(asked.ticket_id), told, evidence(found), asked.at or moment)
