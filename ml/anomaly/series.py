"""Which tickets are counted together: by category, product, version, region, channel, language, and all of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from ml.graph.things import node

_APART = "/"
_BETWEEN = " / "


@dataclass(frozen=True)
class Dimension:
    """Tickets of the same `fields` are one series, whose parent is of the dimension `within` and explains it."""

    name: str
    fields: tuple[str, ...] = ()
    within: str | None = "all"
    kind: str | None = None
    """Kind of node in the graph that a series is, if any."""


DIMENSIONS = (
    Dimension("all", within=None),
    Dimension("category", ("category",), kind="Category"),
    Dimension("subcategory", ("category", "subcategory"), within="category", kind="Subcategory"),
    Dimension("product", ("product",), kind="Product"),
    Dimension("product_subcategory", ("product", "subcategory"), within="product", kind="Subcategory"),
    Dimension("version", ("product", "product_version"), within="product", kind="Version"),
    Dimension("module", ("product", "product_module"), within="product", kind="Module"),
    Dimension("region", ("region",)),
    Dimension("channel", ("channel",)),
    Dimension("language", ("language",)),
)
FIELDS = tuple(dict.fromkeys(field for dimension in DIMENSIONS for field in dimension.fields))
READ = ("ticket_id", "created_at", "customer_id", "product_version_age_days", *FIELDS)
"""What is read of tickets."""
_BY_NAME: Mapping[str, Dimension] = {dimension.name: dimension for dimension in DIMENSIONS}


def belongs(tickets: pl.DataFrame, dimensions: Sequence[Dimension] = DIMENSIONS) -> pl.DataFrame:
    """One row per ticket and series that it counts in: ticket_id, created_at, series; none where a field is unknown."""
    parts = [
        tickets.select("ticket_id", "created_at", series=_series(dimension)).drop_nulls("series")
        for dimension in dimensions
    ]
    return pl.concat(parts)


def of_ticket(ticket: Mapping[str, object], dimensions: Sequence[Dimension] = DIMENSIONS) -> list[str]:
    """The series that one ticket counts in: what `belongs` says of many."""
    return [
        of(dimension.name, _BETWEEN.join(str(ticket[field]) for field in dimension.fields))
        for dimension in dimensions
        if all(ticket[field] is not None for field in dimension.fields)
    ]


def counted(tickets: pl.DataFrame, every: str, dimensions: Sequence[Dimension] = DIMENSIONS) -> pl.DataFrame:
    """Series, time and count, as `panel` takes them, in windows of a length that Polars names, such as 1h."""
    if tickets.is_empty():
        return pl.DataFrame(schema={"series": pl.String, "time": pl.Datetime("us", "UTC"), "count": pl.UInt32})
    time = pl.col("created_at").dt.truncate(every).alias("time")
    parts = [
        tickets.lazy().group_by(_series(dimension).alias("series"), time).agg(count=pl.len()).drop_nulls("series")
        for dimension in dimensions
    ]
    return pl.concat(pl.collect_all(parts)).sort("series", "time")


def named(series: str) -> tuple[str, str]:
    """Dimension and value of a series."""
    dimension, _, value = series.partition(_APART)
    return dimension, value


def of(dimension: str, value: str) -> str:
    """The series of a value."""
    return f"{dimension}{_APART}{value}"


def joined() -> pl.Expr:
    """The same of the columns `dimension` and `series`."""
    return pl.concat_str("dimension", "series", separator=_APART)


def parent(series: str) -> str | None:
    """The series that explains this one where both are raised; None of all tickets."""
    dimension, value = named(series)
    within = _BY_NAME[dimension].within
    if within is None:
        return None
    return of(within, value.partition(_BETWEEN)[0] if within != "all" else "")


def entities(series: str) -> list[str]:
    """Nodes of the graph that a series is about."""
    dimension, value = named(series)
    kind, fields = _BY_NAME[dimension].kind, _BY_NAME[dimension].fields
    if kind is None:
        return []
    first, _, last = value.partition(_BETWEEN)
    if kind == "Version":
        return [node("Version", f"{first} {last}"), node("Product", first)]
    above = [node(_KINDS[fields[0]], first)] if last else []
    return [node(kind, last or first), *above]


_KINDS = {"category": "Category", "product": "Product"}


def _series(dimension: Dimension) -> pl.Expr:
    """Null where a field is not known."""
    return pl.concat_str([pl.lit(dimension.name + _APART), *_joined(dimension.fields)])


def _joined(fields: Sequence[str]) -> list[pl.Expr]:
    parts: list[pl.Expr] = []
    for field in fields:
        parts += [pl.lit(_BETWEEN), pl.col(field).cast(pl.String)] if parts else [pl.col(field).cast(pl.String)]
    return parts
