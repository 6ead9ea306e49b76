"""Columns: when their values are known, and as codes that a count or a model can use."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ml.features.fence import FENCED
from warehouse.contracts.silver import TICKET_FIELDS
from warehouse.table import TIMESTAMP

IDENTIFIERS = frozenset({"ticket_id", "customer_id", "organization_id"})
WORDED = frozenset({"subject", "description", "error_logs", "stack_trace"})
"""Fields of words that are known when the ticket is opened."""
BINS = 20
VALUES = 200
"""The most frequent values of a column; others are one."""
OPEN_TICKETS = 30
FILLED_CLOSED, FILLED_OPEN = 0.5, 0.05


@dataclass(frozen=True)
class Availability:
    """When a column is known, and how that is known: declared, or seen from what open tickets lack."""

    column: str
    afterwards: bool
    why: str
    filled_open: float | None
    filled_closed: float


def availability(rows: pl.DataFrame) -> list[Availability]:
    """One entry per column of a ticket that `rows` (of `silver/tickets`) has, in the order of the contract.

    A column is known only afterwards where the fence says so, or where closed tickets mostly have a value and open
    ones do not.
    """
    closed = rows["resolved_at"].is_not_null()
    opened = int((~closed).sum())
    found = []
    for name in (field.name for field in TICKET_FIELDS if field.name in rows.columns and field.name != "created_at"):
        if name in IDENTIFIERS:
            continue
        filled = _filled(rows[name])
        of_closed = float(filled.filter(closed).mean() or 0.0)  # type: ignore[arg-type]
        of_open = float(filled.filter(~closed).mean() or 0.0) if opened >= OPEN_TICKETS else None  # type: ignore[arg-type]
        lacking = of_open is not None and of_closed >= FILLED_CLOSED and of_open <= FILLED_OPEN
        if name in FENCED:
            why = "declared: recorded or changed after the ticket was opened"
        elif lacking:
            why = f"seen: {of_closed:.0%} of closed tickets have it, {of_open:.0%} of open ones"
        else:
            why = "known when the ticket is opened"
        found.append(Availability(name, name in FENCED or lacking, why, of_open, of_closed))
    return found


def as_codes(rows: pl.DataFrame, name: str) -> NDArray[np.int64]:
    """Each row's value as a number from 0: frequent values by name, numbers and times after opening by quantile."""
    values = rows[name]
    if values.dtype == TIMESTAMP:
        values = (values - rows["created_at"]).dt.total_seconds().cast(pl.Float64)
    if values.dtype.is_numeric() and values.n_unique() > BINS:
        return _binned(values)
    text = values.cast(pl.String).fill_null("")
    frequent = text.value_counts(sort=True).sort("count", name, descending=[True, False]).head(VALUES)[name]
    codes = pl.Series(range(1, len(frequent) + 1), dtype=pl.Int64)
    return text.replace_strict(frequent, codes, default=0, return_dtype=pl.Int64).to_numpy()


def as_words(rows: pl.DataFrame, name: str) -> pl.Series:
    """A text as it is; a list as its elements, each one word."""
    if isinstance(rows.schema[name], pl.List):
        return rows[name].list.eval(pl.element().str.replace_all(r"\s+", "_")).list.join(" ").fill_null("")
    return rows[name].fill_null("")


def is_worded(rows: pl.DataFrame, name: str) -> bool:
    """Whether a column is read word by word: lists, and texts of many values."""
    dtype = rows.schema[name]
    return isinstance(dtype, pl.List) or (dtype == pl.String and rows[name].n_unique() > VALUES)


def _binned(values: pl.Series) -> NDArray[np.int64]:
    numbers = values.cast(pl.Float64)
    bounds = np.unique(np.nanquantile(numbers.drop_nulls().to_numpy(), np.linspace(0, 1, BINS + 1)[1:-1]))
    codes = np.searchsorted(bounds, numbers.fill_null(np.nan).to_numpy(), side="right") + 1
    return np.where(numbers.is_null().to_numpy(), 0, codes).astype(np.int64)


def _filled(values: pl.Series) -> pl.Series:
    if isinstance(values.dtype, pl.List):
        return values.list.len().fill_null(0) > 0
    if values.dtype == pl.String:
        return values.fill_null("") != ""
    return values.is_not_null()
