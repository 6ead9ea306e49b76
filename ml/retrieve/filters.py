"""What may be found at all: equality, sets and ranges, applied before anything is searched."""

from datetime import UTC, datetime
from typing import Annotated

import msgspec
import numpy as np
import polars as pl
from msgspec import Meta
from numpy.typing import NDArray

Bools = NDArray[np.bool_]

FIELDS = (
    "product", "product_version", "product_module", "category", "subcategory", "language", "customer_tier", "region",
    "created_at",
)  # fmt: skip


class Span(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"start": "from", "end": "to"}):
    """From the first moment on, to before the second; what is left out does not bound."""

    start: datetime | None = None
    end: datetime | None = None

    def __post_init__(self) -> None:
        """A span without ends filters nothing, and one that ends before it begins leaves nothing."""
        if self.start is None and self.end is None:
            raise ValueError("expected from or to, found neither")
        if any(moment is not None and moment.tzinfo is None for moment in (self.start, self.end)):
            raise ValueError("expected moments with a time zone, such as 2026-01-31T00:00:00Z")
        if self.start is not None and self.end is not None and self.start >= self.end:
            raise ValueError(f"expected from before to, found {self.start} and {self.end}")


Values = str | Annotated[list[str], Meta(min_length=1)]


class Filters(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A value, or a list of values of which one must hold; for `created_at` a span. What is null has none of them.

    Values are those that a ticket has, whatever their case; an empty list is refused. A span that ends asks for what
    was known before its end: what was tried, and what an article said, later does not count.
    """

    product: Values | None = None
    product_version: Values | None = None
    product_module: Values | None = None
    category: Values | None = None
    subcategory: Values | None = None
    language: Values | None = None
    customer_tier: Values | None = None
    region: Values | None = None
    created_at: Span | None = None

    @property
    def before(self) -> datetime | None:
        """Until when something was known; None: until now."""
        end = None if self.created_at is None else self.created_at.end
        return None if end is None else end.astimezone(UTC)

    def mask(self, documents: pl.DataFrame) -> Bools | None:
        """Which rows may be found, (n,); None where all may. A column that documents do not have is not filtered by."""
        held = [_holds(documents[name], _folded(values)) for name, values in self._named(documents).items()]
        if self.created_at is not None and "created_at" in documents.columns:
            held.append(_inside(documents["created_at"], self.created_at))
        if self.before is not None and "updated_at" in documents.columns:
            held.append(documents["updated_at"] < self.before)
        if not held:
            return None
        found: Bools = pl.select(pl.all_horizontal(held).fill_null(False)).to_series().to_numpy()
        return found

    def unknown(self, documents: pl.DataFrame) -> dict[str, list[str]]:
        """By field the values asked for that no row has, as they were written."""
        found = {}
        for name, values in self._named(documents).items():
            known = {value.casefold() for value in _distinct(documents[name])}
            none = [value for value in values if value.strip().casefold() not in known]
            if none:
                found[name] = none
        return found

    def nowhere(self, documents: pl.DataFrame) -> set[str]:
        """Fields of which no row has any of the values asked for."""
        asked = self._named(documents)
        return {name for name, none in self.unknown(documents).items() if len(none) == len(asked[name])}

    def _named(self, documents: pl.DataFrame) -> dict[str, list[str]]:
        said = {name: getattr(self, name) for name in FIELDS[:-1] if name in documents.columns}
        return {name: _several(value) for name, value in said.items() if value is not None}


def _several(values: str | list[str]) -> list[str]:
    return [values] if isinstance(values, str) else values


def _folded(values: list[str]) -> set[str]:
    return {value.strip().casefold() for value in values}


def _distinct(column: pl.Series) -> list[str]:
    return column.drop_nulls().unique().cast(pl.String).to_list()


def _holds(column: pl.Series, folded: set[str]) -> pl.Series:
    meant = [value for value in _distinct(column) if value.casefold() in folded]
    return column.cast(pl.String).is_in(meant)


def _inside(moments: pl.Series, span: Span) -> pl.Series:
    bounds = [moments.is_not_null()]
    if span.start is not None:
        bounds.append(moments >= span.start.astimezone(UTC))
    if span.end is not None:
        bounds.append(moments < span.end.astimezone(UTC))
    return pl.select(pl.all_horizontal(bounds)).to_series()
