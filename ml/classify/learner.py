"""What every learner is: fitted on labelled tickets, asked for probabilities and reasons, kept in a directory."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol, Self, TypeVar

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from ml.classify.corpus import Corpus

Vectors = NDArray[np.float32]
Probabilities = NDArray[np.float64]
Places = NDArray[np.int64]
T = TypeVar("T")
FEW = 64
"""Texts whose terms are counted one by one, and kept for the next model: a long one has a thousand."""
MEANING = "meaning of the text"
"""The term of a `Reason` that lies in the sentence vector."""


@dataclass(frozen=True)
class Inputs:
    """What is known of n tickets when they are opened."""

    texts: pl.Series
    """n cleaned texts, never null."""
    vectors: Vectors
    """n rows of sentence embeddings, in blocks of unit length; no columns where nothing was embedded."""
    table: pl.DataFrame
    """n rows of features: Float32 (null: not known) and String (null: not known); no columns for bare texts."""
    read: dict[Hashable, Any] = field(default_factory=dict, repr=False, compare=False)
    """What one learner read in these tickets and another may use."""
    within: tuple[Corpus, Places] | None = field(default=None, repr=False, compare=False)
    """Of many texts, the whole whose terms are counted once, and the place of each text in it."""

    def __post_init__(self) -> None:
        """A table without columns has as many rows as there are texts."""
        if not self.table.width and self.table.height != len(self):
            object.__setattr__(self, "table", pl.DataFrame(height=len(self)))

    def __len__(self) -> int:
        return len(self.texts)

    def once(self, key: Hashable, make: Callable[[], T]) -> T:
        """What `make` makes; of few tickets it is kept for whichever model asks next under this key."""
        if len(self) > FEW:
            return make()
        if key not in self.read:
            self.read[key] = make()
        found: T = self.read[key]
        return found

    def take(self, places: Places) -> "Inputs":
        """The tickets at these places, in this order."""
        table = self.table[places] if self.table.width else pl.DataFrame(height=len(places))
        many = self.within if len(places) > FEW else None
        within = (many[0], many[1][places]) if many else None
        return Inputs(self.texts.gather(places), self.vectors[places], table, within=within)

    def counted_once(self) -> "Inputs":
        """The same tickets; terms of whatever is taken from them are counted once."""
        return replace(self, within=(Corpus(self.texts), np.arange(len(self))))


class Reason(msgspec.Struct, frozen=True):
    """What moved a prediction: the words or the feature, its value where it has one, and by how many logits."""

    term: str
    weight: float
    value: str | None = None


def shown(value: object) -> str | None:
    """The value of a feature as a `Reason` says it."""
    return f"{value:g}" if isinstance(value, float) else None if value is None else str(value)


class Answering(Protocol):
    """A fitted learner. It does not change."""

    family: str
    """Its name in tables and releases, such as `catboost`."""
    classes: list[str]
    """The labels, in the order of the columns of `predict_proba`."""

    def predict_proba(self, inputs: Inputs) -> Probabilities:
        """One row per ticket, one column per class, each row summing to 1."""
        ...

    def explain(self, inputs: Inputs, classes: Sequence[int]) -> list[list[Reason]]:
        """For each ticket, what moved it towards (above 0) or away from (below 0) its class, strongest first."""
        ...

    def save(self, folder: Path) -> None:
        """Write everything into an empty directory; nothing in it can run code when it is loaded."""
        ...

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote. Raises `ContractBroken` for another format."""
        ...


class Learner(Answering, Protocol):
    """One family of models."""

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
        """Learn from `train`; `validation` (later in time) is for stopping early, never for weights."""
        ...
