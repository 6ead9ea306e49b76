"""Marts and metrics: what dbt's YAML declares, read from there, so that nothing is spelt twice."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from warehouse.table import TIMESTAMP, Column, Table

PROJECT = Path(__file__).parents[2] / "dbt_project"
OWNER = "team:support-analytics"
TYPES: dict[str, pl.DataType | type[pl.DataType]] = {
    "varchar": pl.String,
    "bigint": pl.Int64,
    "double": pl.Float64,
    "boolean": pl.Boolean,
    "date": pl.Date,
    "timestamp with time zone": TIMESTAMP,
}


@dataclass(frozen=True)
class Mart:
    """A gold table with what people need to know to use it; `definition` and `unit` are those of metrics."""

    table: Table
    description: str
    definition: str | None
    unit: str | None
    exported: bool

    @property
    def is_metric(self) -> bool:
        """Whether it is a metric, not a fact or a dimension."""
        return self.table.name.startswith("metric_")


def _declared() -> Iterator[Mart]:
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    for folder in ("marts", "metrics"):
        for file in sorted((PROJECT / "models" / folder).glob("*.yml")):
            content = yaml.load(file.read_text(encoding="utf-8"), Loader=loader)  # noqa: S506 a safe loader, in C
            yield from map(_mart, content["models"])


def _mart(model: dict[str, Any]) -> Mart:
    description = " ".join(model["description"].split())
    meta = model.get("config", {}).get("meta", {})
    keys = [c["columns"] for c in model.get("constraints", []) if c["type"] == "primary_key"]
    table = Table(
        layer="gold",
        name=model["name"],
        grain=description[description.rindex("One row") :],
        columns=tuple(Column(c["name"], TYPES[c["data_type"]], c["description"]) for c in model["columns"]),
        primary_key=tuple(keys[0]) if keys else (),
        owner=meta.get("owner", OWNER),
    )
    return Mart(table, description, meta.get("definition"), meta.get("unit"), meta.get("exported", True))


MARTS = {mart.table.name: mart for mart in sorted(_declared(), key=lambda mart: mart.table.name)}
TABLES = tuple(mart.table for mart in MARTS.values())
