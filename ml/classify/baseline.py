"""The first honest model: TF-IDF and logistic regression on what the customer said when the ticket was opened.

Fitted on the past, calibrated on what followed, judged on the most recent tickets, beside always guessing the majority.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from ml.card import Card, library_versions
from ml.classify.calibration import loss, temperature
from ml.classify.labels import places
from ml.classify.linear import CategoryModel
from ml.evaluate import measures
from ml.evaluate.splits import PARTS, TimeSplit, time_split
from ml.text.clean import clean
from ml.text.terms import said
from ml.text.tfidf import TfIdf
from warehouse.errors import NothingToLearn

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

NAME = "models/category_baseline"
FEATURES = ["subject", "description"]
TARGET = "category"
COLUMNS = ("ticket_id", "created_at", *FEATURES, "language", TARGET)
FEWEST_ROWS = 50
STRENGTHS = (0.01, 0.1, 1.0, 3.0, 10.0)
TUNING_ROWS = 20_000
# Enough for SAGA to settle to the third digit of the loss in about 20 passes; L-BFGS takes ten times as long here.
TOLERANCE = 1e-3
MOST_PASSES = 200
LOG_TEMPERATURES = (-3.0, 3.0)

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]


def train(
    rows: pl.DataFrame, *, target: str = TARGET, seed: int, inputs: Mapping[str, int] | None = None
) -> tuple[CategoryModel, Card]:
    """Fit on the past, judge on the most recent tickets.

    `rows` has `COLUMNS`; rows without label or text are left out. `inputs` names the Delta versions that
    they were read at. Raises `NothingToLearn` when too little is left.
    """
    labelled, split = _learnable(rows, target)
    texts = {part: clean(said(labelled[part])) for part in PARTS}
    classes = sorted(labelled["train"][target].unique())
    terms = TfIdf.fit(texts["train"])
    x = {part: terms.transform(texts[part]) for part in PARTS}
    y = {part: places(labelled[part][target], classes) for part in PARTS}
    strength = _choose(x, y, len(classes), seed)
    weights, bias = _fit(x["train"], y["train"], strength, seed)
    divisor = temperature(x["validation"] @ weights + bias, y["validation"], LOG_TEMPERATURES)
    shares = np.bincount(y["train"], minlength=len(classes)) / len(y["train"])
    model = CategoryModel(classes, shares, terms, (weights / divisor).astype(np.float32), bias / divisor)
    found, verdict = _judge(model, labelled, target, seed)
    card = Card(
        name=NAME,
        target=target,
        method="logistic regression (multinomial, L2) on TF-IDF of words and word pairs, temperature-scaled",
        features=FEATURES,
        inputs=dict(inputs or {}),
        rows={**{part: labelled[part].height for part in PARTS}, "left_out": rows.height - _height(labelled)},
        split={"by": "created_at", **{name: at.isoformat() for name, at in vars(split).items()}},
        seed=seed,
        parameters={"C": strength, "temperature": divisor, "terms": terms.columns, "class_weight": None},
        libraries=library_versions(["numpy", "polars", "scikit-learn", "scipy"]),
        measures=found,
        verdict=verdict,
    )
    return model, card


def _learnable(rows: pl.DataFrame, target: str) -> tuple[dict[str, pl.DataFrame], TimeSplit]:
    usable = rows.with_columns(clean(said(rows)).alias("_said")).filter(
        pl.col(target).is_not_null() & (pl.col("_said").str.strip_chars() != "")
    )
    if usable.height < FEWEST_ROWS or usable[target].n_unique() < 2:
        found = f"{usable.height} tickets with {target} and text, {usable[target].n_unique()} classes"
        raise NothingToLearn(f"{NAME}: found {found}; expected at least {FEWEST_ROWS} and 2. Label more tickets.")
    split = time_split(usable["created_at"])
    if split is None:
        raise NothingToLearn(f"{NAME}: all tickets were opened at about the same time, expected a past and a future.")
    parts = usable.with_columns(split.part().alias("_part")).sort("created_at", "ticket_id")
    found_parts = {part: parts.filter(pl.col("_part") == part) for part in PARTS}
    if found_parts["train"][target].n_unique() < 2:
        raise NothingToLearn(f"{NAME}: the oldest 70 % of the tickets are of one {target}, expected at least 2.")
    return found_parts, split


def _choose(x: "dict[str, csr_matrix]", y: dict[str, Labels], classes: int, seed: int) -> float:
    """The strength whose calibrated log loss on the validation part is least; fitted on the newest training rows."""
    newest = slice(-TUNING_ROWS, None)
    if len(np.unique(y["train"][newest])) < classes:
        newest = slice(None)
    losses = {}
    for strength in STRENGTHS:
        weights, bias = _fit(x["train"][newest], y["train"][newest], strength, seed)
        logits = x["validation"] @ weights + bias
        divisor = temperature(logits, y["validation"], LOG_TEMPERATURES)
        losses[strength] = loss(logits / divisor, y["validation"])
    return min(losses, key=losses.__getitem__)


def _fit(x: "csr_matrix", y: Labels, strength: float, seed: int) -> tuple[Floats, Floats]:
    """Weights (terms by classes) and bias of a multinomial regression (SAGA: Defazio, Bach, Lacoste-Julien, 2014)."""
    from sklearn.linear_model import LogisticRegression

    saga = LogisticRegression(C=strength, solver="saga", tol=TOLERANCE, max_iter=MOST_PASSES, random_state=seed)
    fitted = saga.fit(x, y)
    weights, bias = fitted.coef_.T.astype(np.float64), fitted.intercept_.astype(np.float64)
    if weights.shape[1] == 1:
        return np.hstack([-weights / 2, weights / 2]), np.hstack([-bias / 2, bias / 2])
    return weights, bias


def _judge(
    model: CategoryModel, labelled: dict[str, pl.DataFrame], target: str, seed: int
) -> tuple[dict[str, Any], str]:
    """Measures on the test part beside the majority baseline, and the verdict in a sentence."""
    test = labelled["test"]
    classes = [*model.classes, *sorted(set(test[target]) - set(model.classes))]
    truth = places(test[target], classes)
    probabilities = np.pad(model.probabilities(test), ((0, 0), (0, len(classes) - len(model.classes))))
    prior = np.bincount(places(labelled["train"][target], classes), minlength=len(classes)).astype(np.float64)
    baseline = np.tile(prior / prior.sum(), (len(truth), 1))
    guess, majority = probabilities.argmax(axis=1), baseline.argmax(axis=1)
    gain = measures.accuracy_gain(truth, guess, majority, seed=seed)
    languages = test["language"].fill_null("unknown").to_numpy()
    found = {
        "test": measures.classification(truth, probabilities, classes, seed=seed),
        "majority": {"class": classes[int(prior.argmax())]}
        | measures.classification(truth, baseline, classes, seed=seed),
        "accuracy_gain_over_majority": gain,
        "confusion": {"classes": classes, "rows_are_true": measures.confusion(truth, guess, len(classes)).tolist()},
        "per_language": {
            str(language): _brief(truth[languages == language], guess[languages == language], len(classes), seed)
            for language in np.unique(languages)
        },
    }
    points = (
        f"{100 * gain.value:+.1f} points of accuracy (95 % interval {100 * gain.low:+.1f} to {100 * gain.high:+.1f})"
    )
    says = "beats" if gain.low > 0 else "does not beat"
    return msgspec.to_builtins(found), f"{says} the majority baseline: {points} on the {len(truth)} newest tickets"


def _brief(truth: Labels, guess: Labels, classes: int, seed: int) -> dict[str, Any]:
    matrix = measures.confusion(truth, guess, classes)
    return {
        "rows": len(truth),
        "accuracy": measures.resampled(matrix, measures.accuracy, seed),
        "weighted_f1": measures.resampled(matrix, measures.weighted_f1, seed),
    }


def _height(labelled: dict[str, pl.DataFrame]) -> int:
    return sum(frame.height for frame in labelled.values())
