"""Family `catboost`: boosted symmetric trees that read words and categories as they are.

Prokhorenkova et al., "CatBoost: unbiased boosting with categorical features" (2018).
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ml.classify import stored
from ml.classify.labels import class_weights, kinds, places
from ml.classify.learner import MEANING, Inputs, Probabilities, Reason, shown
from ml.classify.occlusion import occlude
from ml.text.terms import tokens

PARAMETERS: dict[str, Any] = {
    "iterations": 80,
    "learning_rate": 0.25,
    "depth": 4,
    "border_count": 32,
    "l2_leaf_reg": 3.0,
    "patience": 8,
    "class_weight": None,
    "meanings": 32,
}
TREES = "trees.cbm"
MOST_TREES = 480
"""A round grows a tree for each class: many classes get fewer rounds."""
REASONS = 20
WORDS = "words of the text"
_OWN = ("patience", "class_weight", "meanings")


class CatBoostTrees:
    """Boosted trees of the words, the categories, the numbers and the leading directions of the sentence vectors."""

    family = "catboost"

    def __init__(
        self, classes: list[str], model: Any, axes: NDArray[np.float32], columns: list[str], parameters: dict[str, Any]
    ) -> None:
        """`axes` (vector columns, directions); `columns` of the table, in the order in which they were learned."""
        self.classes = classes
        self.parameters = parameters
        self._model = model
        self._axes = axes
        self._columns = columns

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
        from catboost import CatBoostClassifier

        chosen = {**PARAMETERS, **parameters}
        classes = kinds(labels)
        y, later = places(labels, classes), places(validation_labels, classes)
        settings = {name: value for name, value in chosen.items() if name not in _OWN}
        model = CatBoostClassifier(
            **settings | {"iterations": min(chosen["iterations"], max(10, MOST_TREES // len(classes)))},
            loss_function="MultiClass",
            random_seed=seed,
            thread_count=2,
            allow_writing_files=False,
            verbose=False,
            class_weights=[float(one) for one in class_weights(y, len(classes), chosen["class_weight"])],
        )
        learner = cls(classes, model, _axes(train.vectors, chosen["meanings"], seed), train.table.columns, chosen)
        known = np.flatnonzero(later >= 0)
        watched: dict[str, Any] = {}
        if len(known):
            held = learner._pool(validation.take(known), later[known])
            watched = {"eval_set": held, "early_stopping_rounds": chosen["patience"], "use_best_model": True}
        model.fit(learner._pool(train, y), **watched)
        return learner

    def predict_proba(self, inputs: Inputs) -> Probabilities:
        """One row per ticket, one column per class, each row summing to 1."""
        given: Probabilities = self._model.predict_proba(self._pool(inputs), thread_count=2).astype(np.float64)
        return given

    def explain(self, inputs: Inputs, classes: Sequence[int]) -> list[list[Reason]]:
        """SHAP values of the features and of the meaning as one; for words what leaving each out takes away."""
        own = self._shap(inputs, classes)
        said = occlude(self._scores, inputs, list(classes), 1.0)
        return [_strongest([*some[:-1], *words]) for some, words in zip(own, said, strict=True)]

    def contributions(self, inputs: Inputs, classes: Sequence[int]) -> list[list[Reason]]:
        """SHAP values of the features, of the meaning as one, and of all words as one."""
        return [_strongest(some) for some in self._shap(inputs, classes)]

    def _shap(self, inputs: Inputs, classes: Sequence[int]) -> list[list[Reason]]:
        """By feature, then the meaning, then the words."""
        every = self._model.get_feature_importance(self._pool(inputs), type="ShapValues", thread_count=2)
        width, found = len(self._columns), []
        for row, wanted in enumerate(classes):
            values = every[row, wanted]
            own = [
                Reason(name, float(values[at]), shown(inputs.table[name][row])) for at, name in enumerate(self._columns)
            ]
            # After the features come the words, then the directions, then the bias.
            own += [Reason(MEANING, float(values[width + 1 : -1].sum())), Reason(WORDS, float(values[width]))]
            found.append(own)
        return found

    def save(self, folder: Path) -> None:
        """Write the trees (CatBoost's own format), directions and JSON."""
        self._model.save_model(str(folder / TREES), format="cbm")
        np.save(folder / "axes.npy", self._axes, allow_pickle=False)
        stored.write(folder, self.classes, self.parameters, columns=self._columns)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote. Raises `ContractBroken` for another format."""
        from catboost import CatBoostClassifier

        described = stored.read(folder)
        model = CatBoostClassifier().load_model(str(folder / TREES), format="cbm")
        axes = np.load(folder / "axes.npy", allow_pickle=False)
        return cls(described["classes"], model, axes, described["columns"], described["parameters"])

    def _scores(self, inputs: Inputs) -> NDArray[np.float64]:
        raw: NDArray[np.float64] = self._model.predict(
            self._pool(inputs), prediction_type="RawFormulaVal", thread_count=2
        )
        return np.stack([-raw, raw], axis=1) if raw.ndim == 1 else raw

    def _pool(self, inputs: Inputs, labels: NDArray[np.int64] | None = None) -> Any:
        """Features, then the words, then the directions."""
        import pandas as pd
        from catboost import Pool

        frame: dict[str, Any] = {}
        for name in self._columns:
            column = inputs.table[name]
            is_text = column.dtype == pl.String
            frame[name] = column.fill_null("∅").to_list() if is_text else column.cast(pl.Float32).to_numpy()
        frame["_words"] = _words(inputs.texts)
        projected = inputs.vectors @ self._axes
        frame |= {f"_meaning_{at}": projected[:, at] for at in range(projected.shape[1])}
        categories = [name for name in self._columns if inputs.table[name].dtype == pl.String]
        return Pool(pd.DataFrame(frame), labels, cat_features=categories, text_features=["_words"])


def _axes(vectors: NDArray[np.float32], size: int, seed: int) -> NDArray[np.float32]:
    from sklearn.decomposition import TruncatedSVD

    size = min(size, vectors.shape[1] - 1, len(vectors) - 1)
    if size < 1:
        return np.zeros((vectors.shape[1], 0), np.float32)
    found: NDArray[np.float32] = TruncatedSVD(size, random_state=seed).fit(vectors).components_.T.astype(np.float32)
    return found


def _words(texts: pl.Series) -> list[str]:
    """Each text as its tokens, parted by spaces: CatBoost's own tokenizer knows no Chinese or Japanese."""
    text, token = tokens(texts)
    rows = pl.DataFrame({"text": text, "token": token}).group_by("text").agg(pl.col("token").str.join(" "))
    every = pl.DataFrame({"text": np.arange(len(texts))})
    found: list[str] = every.join(rows, on="text", how="left", maintain_order="left")["token"].fill_null("").to_list()
    return found


def _strongest(reasons: list[Reason]) -> list[Reason]:
    return sorted((one for one in reasons if one.weight), key=lambda one: -abs(one.weight))[:REASONS]
