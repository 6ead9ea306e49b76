"""Tickets as the arrays a network reads: word numbers, sentence vectors, one row of features. NumPy only."""

from functools import cached_property
from typing import Self

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from ml.classify.learner import Inputs
from ml.text.terms import tokens

Arrays = dict[str, NDArray[np.generic]]
PAD, UNKNOWN, FIRST_WORD = 0, 1, 2
MAX_WORDS = 20_000
LONGEST = 128
SEEN_AT_LEAST = 2
VALUE_SEEN_AT_LEAST = 3
MAX_VALUES = 64
_FARTHEST = 5.0


class Number(msgspec.Struct, frozen=True):
    """A numeric feature: standardised, with a second column that says whether it is missing."""

    name: str
    mean: float
    scale: float


class Category(msgspec.Struct, frozen=True):
    """A feature with values: a column each, one for any other value, one for a missing one."""

    name: str
    values: list[str]


class Preparation(msgspec.Struct, frozen=True, dict=True):
    """What was learned from the training part; saved as JSON beside the network."""

    words: list[str]
    length: int
    """How many words of a text are read."""
    vectors: int
    numbers: list[Number]
    categories: list[Category]
    usual_vector: list[float]
    """The mean of each column of vectors: what stands in for a text when its vector is left out."""
    usual_row: list[float]
    """The mean of each column of `table`, likewise."""

    @classmethod
    def fit(cls, train: Inputs) -> Self:
        """Learn vocabulary, scales and values."""
        text, token = tokens(train.texts)
        counts = token.alias("token").value_counts(name="n").filter(pl.col("n") >= SEEN_AT_LEAST)
        words = counts.sort("n", "token", descending=[True, False]).head(MAX_WORDS)["token"].to_list()
        sizes = np.bincount(text, minlength=max(len(train), 1))
        length = int(np.clip(np.ceil(np.quantile(sizes, 0.98)), 8, LONGEST))
        columns = [train.table[name] for name in train.table.columns]
        first = cls(
            words=words,
            length=length,
            vectors=train.vectors.shape[1],
            numbers=[_number(column) for column in columns if column.dtype != pl.String],
            categories=[_category(column) for column in columns if column.dtype == pl.String],
            usual_vector=_means(train.vectors),
            usual_row=[],
        )
        return msgspec.structs.replace(first, usual_row=_means(first.table(train.table)))

    @property
    def width(self) -> int:
        """Columns of `table`."""
        return 2 * len(self.numbers) + sum(len(one.values) + 2 for one in self.categories)

    def arrays(self, inputs: Inputs) -> Arrays:
        """`tokens` (n, length) int32, `vectors` and `table` (n, ...) float32; a column of zeros where there is none."""
        return {
            "tokens": self.tokens(inputs),
            "vectors": _at_least_one(inputs.vectors.astype(np.float32, copy=False)),
            "table": _at_least_one(self.table(inputs.table)),
        }

    def tokens(self, inputs: Inputs) -> NDArray[np.int32]:
        """The numbers of the first `length` words of each text, then zeros."""
        text, token = inputs.once(tokens, lambda: tokens(inputs.texts))
        starts = np.searchsorted(text, np.arange(len(inputs)))
        place = np.arange(len(text)) - starts[text]
        read = np.flatnonzero(place < self.length)
        found = np.full((len(inputs), self.length), PAD, np.int32)
        found[text[read], place[read]] = [self._place.get(word, UNKNOWN) for word in token.gather(read)]
        return found

    @cached_property
    def _place(self) -> dict[str, int]:
        return {word: at + FIRST_WORD for at, word in enumerate(self.words)}

    def table(self, rows: pl.DataFrame) -> NDArray[np.float32]:
        """Return features as numbers, (n, width)."""
        found = np.zeros((rows.height, self.width), np.float32)
        if self.numbers:
            means, scales = self._scaling
            names = [number.name for number in self.numbers]
            given = rows.select(pl.col(names).cast(pl.Float32)).to_numpy().reshape(rows.height, len(names))
            missing = np.isnan(given)
            scaled = np.clip((given - means) / scales, -_FARTHEST, _FARTHEST)
            found[:, 0 : 2 * len(names) : 2] = np.where(missing, 0.0, scaled)
            found[:, 1 : 2 * len(names) : 2] = missing
        start = 2 * len(self.numbers)
        said = rows.select(pl.col([one.name for one in self.categories]).cast(pl.String))
        for category in self.categories:
            known, values = self._columns[category.name], said[category.name]
            places = [0 if value is None else known.get(value, 1) for value in values]
            found[np.arange(rows.height), start + np.array(places, np.int64)] = 1.0
            start += len(category.values) + 2
        return found

    @cached_property
    def _scaling(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        means = np.array([number.mean for number in self.numbers], np.float32)
        return means, np.array([number.scale for number in self.numbers], np.float32)

    @cached_property
    def _columns(self) -> dict[str, dict[str, int]]:
        return {one.name: {value: at + 2 for at, value in enumerate(one.values)} for one in self.categories}

    def groups(self) -> list[tuple[str, slice]]:
        """Each feature with its columns of `table`."""
        found = [(number.name, slice(2 * at, 2 * at + 2)) for at, number in enumerate(self.numbers)]
        start = 2 * len(self.numbers)
        for category in self.categories:
            found.append((category.name, slice(start, start + len(category.values) + 2)))
            start += len(category.values) + 2
        return found


def _number(column: pl.Series) -> Number:
    values = column.cast(pl.Float64).fill_nan(None).drop_nulls().to_numpy()
    spread = float(values.std()) if len(values) else 0.0
    return Number(column.name, float(values.mean()) if len(values) else 0.0, spread if spread > 1e-6 else 1.0)


def _category(column: pl.Series) -> Category:
    counts = column.drop_nulls().alias("value").value_counts(name="n").filter(pl.col("n") >= VALUE_SEEN_AT_LEAST)
    return Category(
        column.name, counts.sort("n", "value", descending=[True, False]).head(MAX_VALUES)["value"].to_list()
    )


def _means(rows: NDArray[np.float32]) -> list[float]:
    return [float(mean) for mean in rows.mean(axis=0)] if len(rows) else [0.0] * rows.shape[1]


def _at_least_one(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    return rows if rows.shape[1] else np.zeros((len(rows), 1), np.float32)
