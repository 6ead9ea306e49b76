"""What speaks for each solution: past problems that are alike, what is usual where this one is, how often it helped.

Problems that are alike vote for what was tried on them, weighed by the exponential of how alike they are (kernel
regression, Nadaraya 1964, over the nearest).
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from ml.retrieve.discriminant import Discriminant
from ml.retrieve.found import Path
from ml.retrieve.index import Candidates, Index
from ml.retrieve.question import Question
from ml.retrieve.remedies import LEAST, Remedies, Tried
from ml.retrieve.success import shrunk_within

KEYWORD, DENSE = 0.3, 1.0
"""Weights of words and of meaning where none were learned."""
NEIGHBOURS, NEAREST = 200, 20
NEAR = 4.0
"""Attempts that a solution's rate everywhere counts for among the neighbours."""
UNSEEN, FAR = -12.0, -3.0
SHOWN = 5
SEEDS = 20
"""Alike tickets that a walk through the graph begins at, beside the names in the question."""
Walked = Mapping[str, tuple[float, Path]]
"""By solution how well the graph connects it to a question, and the way."""
Scores = NDArray[np.float32]
Floats = NDArray[np.float64]

TEXT = ("keyword", "dense", "fused", "nearest", "best", "errors", "version")
PRIORS = ("discriminant", "category", "subcategory", "product", "product_module", "usual", "recent")
SUCCESS = ("rate", "rate_near", "helped", "attempts")
GRAPH = ("graph",)
FEATURES = (*TEXT, *PRIORS, *SUCCESS, *GRAPH)


class Walk(Protocol):
    """Goes through the graph from what a question names, and from tickets (ids) that are alike, with weights."""

    def __call__(
        self,
        question: Question,
        tickets: Mapping[str, float],
        as_of: datetime | None = None,
        within: pl.Series | None = None,
    ) -> Walked:
        """With what was known at `as_of`, through no other tickets than those `within` (ids); None: with all."""
        ...


class Evidence(msgspec.Struct, frozen=True):
    """c candidate solutions: their places, a column for each of `FEATURES`, the neighbours that vote, and the votes."""

    solutions: NDArray[np.int64]
    features: Floats
    neighbours: Candidates
    weights: Floats
    tried: Tried

    def column(self, name: str) -> Floats:
        """One feature, (c,)."""
        column: Floats = self.features[:, FEATURES.index(name)]
        return column

    def tickets(self, solution: int) -> list[int]:
        """Documents, the most alike first, on which a solution was tried, those that it helped before the others."""
        mine = self.tried.solutions == solution
        rows, helped = self.tried.rows[mine], self.tried.succeeded[mine]
        order = np.lexsort((-self.weights[rows], ~helped))
        places: list[int] = self.neighbours.places[rows[order]][:SHOWN].tolist()
        return places


def fused(candidates: Candidates, keyword: float, dense: float) -> Scores:
    """Words and meaning as one, (m,)."""
    total: Scores = np.float32(keyword) * candidates.keyword + np.float32(dense) * candidates.dense
    return total


def alike(index: Index, candidates: Candidates, scores: Scores) -> dict[str, float]:
    """The most alike tickets, with weights."""
    best = np.argsort(-scores, kind="stable")[:SEEDS]
    weights = np.exp(scores[best].astype(np.float64) - float(scores.max(initial=-np.inf)))
    ids = (index.ids[place] for place in candidates.places[best].tolist())
    return dict(zip(ids, weights.tolist(), strict=True))


def evidence(
    question: Question,
    candidates: Candidates,
    scores: Scores,
    *,
    index: Index,
    remedies: Remedies,
    discriminant: Discriminant | None,
    walked: Walked,
) -> Evidence:
    """What speaks for every solution that was tried on an alike problem, or that graph or discriminant point to.

    `scores` are how alike the candidates are.
    """
    kept = np.flatnonzero(remedies.tried[candidates.places])
    kept = kept[np.argsort(-scores[kept], kind="stable")][:NEIGHBOURS]
    near, alike = candidates.take(kept), scores[kept].astype(np.float64)
    weights = np.exp(alike - alike.max()) if len(alike) else alike
    tried = remedies.on(near.places)
    size = len(remedies.ids)

    def voted(by: Floats, which: "NDArray[np.bool_] | slice" = slice(None)) -> Floats:
        votes = np.bincount(tried.solutions[which], weights=by[tried.rows[which]], minlength=size)
        found: Floats = np.log(votes / max(by.sum(), LEAST) + LEAST * 10)
        return found

    best = np.full(size, FAR)
    np.maximum.at(best, tried.solutions, alike[tried.rows])
    votes: Floats = np.bincount(tried.solutions, weights=weights[tried.rows], minlength=size).astype(float)
    helped = np.minimum(np.bincount(tried.solutions, tried.succeeded * weights[tried.rows], size), votes)
    points = np.full(size, UNSEEN)
    if discriminant is not None and question.vector is not None:
        said = np.maximum(discriminant.log_probabilities(question), UNSEEN)
        for name, value in zip(discriminant.classes, said, strict=True):
            if name in remedies.places:
                points[remedies.places[name]] = value
    linked = np.zeros(size)
    for name, (value, _) in walked.items():
        if name in remedies.places:
            linked[remedies.places[name]] = value
    same_error, same_version = _agreement(question, near, index)
    columns: dict[str, Floats] = {
        "keyword": voted(_weights(near.keyword)),
        "dense": voted(_weights(near.dense)),
        "fused": voted(weights),
        "nearest": voted(weights, tried.rows < NEAREST),
        "best": best,
        "errors": _share(tried, weights, same_error, votes),
        "version": _share(tried, weights, same_version, votes),
        "discriminant": points,
        **{kind: np.log(remedies.share(kind, _values(question, kind)) + LEAST) for kind in PRIORS[1:5]},
        "usual": np.log(remedies.usual + LEAST),
        "recent": np.log(remedies.recent + LEAST),
        "rate": remedies.rates,
        "rate_near": shrunk_within(helped, votes, remedies.rates, NEAR),
        "helped": np.log(helped / max(weights.sum(), LEAST) + LEAST * 10),
        "attempts": np.log1p(remedies.attempts),
        "graph": linked,
    }
    there = np.flatnonzero((votes > 0) | (linked > 0) | (points > -5))
    features = np.column_stack([columns[name][there] for name in FEATURES])
    return Evidence(there, features, near, weights, tried)


def _weights(scores: Scores) -> Floats:
    weights: Floats = np.exp(scores.astype(np.float64) - float(scores.max())) if len(scores) else scores.astype(float)
    return weights


def _values(question: Question, kind: str) -> Mapping[str, float]:
    if kind == "category":
        return question.categories
    if kind == "subcategory":
        return question.subcategories
    value = getattr(question, kind)
    return {} if value is None else {value: 1.0}


def _agreement(question: Question, near: Candidates, index: Index) -> tuple[Floats, Floats]:
    """Whether each neighbour names an error that the question names, and whether it is of its version, (m,)."""
    asked = set(question.asked["errors"][0].split("\n")) - {""}
    errors = np.zeros(len(near.places))
    if asked:
        said = index.documents["errors"].gather(near.places).to_list()
        errors[:] = [not asked.isdisjoint(one.split("\n")) for one in said]
    versions = index.documents.select("product", "product_version")[near.places].rows()
    mine = (question.product, question.product_version)
    return errors, np.array([None not in mine and one == mine for one in versions], dtype=float)


def _share(tried: Tried, weights: Floats, held: Floats, votes: Floats) -> Floats:
    """Of each solution's votes, the share of neighbours of which that holds."""
    part = np.bincount(tried.solutions, weights=(weights * held)[tried.rows], minlength=len(votes))
    return np.divide(part, votes, out=np.zeros(len(votes)), where=votes > 0)
