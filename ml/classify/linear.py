"""A linear classifier of ticket text: small, explainable, and loaded from plain arrays and JSON."""

import json
from pathlib import Path

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from ml.classify.calibration import softmax
from ml.classify.learner import Reason
from ml.text.clean import clean
from ml.text.terms import said
from ml.text.tfidf import TfIdf
from warehouse.errors import ContractBroken

FORMAT = 1
REASONS = 5


class Prediction(msgspec.Struct, frozen=True):
    """The likeliest class, its calibrated probability, all probabilities, and why."""

    label: str
    confidence: float
    probabilities: dict[str, float]
    reasons: list[Reason]


class CategoryModel:
    """Text of a ticket to probabilities of its classes."""

    def __init__(
        self,
        classes: list[str],
        shares: NDArray[np.float64],
        terms: TfIdf,
        weights: NDArray[np.float32],
        bias: NDArray[np.float64],
    ) -> None:
        """`weights` has a row a term and a column a class, already divided by the temperature, like `bias`.

        `shares` says how frequent each class is: the answer for a ticket of which no word is known.
        """
        self.classes = classes
        self._shares = shares
        self._terms = terms
        self._weights = weights
        self._bias = bias

    def probabilities(self, rows: pl.DataFrame) -> NDArray[np.float64]:
        """One row per ticket, one column per class, each row summing to 1. `rows` has subject and description."""
        x = self._terms.transform(clean(said(rows)))
        found = softmax(x @ self._weights + self._bias)
        found[np.diff(x.indptr) == 0] = self._shares
        return found

    def explain(self, subject: str | None, description: str | None) -> Prediction:
        """One ticket, with the terms that spoke for its class, strongest first; none where no word is known.

        Weights are logits above the mean of the other classes.
        """
        rows = pl.DataFrame({"subject": [subject], "description": [description]}, schema=_SAID)
        found = self.probabilities(rows)[0]
        best = int(found.argmax())
        vector = self._terms.transform(clean(said(rows)))
        weights = self._weights[vector.indices]
        others = (weights.sum(axis=1) - weights[:, best]) / max(len(self.classes) - 1, 1)
        spoke = vector.data * (weights[:, best] - others)
        strongest = [int(i) for i in np.argsort(-spoke, kind="stable")[:REASONS] if spoke[i] > 0]
        return Prediction(
            label=self.classes[best],
            confidence=float(found[best]),
            probabilities={name: float(p) for name, p in zip(self.classes, found, strict=True)},
            reasons=[Reason(self._terms.term(int(vector.indices[i])), float(spoke[i])) for i in strongest],
        )

    def save(self, folder: Path) -> None:
        """Write `model.json` and one `.npy` an array."""
        state = self._terms.state()
        plain = {"format": FORMAT, "classes": self.classes, "words": state["words"]}
        (folder / "model.json").write_text(json.dumps(plain, ensure_ascii=False), encoding="utf-8")
        own = {"shares": self._shares, "weights": self._weights, "bias": self._bias}
        for name, array in {"pairs": state["pairs"], "idf": state["idf"], **own}.items():
            np.save(folder / f"{name}.npy", array, allow_pickle=False)

    @classmethod
    def load(cls, folder: Path) -> "CategoryModel":
        """Read what `save` wrote. Raises `ContractBroken` for another format."""
        plain = json.loads((folder / "model.json").read_text(encoding="utf-8"))
        if plain["format"] != FORMAT:
            raise ContractBroken(
                f"{folder.name} has model format {plain['format']}, expected {FORMAT}. Train it again."
            )
        array = {name: np.load(folder / f"{name}.npy", allow_pickle=False) for name in _ARRAYS}
        terms = TfIdf(plain["words"], array["pairs"], array["idf"])
        return cls(plain["classes"], array["shares"], terms, array["weights"], array["bias"])


_ARRAYS = ("pairs", "idf", "shares", "weights", "bias")
_SAID = {"subject": pl.String, "description": pl.String}
