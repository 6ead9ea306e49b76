"""Which solution a description points to: linear discriminant analysis over vectors (Fisher 1936), in closed form.

Class means are shrunk to the mean of all, for most solutions were seen a few times; the covariance they share is shrunk
to a sphere (Ledoit and Wolf, "Honey, I shrunk the sample covariance matrix", 2004, with a fixed share).
"""

from pathlib import Path
from typing import Self

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from ml.retrieve.question import Question
from warehouse.errors import ArtifactDamaged

SPHERE = 0.1
MEAN = 3.0
"""Tickets that the mean of all counts for in a class."""
COLUMNS = ("product", "product_module")
SCALE = 0.5
"""Of an indicator, beside blocks of unit length."""
RARE = 1e-6
WEIGHTS, SETTINGS = "discriminant.npy", "discriminant.json"
Floats = NDArray[np.float32]


class _Settings(msgspec.Struct, frozen=True):
    classes: list[str]
    values: dict[str, list[str]]


class Discriminant:
    """Log-probabilities of c solutions."""

    def __init__(self, weights: Floats, settings: _Settings) -> None:
        """`weights` are (p + 1, c), the last row what is added."""
        self._weights, self._settings = weights, settings
        self.classes = settings.classes

    @classmethod
    def fit(cls, rows: pl.DataFrame, vectors: Floats, solved_by: pl.Series) -> Self:
        """`rows` has `COLUMNS`, `vectors` are (n, dimension); `solved_by` is what helped, never null."""
        values = {name: rows[name].drop_nulls().unique().sort().to_list() for name in COLUMNS}
        x = _described(rows, vectors, values)
        names = solved_by.unique().sort()
        places = {name: place for place, name in enumerate(names)}
        y = np.array([places[name] for name in solved_by])
        counts = np.bincount(y, minlength=len(names)).astype(np.float32)
        sums = np.zeros((len(names), x.shape[1]), dtype=np.float32)
        np.add.at(sums, y, x)
        means = (sums + MEAN * x.mean(axis=0)) / (counts + MEAN)[:, None]
        rest = x - (sums / counts[:, None])[y]
        covariance = rest.T @ rest / len(x)
        sphere = np.trace(covariance) / len(covariance) * np.eye(len(covariance), dtype=np.float32)
        solved = np.linalg.solve(
            (1 - SPHERE) * covariance + (SPHERE + RARE) * sphere + RARE * np.eye(len(covariance)), means.T
        )
        added = np.log(counts / counts.sum()) - 0.5 * np.einsum("cp,pc->c", means, solved)
        weights = np.vstack([solved, added]).astype(np.float32)
        return cls(weights, _Settings(names.to_list(), values))

    def log_probabilities(self, question: Question) -> Floats:
        """(c,). Raises `ValueError` for a question without a vector."""
        if question.vector is None:
            raise ValueError("expected a vector, found none")
        row = pl.DataFrame(
            {name: [getattr(question, name)] for name in COLUMNS}, schema=dict.fromkeys(COLUMNS, pl.String)
        )
        x = _described(row, question.vector[None], self._settings.values)[0]
        scores = x @ self._weights[:-1] + self._weights[-1]
        scores -= scores.max()
        found: Floats = scores - np.log(np.exp(scores).sum())
        return found

    def save(self, folder: Path) -> None:
        """Write an array, and JSON."""
        np.save(folder / WEIGHTS, self._weights, allow_pickle=False)
        (folder / SETTINGS).write_bytes(msgspec.json.encode(self._settings))

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Open what `save` wrote. Raises `ArtifactDamaged`."""
        try:
            settings = msgspec.json.decode((folder / SETTINGS).read_bytes(), type=_Settings)
            return cls(np.load(folder / WEIGHTS, allow_pickle=False), settings)
        except (OSError, EOFError, ValueError, msgspec.DecodeError) as error:
            raise ArtifactDamaged(f"{folder} holds no discriminant: {error}. Run `ticketlake build`.") from None


def _described(rows: pl.DataFrame, vectors: Floats, values: dict[str, list[str]]) -> Floats:
    parts = [vectors]
    for name, known in values.items():
        held = np.zeros((rows.height, len(known)), dtype=np.float32)
        places = {value: place for place, value in enumerate(known)}
        for row, value in enumerate(rows[name]):
            if value in places:
                held[row, places[value]] = SCALE
        parts.append(held)
    return np.concatenate(parts, axis=1, dtype=np.float32)
