"""Columns of two tables, made comparable: what is a number, what a label, and what cannot be compared at all."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from ml.anomaly.drift.columns import FEW, MISSING, Column, Labels, Numbers
from ml.anomaly.drift.samples import Array, Samples

FEW_LABELS = 50
MANY_LABELS = 2_000
LARGEST = 1e100
_LABELS = (pl.String, pl.Categorical, pl.Enum, pl.Boolean)


@dataclass(frozen=True)
class Pair:
    """A column of the reference, and the values that are compared with it."""

    column: Column
    current: Array | pl.Series

    @property
    def name(self) -> str:
        """Of the column."""
        return self.column.name

    @property
    def method(self) -> str:
        """Of its distance."""
        return self.column.method

    def value(self) -> float:
        """The distance of all that is compared."""
        return self.column.distance(self.current)  # type: ignore[arg-type]

    def called(self, name: str) -> "Pair":
        """Under another name."""
        return Pair(replace(self.column, name=name), self.current)

    def only(self, places: Array) -> "Pair":
        """With these places alone of what is compared."""
        current = self.current.gather(places) if isinstance(self.current, pl.Series) else self.current[places]
        return Pair(self.column, current)

    def resampled(self, samples: Samples, seed: int) -> Array:
        """The distance between the two samples of each pair."""
        return self.column.resampled(samples, seed)


def pairs(
    reference: pl.DataFrame, current: pl.DataFrame, names: Sequence[str] | None = None
) -> tuple[list[Pair], dict[str, str]]:
    """What two tables have in common, column by column, and by name why the others are not compared.

    A column of numbers that misses some has a second one, `<name> (missing)`, that says which.
    """
    refused: dict[str, str] = {}
    found: list[Pair] = []
    for name in names or list(dict.fromkeys((*reference.columns, *current.columns))):
        sides = [side[name] if name in side.columns else None for side in (reference, current)]
        reason = _refused(*sides)
        if reason is not None:
            refused[name] = reason
        elif sides[0] is not None and sides[1] is not None:
            found += _pairs(name, sides[0], sides[1])
    return found, refused


def frames(compared: Sequence[Pair]) -> tuple[dict[str, Array], dict[str, Array]]:
    """What is compared, as plain columns by name: of the reference and of the current table."""
    sides: tuple[dict[str, Array], dict[str, Array]] = {}, {}
    for pair in compared:
        if isinstance(pair.column, Numbers):
            both = pair.column.reference, np.clip(pair.current, *pair.column.within)
        else:
            both = pair.column.reference.to_numpy(), pair.current.to_numpy()  # type: ignore[union-attr]
        for side, values in zip(sides, both, strict=True):
            side[pair.name] = values
    return sides


def labelled(compared: Sequence[Pair]) -> Mapping[str, bool]:
    """By name, whether a column is of labels."""
    return {pair.name: isinstance(pair.column, Labels) for pair in compared}


def _refused(reference: pl.Series | None, current: pl.Series | None) -> str | None:
    """Why the column is not compared; None where it is."""
    if reference is None or current is None:
        return "only in the current table" if reference is None else "only in the reference"
    for side in (reference, current):
        if side.dtype.is_temporal():
            return "moments"
        if not (side.dtype.is_numeric() or side.dtype in _LABELS or side.dtype == pl.Null):
            return f"neither numbers nor labels: {side.dtype}"
    if all(side.dtype.is_integer() and len(side) > FEW_LABELS and _numbered(side) for side in (reference, current)):
        return "each row has a higher number than the one before: identifiers"
    if not (reference.dtype.is_numeric() and current.dtype.is_numeric()):
        different, rows = reference.drop_nulls().n_unique(), len(reference) - reference.null_count()
        if different > MANY_LABELS or different > max(FEW_LABELS, rows / 2):
            return f"{different:,} different labels in {rows:,} rows: identifiers or free text"
    return None


def _numbered(series: pl.Series) -> bool:
    return series.null_count() == 0 and bool((series.diff().drop_nulls() > 0).all())


def _pairs(name: str, reference: pl.Series, current: pl.Series) -> Iterator[Pair]:
    types = [side.dtype for side in (reference, current) if side.dtype != pl.Null]
    if not types or not all(dtype.is_numeric() for dtype in types):
        yield Pair(Labels(name, _labels(reference)), _labels(current))
        return
    first, second = (_numbers(side) for side in (reference, current))
    given = first[~np.isnan(first)]
    if np.unique(given).size <= FEW:
        yield Pair(Labels(name, _labels(_series(first))), _labels(_series(second)))
        return
    yield Pair(Numbers.of(name, first), second)
    if np.isnan(first).any() or np.isnan(second).any():
        lacking = [pl.Series(np.where(np.isnan(side), MISSING, "given"), dtype=pl.String) for side in (first, second)]
        yield Pair(Labels(f"{name} {MISSING}", lacking[0]), lacking[1])


def _numbers(series: pl.Series) -> Array:
    """NaN where a value is missing or not finite; within what can be squared."""
    values = series.cast(pl.Float64).fill_null(float("nan")).to_numpy()
    return np.where(np.isfinite(values), np.clip(values, -LARGEST, LARGEST), np.nan)


def _series(values: Array) -> pl.Series:
    return pl.Series(values).fill_nan(None)


def _labels(series: pl.Series) -> pl.Series:
    if series.dtype.is_float():
        return series.cast(pl.String).str.strip_suffix(".0").fill_null(MISSING)
    return series.cast(pl.String).fill_null(MISSING)
