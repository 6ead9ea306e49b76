"""The order of solutions, learned from what solved past tickets: LambdaMART over what speaks for each.

Burges, "From RankNet to LambdaRank to LambdaMART" (2010), as XGBoost's `rank:ndcg` has it. A question is a ticket of
the later past, asked of what was known before it; right is what solved it. Nothing of how it ended is among what the
question is known by.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import msgspec
import numpy as np
from numpy.typing import NDArray

from ml.retrieve.discriminant import Discriminant
from ml.retrieve.evidence import DENSE, FEATURES, GRAPH, Evidence, Walk
from ml.retrieve.examples import MOST, Examples, fitted, gather, unheard
from ml.retrieve.past import Past
from ml.retrieve.trust import enough, shares
from warehouse.errors import ArtifactDamaged, FormatMismatch

if TYPE_CHECKING:
    from xgboost import Booster

NAME = "models/ranker"
FORMAT = 1
MODEL, SETTINGS = "ranker.ubj", "ranker.json"
DEPTH, ROUNDS, RATE, SUBSAMPLE = 3, 150, 0.1, 0.8
Floats = NDArray[np.float64]


class _Settings(msgspec.Struct, frozen=True):
    format: int
    features: list[str]
    keyword: float
    dense: float
    encoder: str
    enough: float | None = None


class Ranker:
    """Scores what `evidence` found. Threads may share one."""

    def __init__(self, booster: "Booster", discriminant: Discriminant, settings: _Settings) -> None:
        self._booster, self.discriminant, self._settings = booster, discriminant, settings
        self._columns = [FEATURES.index(name) for name in settings.features]
        self._booster.set_param({"nthread": 1})
        self.keyword, self.dense = settings.keyword, settings.dense
        self.encoder = settings.encoder
        self.enough = settings.enough
        """Share of belief below which first suggestions resolved fewer than half of past cases; None: not known."""

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


def learn(
    past: Past, walk: Walk | None = None, *, seed: int, most: int = MOST, tell: Callable[[str], object] = unheard
) -> tuple[Ranker, dict[str, Any]]:
    """A ranker, and what its card says. `walk` goes through the graph of that past, with what was known at a time; of
    `most` questions at most is learned. `tell` hears how far it is.

    Raises `NothingToLearn` where too few tickets were solved.
    """
    examples = gather(past, walk, most=most, tell=tell)
    names = [name for name in FEATURES if walk is not None or name not in GRAPH]
    trusted = _enough(examples, names, seed)
    tell(f"first suggestions are trusted from a share of {trusted:.2f}")
    ranker = taught(examples, fitted(past), names, encoder=past.encoder, seed=seed, trusted=trusted)
    card = {
        "method": "LambdaMART (XGBoost) over votes of alike problems, priors, paths and success",
        "rows": {"searched": examples.searched, "questions": examples.asked, "learned_from": len(examples.sizes)},
        "split": {"asked_from": str(examples.asked_from)},
        "parameters": {"keyword": examples.keyword, "dense": DENSE, "depth": DEPTH, "rounds": ROUNDS, "rate": RATE},
        "enough": trusted,
        "importance": ranker.importance(),
        "seed": seed,
    }
    return ranker, card


def taught(
    examples: Examples,
    pointing: Discriminant,
    names: Sequence[str],
    *,
    encoder: str,
    seed: int,
    trusted: float | None = None,
) -> Ranker:
    """A ranker by these of `FEATURES`; `encoder` made the vectors of the examples, and those that `pointing` reads."""
    columns = [FEATURES.index(name) for name in names]
    booster = _boost(examples.features[:, columns], examples.labels, examples.sizes, seed)
    return Ranker(booster, pointing, _Settings(FORMAT, list(names), examples.keyword, DENSE, encoder, trusted))


def _enough(examples: Examples, names: Sequence[str], seed: int) -> float:
    """Each half of the questions is judged by what the other teaches; those that nothing solved are dealt to both."""
    columns = [FEATURES.index(name) for name in names]
    starts = np.cumsum([0, *examples.sizes])
    half = len(examples.sizes) // 2
    first, resolved = list[float](), list[bool]()
    halves = (range(half), slice(half, None)), (range(half, len(examples.sizes)), slice(half))
    for (own, others), unsolved in zip(halves, (examples.unsolved[::2], examples.unsolved[1::2]), strict=True):
        taken = np.concatenate([np.arange(starts[at], starts[at + 1]) for at in range(len(examples.sizes))[others]])
        booster = _boost(examples.features[taken][:, columns], examples.labels[taken], examples.sizes[others], seed)
        asked = [slice(starts[at], starts[at + 1]) for at in own]
        told = [(examples.features[rows], examples.labels[rows]) for rows in asked]
        told += [(rows, np.zeros(len(rows), np.float32)) for rows in unsolved]
        for features, labels in told:
            scores = np.asarray(booster.inplace_predict(features[:, columns]), dtype=np.float64)
            first.append(float(shares(scores).max()))
            resolved.append(bool(labels[int(scores.argmax())]))
    return enough(first, resolved)


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
