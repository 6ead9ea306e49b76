"""The order of solutions, learned from what solved past tickets: LambdaMART over what speaks for each.

Burges, "From RankNet to LambdaRank to LambdaMART" (2010), as XGBoost's `rank:ndcg` has it. A question is a ticket of
the later past, asked of what was known before it; right is what solved it. Nothing of how it ended is among what the
question is known by.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from ml.retrieve.discriminant import Discriminant
from ml.retrieve.evidence import FEATURES, GRAPH, Evidence, Walk, alike, evidence, fused
from ml.retrieve.index import CANDIDATES, Candidates, Index
from ml.retrieve.past import Past
from ml.retrieve.remedies import Remedies
from warehouse.errors import ArtifactDamaged, FormatMismatch, NothingToLearn

if TYPE_CHECKING:
    from xgboost import Booster

NAME = "models/ranker"
FORMAT = 1
MODEL, SETTINGS = "ranker.ubj", "ranker.json"
EARLIER = 0.7
"""Share of the past that is searched while learning; the rest asks."""
MOST, FEWEST = 2_500, 60
"""Questions that are learned from, the newest; and below which nothing is."""
DEPTH, ROUNDS, RATE, SUBSAMPLE = 3, 150, 0.1, 0.8
KEYWORD_WEIGHTS = (0.0, 0.15, 0.3, 0.6, 1.0)
KEYWORD, DENSE = 0.3, 1.0
"""Where nothing was learned yet."""
Floats = NDArray[np.float64]


class _Settings(msgspec.Struct, frozen=True):
    format: int
    features: list[str]
    keyword: float
    dense: float
    encoder: str


class Ranker:
    """Scores what `evidence` found. Threads may share one."""

    def __init__(self, booster: "Booster", discriminant: Discriminant, settings: _Settings) -> None:
        self._booster, self.discriminant, self._settings = booster, discriminant, settings
        self._columns = [FEATURES.index(name) for name in settings.features]
        self._booster.set_param({"nthread": 1})
        self.keyword, self.dense = settings.keyword, settings.dense
        self.encoder = settings.encoder

    def scores(self, found: Evidence) -> Floats:
        """One score per candidate solution, (c,); only their order, and their distances, mean something."""
        if not len(found.solutions):
            return np.empty(0)
        scores: Floats = np.asarray(self._booster.inplace_predict(found.features[:, self._columns]), dtype=np.float64)
        return scores

    def importance(self) -> dict[str, float]:
        """Mean gain by feature, the most useful first."""
        gained = self._booster.get_score(importance_type="gain")
        named = {self._settings.features[int(name[1:])]: float(gain) for name, gain in gained.items()}
        return dict(sorted(named.items(), key=lambda item: -item[1]))

    def save(self, folder: Path) -> None:
        """Write XGBoost's own binary JSON, an array, and JSON."""
        self._booster.save_model(folder / MODEL)
        self.discriminant.save(folder)
        (folder / SETTINGS).write_bytes(msgspec.json.encode(self._settings))

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Open what `save` wrote. Raises `ArtifactDamaged`, and `FormatMismatch` for one of other features."""
        from xgboost import Booster
        from xgboost.core import XGBoostError

        try:
            settings = msgspec.json.decode((folder / SETTINGS).read_bytes(), type=_Settings)
            if settings.format != FORMAT or not set(settings.features) <= set(FEATURES):
                raise FormatMismatch(f"{folder} ranks by what is not known here. Run `ticketlake build --learn`.")
            booster = Booster(model_file=folder / MODEL)
        except (OSError, ValueError, XGBoostError, msgspec.DecodeError) as error:
            raise ArtifactDamaged(f"{folder} holds no ranker: {error}. Run `ticketlake build --learn`.") from None
        return cls(booster, Discriminant.load(folder), settings)


def learn(past: Past, walk: Walk | None = None, *, seed: int) -> tuple[Ranker, dict[str, Any]]:
    """A ranker, and what its card says. `walk` goes through the graph of that past, with what was known at a time.

    Raises `NothingToLearn` where too few tickets were solved.
    """
    created, solved = past.problems["created_at"], past.solved_by()
    if len(created) < FEWEST:
        raise NothingToLearn(f"there are {len(created)} tickets, expected {FEWEST}")
    moment = created.sort()[int(len(created) * EARLIER)]
    asking = [row for row, at in enumerate(created) if at >= moment and solved[row] is not None][-MOST:]
    if len(asking) < FEWEST:
        raise NothingToLearn(f"{len(asking)} of the newest tickets were solved by a known solution, expected {FEWEST}")
    earlier = past.until(moment)
    index = Index.of(earlier.problems, earlier.shared, key="ticket_id", encoder=past.encoder)
    remedies = Remedies(earlier.solutions, earlier.attempts, earlier.problems)
    pointing = fitted(earlier)
    questions = past.questions(asking)
    candidates = [index.search(one.asked, one.shared, None, CANDIDATES) for one in questions]
    right = [solved[row] for row in asking]
    keyword = _weight(candidates, right, remedies)
    features, labels, sizes = [], [], []
    for question, near, answer in zip(questions, candidates, right, strict=True):
        scores = fused(near, keyword, DENSE)
        walked = walk(question, alike(index, near, scores), moment) if walk is not None else {}
        found = evidence(question, near, scores, index=index, remedies=remedies, discriminant=pointing, walked=walked)
        label = np.array([remedies.ids[place] == answer for place in found.solutions], dtype=np.float32)
        if label.any():
            features.append(found.features)
            labels.append(label)
            sizes.append(len(label))
    names = [name for name in FEATURES if walk is not None or name not in GRAPH]
    columns = [FEATURES.index(name) for name in names]
    if len(sizes) < FEWEST:
        raise NothingToLearn(f"{len(sizes)} questions had their solution among the candidates, expected {FEWEST}")
    booster = _boost(np.vstack(features)[:, columns], np.concatenate(labels), sizes, seed)
    settings = _Settings(FORMAT, names, keyword, DENSE, past.encoder)
    ranker = Ranker(booster, fitted(past), settings)
    card = {
        "method": "LambdaMART (XGBoost), 150 trees of depth 3, over votes of alike problems, priors and success",
        "rows": {"searched": earlier.problems.height, "questions": len(asking), "learned_from": len(sizes)},
        "split": {"asked_from": str(moment)},
        "parameters": {"keyword": keyword, "dense": DENSE, "depth": DEPTH, "rounds": ROUNDS, "rate": RATE},
        "importance": ranker.importance(),
        "seed": seed,
    }
    return ranker, card


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


def _boost(features: Floats, labels: NDArray[np.float32], sizes: Sequence[int], seed: int) -> "Booster":
    from xgboost import DMatrix, train

    data = DMatrix(features, label=labels)
    data.set_group(sizes)
    parameters = {
        "objective": "rank:ndcg",
        "max_depth": DEPTH,
        "eta": RATE,
        "subsample": SUBSAMPLE,
        "seed": seed,
        "nthread": 2,
    }
    return train(parameters, data, ROUNDS)
