"""What may be found at all: equality, sets and ranges, applied before anything is searched."""

from collections.abc import Mapping
from datetime import datetime

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

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


Values = str | list[str]


class Filters(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A value, or a list of values of which one must hold; for `created_at` a span. What is null has none of them."""

    product: Values | None = None
    product_version: Values | None = None
    product_module: Values | None = None
    category: Values | None = None
    subcategory: Values | None = None
    language: Values | None = None
    customer_tier: Values | None = None
    region: Values | None = None
    created_at: Span | None = None

    def mask(self, documents: pl.DataFrame) -> NDArray[np.bool_] | None:
        """Which rows may be found, (n,); None where all may. A column that documents do not have is not filtered by."""
        said: Mapping[str, Values | Span | None] = {name: getattr(self, name) for name in FIELDS}
        asked = {name: value for name, value in said.items() if value is not None and name in documents.columns}
        if not asked:
            return None
        held = [_holds(name, value) for name, value in asked.items()]
        found: NDArray[np.bool_] = documents.select(pl.all_horizontal(held).fill_null(False)).to_series().to_numpy()
        return found


def _holds(name: str, value: Values | Span) -> pl.Expr:
    column = pl.col(name)
    if isinstance(value, str):
        return column.cast(pl.String) == value
    if isinstance(value, list):
        return column.cast(pl.String).is_in(value)
    bounds = [pl.lit(True)]
    if value.start is not None:
        bounds.append(column >= value.start)
    if value.end is not None:
        bounds.append(column < value.end)
    return pl.all_horizontal(bounds)
