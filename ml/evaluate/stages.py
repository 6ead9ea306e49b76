"""Finding, stage by stage: the past is searched, the future asks; each stage alone, added, and taken away."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from ml.retrieve.evidence import FEATURES, GRAPH, PRIORS, SUCCESS, TEXT, Evidence, Walk, alike, evidence, fused
from ml.retrieve.examples import fitted, gather
from ml.retrieve.index import Index
from ml.retrieve.past import Past
from ml.retrieve.question import Question
from ml.retrieve.ranker import Ranker, taught
from ml.retrieve.remedies import Remedies

SINGLE = ("keyword", "dense", "graph")
COLUMNS = {**{name: name for name in SINGLE}, "fusion": "fused", "discriminant": "discriminant", "usual": "usual"}
"""Methods that are one column of the evidence."""
CATEGORY = ("category", "subcategory")
ADDED = {
    "text, ranked": TEXT,
    "+ priors": (*TEXT, *PRIORS),
    "+ graph": (*TEXT, *PRIORS, *GRAPH),
    "finder": FEATURES,
}
TAKEN = {
    "finder without graph": tuple(name for name in FEATURES if name not in GRAPH),
    "finder without category": tuple(name for name in FEATURES if name not in CATEGORY),
    "finder without success": tuple(name for name in FEATURES if name not in SUCCESS),
}
FOUND = 10
Rankings = dict[str, list[list[str]]]


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """A past, what walks through its graph with and without what agents linked, and questions that came later."""

    past: Past
    walk: Walk
    unlinked: Walk
    questions: list[Question]
    recorded: pl.DataFrame
    """ticket_id, category, subcategory as they truly are, of the questions."""


def rankings(trial: Trial, tell: Callable[[str], object], *, seed: int) -> Rankings:
    """By method, for each question the solutions found, best first."""
    past = trial.past
    index = Index.of(past.problems, past.shared, key="ticket_id", encoder=past.encoder)
    remedies = Remedies(past.solutions, past.attempts, past.problems)
    examples = gather(past, trial.walk)
    tell(f"{len(examples.sizes)} examples")
    teach = partial(taught, pointing=fitted(past), encoder=past.encoder, seed=seed)
    rankers = {name: teach(examples, names=names) for name, names in (ADDED | TAKEN).items()}
    finder = rankers["finder"]

    def asked(questions: Sequence[Question], known: Remedies, walk: Walk) -> list[Evidence]:
        return [_evidence(one, index, known, finder, walk=walk) for one in questions]

    base = asked(trial.questions, remedies, trial.walk)
    tell(f"{len(base)} questions")
    found = {name: [_by(one, one.column(column), remedies) for one in base] for name, column in COLUMNS.items()}
    found |= {name: [_ranked(one, ranker, remedies) for one in base] for name, ranker in rankers.items()}
    told = {"finder, true category": _truly(trial), "finder, wrong category": _wrongly(trial, seed)}
    for name, questions in told.items():
        found[name] = [_ranked(one, finder, remedies) for one in asked(questions, remedies, trial.walk)]
    tell("categories")
    unlinked = teach(gather(past, trial.unlinked), names=FEATURES)
    alone = [_evidence(one, index, remedies, unlinked, walk=trial.unlinked) for one in trial.questions]
    found["finder without links"] = [_ranked(one, unlinked, remedies) for one in alone]
    tell("links")
    dealt = _by_chance(past.attempts, seed)
    ranker = teach(gather(past, trial.walk, tried=dealt), names=FEATURES)
    shuffled = Remedies(past.solutions, dealt, past.problems)
    found["finder, success shuffled"] = [
        _ranked(one, ranker, remedies) for one in asked(trial.questions, shuffled, trial.walk)
    ]
    tell("success")
    return found


def across(trial: Trial, *, seed: int) -> Rankings:
    """The same where only past tickets of other languages than the question's may be found."""
    past = trial.past
    index = Index.of(past.problems, past.shared, key="ticket_id", encoder=past.encoder)
    remedies = Remedies(past.solutions, past.attempts, past.problems)
    spoken = past.problems["language"].fill_null("")
    ranker = taught(gather(past), fitted(past), [*TEXT, *PRIORS], encoder=past.encoder, seed=seed)
    others = {name: (spoken != name).to_numpy() for name in spoken.unique()}
    everything = np.ones(len(spoken), dtype=bool)
    base = [
        _evidence(
            one,
            index,
            remedies,
            ranker,
            walk=None,
            allowed=others.get(one.asked["language"][0] or "", everything),
        )
        for one in trial.questions
    ]
    found = {name: [_by(one, one.column(name), remedies) for one in base] for name in ("keyword", "dense")}
    found["fusion"] = [_by(one, one.column("fused"), remedies) for one in base]
    found["finder"] = [_ranked(one, ranker, remedies) for one in base]
    return found


def _evidence(
    question: Question,
    index: Index,
    remedies: Remedies,
    ranker: Ranker,
    *,
    walk: Walk | None,
    allowed: NDArray[np.bool_] | None = None,
) -> Evidence:
    near = index.search(question.asked, question.shared, allowed)
    scores = fused(near, ranker.keyword, ranker.dense)
    walked = walk(question, alike(index, near, scores)) if walk is not None else {}
    pointing = ranker.discriminant
    return evidence(question, near, scores, index=index, remedies=remedies, discriminant=pointing, walked=walked)


def _by(found: Evidence, scores: NDArray[np.float64], remedies: Remedies) -> list[str]:
    best = found.solutions[np.argsort(-scores, kind="stable")[:FOUND]]
    return [remedies.ids[place] for place in best]


def _ranked(found: Evidence, ranker: Ranker, remedies: Remedies) -> list[str]:
    return _by(found, ranker.scores(found), remedies)


def _truly(trial: Trial) -> list[Question]:
    """Asked with the categories that are true."""
    known: Mapping[str, tuple[str, str]] = {
        ticket: (category, subcategory)
        for ticket, category, subcategory in trial.recorded.select("ticket_id", *CATEGORY).iter_rows()
        if category is not None and subcategory is not None
    }
    return [_with(one, *known.get(one.ticket_id or "", (None, None))) for one in trial.questions]


def _wrongly(trial: Trial, seed: int) -> list[Question]:
    """Asked with categories that are surely wrong, and surely believed."""
    pairs = trial.recorded.select(CATEGORY).drop_nulls().unique().sort(CATEGORY).rows()
    rng = np.random.default_rng(seed)
    found = []
    for true in _truly(trial):
        others = [pair for pair in pairs if pair[0] not in true.categories]
        found.append(_with(true, *others[rng.integers(len(others))]) if others else true)
    return found


def _with(question: Question, category: str | None, subcategory: str | None) -> Question:
    return msgspec.structs.replace(
        question,
        categories={category: 1.0} if category else {},
        subcategories={subcategory: 1.0} if subcategory else {},
    )


def _by_chance(attempts: pl.DataFrame, seed: int) -> pl.DataFrame:
    """Success dealt at random among attempts."""
    order = np.random.default_rng(seed).permutation(attempts.height)
    return attempts.with_columns(succeeded=attempts["succeeded"].gather(order))
