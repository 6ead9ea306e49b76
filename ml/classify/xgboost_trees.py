"""Family `xgboost`: gradient-boosted trees of features, word directions and sentence directions.

Chen and Guestrin, "XGBoost" (2016); reasons are the trees' SHAP values (Lundberg et al., 2020).
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ml.classify import stored
from ml.classify.columns import Columns
from ml.classify.labels import class_weights, kinds, places
from ml.classify.learner import Inputs, Probabilities, Reason

PARAMETERS: dict[str, Any] = {
    "eta": 0.2,
    "max_depth": 4,
    "subsample": 0.8,
    "colsample_bytree": 0.4,
    "min_child_weight": 2,
    "rounds": 150,
    "patience": 10,
    "class_weight": None,
}
TREES = "trees.ubj"
_OWN = ("rounds", "patience", "class_weight")


class XGBoostTrees:
    """Boosted trees, one for each class and round."""

    family = "xgboost"

    def __init__(self, classes: list[str], columns: Columns, booster: Any, parameters: dict[str, Any]) -> None:
        """`booster` gives (n, classes)."""
        self.classes = classes
        self.parameters = parameters
        self._columns = columns
        self._booster = booster

    @classmethod
    def fit(
        cls,
        train: Inputs,
        labels: pl.Series,
        validation: Inputs,
        validation_labels: pl.Series,
        *,
        seed: int,
        parameters: dict[str, Any],
    ) -> Self:
        """Learn from `train` until the loss on `validation` stops falling. `parameters` change `PARAMETERS`."""
        import xgboost as xgb

        chosen = {**PARAMETERS, **parameters}
        classes = kinds(labels)
        columns = Columns.fit(train, seed)
        y, later = places(labels, classes), places(validation_labels, classes)
        weights = class_weights(y, len(classes), chosen["class_weight"])[y]
        learned = xgb.DMatrix(columns.matrix(train), y, weight=weights, nthread=2)
        known = np.flatnonzero(later >= 0)
        watched: dict[str, Any] = {}
        if len(known):
            held = xgb.DMatrix(columns.matrix(validation.take(known)), later[known], nthread=2)
            watched = {"evals": [(held, "validation")], "early_stopping_rounds": chosen["patience"]}
        settings = {name: value for name, value in chosen.items() if name not in _OWN}
        settings |= {"objective": "multi:softprob", "num_class": len(classes), "seed": seed, "nthread": 2}
        booster = xgb.train(settings, learned, chosen["rounds"], verbose_eval=False, **watched)
        if watched:
            booster = booster[: booster.best_iteration + 1]
        return cls(classes, columns, booster, chosen)

    def predict_proba(self, inputs: Inputs) -> Probabilities:
        """One row per ticket, one column per class, each row summing to 1."""
        found: NDArray[np.float32] = self._booster.inplace_predict(self._columns.matrix(inputs))
        given: Probabilities = found.astype(np.float64)
        given /= given.sum(axis=1, keepdims=True)
        return given

    def explain(self, inputs: Inputs, classes: Sequence[int]) -> list[list[Reason]]:
        """SHAP values of each ticket's class, by feature and by word."""
        import xgboost as xgb

        matrix = xgb.DMatrix(self._columns.matrix(inputs), nthread=2)
        every: NDArray[np.float32] = self._booster.predict(matrix, pred_contribs=True)
        chosen = every[np.arange(len(inputs)), np.asarray(classes), :-1]
        return self._columns.reasons(inputs, chosen)

    contributions = explain

    def save(self, folder: Path) -> None:
        """Write the trees (UBJSON), columns and JSON."""
        self._booster.save_model(folder / TREES)
        self._columns.save(folder)
        stored.write(folder, self.classes, self.parameters)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote. Raises `ContractBroken` for another format."""
        import xgboost as xgb

        described = stored.read(folder)
        booster = xgb.Booster({"nthread": 2})
        booster.load_model(folder / TREES)
        return cls(described["classes"], Columns.load(folder), booster, described["parameters"])
