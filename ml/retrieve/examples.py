"""Past tickets as examples: each asked of what was known before it, with what speaks for what solved it.

Nothing of how a ticket ended is among what its question is known by.
"""

from collections.abc import Callable, Sequence
from datetime import datetime

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from ml.retrieve.discriminant import Discriminant
from ml.retrieve.evidence import DENSE, Walk, alike, evidence, fused
from ml.retrieve.index import CANDIDATES, Candidates, Index
from ml.retrieve.past import Past
from ml.retrieve.remedies import Remedies
from warehouse.errors import NothingToLearn

EARLIER = 0.7
"""Share of the past that is searched while learning; the rest asks."""
MOST, FEWEST = 2_500, 60
"""Questions that are learned from, the newest; and below which nothing is."""
TOLD = 250
"""Questions after which one hears how far it is."""
KEYWORD_WEIGHTS = (0.0, 0.15, 0.3, 0.6, 1.0)
Floats = NDArray[np.float64]


def unheard(said: str) -> None:
    """Nobody listens."""


class Examples(msgspec.Struct, frozen=True, kw_only=True):
    """q questions: `features` of all their candidates below each other, 1 in `labels` for what solved them."""

    features: Floats
    labels: NDArray[np.float32]
    sizes: list[int]
    """How many candidates each question has."""
    unsolved: list[Floats]
    """Candidates of questions that none of theirs solved."""
    keyword: float
    """How much words count beside meaning."""
    searched: int
    asked: int
    asked_from: datetime


def gather(
    past: Past,
    walk: Walk | None = None,
    *,
    tried: pl.DataFrame | None = None,
    most: int = MOST,
    tell: Callable[[str], object] = unheard,
) -> Examples:
    """The examples of a past. `walk` goes through its graph, with what was known at a time.

    `tried` stands in the place of the attempts where it is asked how often something helps (but not for what helped
    the ticket that asks); `most` are asked, the newest; `tell` hears how far it is. Raises `NothingToLearn` where too
    few tickets were solved.
    """
    created, solved = past.problems["created_at"], past.solved_by()
    if len(created) < FEWEST:
        raise NothingToLearn(f"there are {len(created)} tickets, expected {FEWEST}")
    moment = created.sort()[int(len(created) * EARLIER)]
    asking = [row for row, at in enumerate(created) if at >= moment and solved[row] is not None][-most:]
    if len(asking) < FEWEST:
        raise NothingToLearn(f"{len(asking)} of the newest tickets were solved by a known solution, expected {FEWEST}")
    earlier = past.until(moment)
    index = Index.of(earlier.problems, earlier.shared, key="ticket_id", encoder=past.encoder)
    known = earlier.attempts if tried is None else tried.filter(pl.col("at") <= moment)
    remedies = Remedies(earlier.solutions, known, earlier.problems)
    pointing = fitted(earlier)
    questions = past.questions(asking)
    candidates = [index.search(one.asked, one.shared, None, CANDIDATES) for one in questions]
    right = [solved[row] for row in asking]
    keyword = _weight(candidates, right, remedies)
    features, labels, sizes, unsolved = [], [], [], []
    for number, (question, near, answer) in enumerate(zip(questions, candidates, right, strict=True), 1):
        scores = fused(near, keyword, DENSE)
        walked = walk(question, alike(index, near, scores), moment) if walk is not None else {}
        found = evidence(question, near, scores, index=index, remedies=remedies, discriminant=pointing, walked=walked)
        label = np.array([remedies.ids[place] == answer for place in found.solutions], dtype=np.float32)
        if label.any():
            features.append(found.features)
            labels.append(label)
            sizes.append(len(label))
        elif len(label):
            unsolved.append(found.features)
        if number % TOLD == 0:
            tell(f"{number} of {len(questions)} past questions asked again")
    if len(sizes) < FEWEST:
        raise NothingToLearn(f"{len(sizes)} questions had their solution among the candidates, expected {FEWEST}")
    return Examples(
        features=np.vstack(features),
        labels=np.concatenate(labels),
        sizes=sizes,
        unsolved=unsolved,
        keyword=keyword,
        searched=earlier.problems.height,
        asked=len(asking),
        asked_from=moment,
    )


def fitted(past: Past) -> Discriminant:
    """The discriminant of all tickets that were solved."""
    solved = pl.Series("solution", past.solved_by(), dtype=pl.String)
    there = solved.is_not_null()
    rows = there.to_numpy()
    return Discriminant.fit(past.problems.filter(there), past.vectors[rows], solved.filter(there))


def _weight(candidates: Sequence[Candidates], right: Sequence[str | None], remedies: Remedies) -> float:
    """How much words count beside meaning: with which votes give what solved the tickets the most likelihood."""
    return max(KEYWORD_WEIGHTS, key=lambda weight: _likelihood(candidates, right, remedies, weight))


def _likelihood(
    candidates: Sequence[Candidates], right: Sequence[str | None], remedies: Remedies, keyword: float
) -> float:
    total = 0.0
    for near, answer in zip(candidates, right, strict=True):
        tried = remedies.on(near.places)
        scores = fused(near, keyword, DENSE).astype(np.float64)
        weights = np.exp(scores - scores.max())[tried.rows] if len(scores) else np.empty(0)
        mine = tried.solutions == remedies.places.get(answer or "", -1)
        total += float(np.log((weights[mine].sum() + 1e-3) / (weights.sum() + 1e-2)))
    return total
