"""How likely an answer resolves the ticket: a logistic model over what is seen of the answer.

Shipped with weights that are set by hand: they say what speaks for an answer, and no probability, so that a person is
asked. Learned from tickets whose outcome is recorded, starting from those. Platt's
targets keep the probabilities of few examples from certainty ("Probabilistic outputs for support vector machines",
1999), and the measures that are kept with the model are out-of-fold.
"""

from math import exp
from pathlib import Path
from typing import Literal, Self

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from ml.answer.features import NAMES
from ml.answer.outcomes import OUTCOME
from warehouse.errors import ArtifactDamaged, FormatMismatch

NAME = "models/answer_quality"
FORMAT = 1
FILE = "quality.json"
FEWEST = 60
"""Answers with a known outcome, and a sixth of them of either kind, below which nothing is learned."""
THRESHOLD = 0.4
"""Probability below which a person is asked."""
FOLDS = 5
PENALTY = 20.0
"""How strongly learned weights are held to the shipped ones, in answers."""
BINS = 10
_SHIPPED = {
    "grounding": 0.8, "kept": 0.5, "coverage": 0.3, "entities": 0.3, "agreement": 0.8, "success": 1.2, "tried": 0.3,
    "score": 3.2, "margin": 0.3, "near": 0.5, "freshness": 0.3, "tone": 0.4, "length": 0.2, "answered": 1.5,
}  # fmt: skip
_SHIPPED_INTERCEPT = -6.55

Route = Literal["answer", "person"]


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """A probability, what each feature adds to its logarithm of odds, and who should answer.

    There is no probability where the weights are those set by hand, and a person should answer. What is no answer
    resolves nothing.
    """

    probability: float | None
    parts: dict[str, float]
    features: dict[str, float]
    route: Route
    weights: Literal["shipped", "learned"]


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """How a model did on answers that it had not seen: out of fold."""

    rows: int
    resolved: float
    log_loss: float
    log_loss_base: float
    """Of the mean alone."""
    auroc: float
    ece: float


class Quality(msgspec.Struct, frozen=True, kw_only=True):
    """A logistic model. `means` and `scales` standardise the features of `names`."""

    format: int = FORMAT
    names: list[str]
    means: list[float]
    scales: list[float]
    weights: list[float]
    intercept: float
    threshold: float = THRESHOLD
    made: Literal["shipped", "learned"]
    measured: Measured | None = None

    @classmethod
    def shipped(cls) -> Self:
        """Weights set by hand, until some are learned."""
        n = len(NAMES)
        return cls(
            names=list(NAMES),
            means=[0.0] * n,
            scales=[1.0] * n,
            weights=[_SHIPPED[name] for name in NAMES],
            intercept=_SHIPPED_INTERCEPT,
            made="shipped",
        )

    @classmethod
    def fit(cls, rows: pl.DataFrame, *, seed: int, threshold: float = THRESHOLD) -> Self:
        """Learn from answers: columns `NAMES`, and `resolved`, 0 to 1 (null: not known).

        The shipped weights where too few are known.
        """
        known = rows.drop_nulls(OUTCOME)
        outcome = known[OUTCOME].cast(pl.Float64).to_numpy()
        if len(outcome) < FEWEST or min(outcome.sum(), len(outcome) - outcome.sum()) < FEWEST / 6:
            return cls.shipped()
        values = known.select(NAMES).to_numpy().astype(np.float64)
        means, scales = values.mean(axis=0), values.std(axis=0)
        scales = np.where(scales < 1e-6, 1.0, scales)
        standard = (values - means) / scales
        prior = np.array([_SHIPPED[name] for name in NAMES]) * values.std(axis=0)
        weights = _fit(standard, outcome, prior)
        return cls(
            names=list(NAMES),
            means=means.tolist(),
            scales=scales.tolist(),
            weights=weights[1:].tolist(),
            intercept=float(weights[0]),
            threshold=threshold,
            made="learned",
            measured=_measured(standard, outcome, prior, seed),
        )

    def probability(self, features: dict[str, float]) -> float:
        """That the answer resolves the ticket."""
        return _squashed(self.intercept + sum(self.parts(features).values()))

    def parts(self, features: dict[str, float]) -> dict[str, float]:
        """What each feature adds to the logarithm of the odds."""
        rows = zip(self.names, self.means, self.scales, self.weights, strict=True)
        return {name: weight * (features[name] - mean) / scale for name, mean, scale, weight in rows}

    def judge(self, features: dict[str, float]) -> Judged:
        """The probability with its parts; an answer that is none, or not known to be probable, goes to a person."""
        parts = self.parts(features)
        probability = self.probability(features) if self.made == "learned" else None
        if not features["answered"]:
            probability = 0.0
        answers = probability is not None and probability >= self.threshold
        return Judged(
            probability=probability,
            parts=parts,
            features=features,
            route="answer" if answers else "person",
            weights=self.made,
        )

    def save(self, folder: Path) -> None:
        """Write `quality.json`."""
        (folder / FILE).write_bytes(msgspec.json.format(msgspec.json.encode(self), indent=1))

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Open what `save` wrote. Raises `ArtifactDamaged`, and `FormatMismatch` for another format."""
        try:
            found = msgspec.json.decode((folder / FILE).read_bytes(), type=cls)
        except (OSError, msgspec.DecodeError) as error:
            found_ = f"{folder} is no judge of answers: {error}."
            raise ArtifactDamaged(f"{found_} Delete that directory and run `ticketlake build`.") from None
        sizes = {len(one) for one in (found.names, found.means, found.scales, found.weights)}
        if found.format != FORMAT or sizes != {len(NAMES)} or found.names != list(NAMES):
            raise FormatMismatch(
                f"{folder} judges by other features than these. Run `ticketlake build` to make it again."
            )
        return found


def _fit(values: NDArray[np.float64], outcome: NDArray[np.float64], prior: NDArray[np.float64]) -> NDArray[np.float64]:
    """Intercept and weights by Newton's method with Platt's targets; a ridge holds the weights to those shipped."""
    good = outcome.sum()
    high, low = (good + 1) / (good + 2), 1 / (len(outcome) - good + 2)
    targets = outcome * high + (1 - outcome) * low
    design = np.column_stack([np.ones(len(values)), values])
    ridge = np.diag([1e-9, *[PENALTY] * values.shape[1]])
    centre = np.array([0.0, *prior])
    weights = centre.copy()
    for _ in range(50):
        chance = 1 / (1 + np.exp(-np.clip(design @ weights, -30, 30)))
        slope = design.T @ (chance - targets) + ridge @ (weights - centre)
        curve = (design * (chance * (1 - chance))[:, None]).T @ design + ridge
        step = np.linalg.solve(curve, slope)
        weights -= step
        if np.abs(step).max() < 1e-8:
            break
    return weights


def _measured(
    values: NDArray[np.float64], outcome: NDArray[np.float64], prior: NDArray[np.float64], seed: int
) -> Measured:
    fold = np.random.default_rng(seed).permutation(len(outcome)) % FOLDS
    chance, base = np.zeros(len(outcome)), np.zeros(len(outcome))
    for number in range(FOLDS):
        held = fold == number
        weights = _fit(values[~held], outcome[~held], prior)
        chance[held] = 1 / (1 + np.exp(-np.clip(weights[0] + values[held] @ weights[1:], -30, 30)))
        base[held] = outcome[~held].mean()
    return Measured(
        rows=len(outcome),
        resolved=float(outcome.mean()),
        log_loss=_log_loss(outcome, chance),
        log_loss_base=_log_loss(outcome, base),
        auroc=auroc(outcome, chance),
        ece=calibration_error(outcome, chance),
    )


def auroc(outcome: NDArray[np.float64], chance: NDArray[np.float64]) -> float:
    """Area under the ROC curve; an outcome between 0 and 1 is both, by its share."""
    values, place = np.unique(chance, return_inverse=True)
    good = np.bincount(place, outcome, minlength=len(values))
    bad = np.bincount(place, 1 - outcome, minlength=len(values))
    below = np.cumsum(bad) - bad
    return float((good * (below + bad / 2)).sum() / (good.sum() * bad.sum()))


def calibration_error(outcome: NDArray[np.float64], chance: NDArray[np.float64]) -> float:
    """Mean distance between what was said and what happened, over bins of as many answers (Naeini et al., 2015)."""
    parts = np.array_split(np.argsort(chance, kind="stable"), min(BINS, len(outcome)))
    return float(sum(len(part) * abs(chance[part].mean() - outcome[part].mean()) for part in parts) / len(outcome))


def _log_loss(outcome: NDArray[np.float64], chance: NDArray[np.float64]) -> float:
    sure = np.clip(chance, 1e-12, 1 - 1e-12)
    return float(-(outcome * np.log(sure) + (1 - outcome) * np.log(1 - sure)).mean())


def _squashed(value: float) -> float:
    return 1 / (1 + exp(-max(-30.0, min(30.0, value))))
