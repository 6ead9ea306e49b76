"""What a table is: declared once, used as path, asset, dbt source, column schema and contract."""

from dataclasses import dataclass, field
from typing import Any

import polars as pl

TIMESTAMP = pl.Datetime("us", "UTC")


@dataclass(frozen=True)
class Column:
    """One column: its type, what it means, whether it must be there, whether its values hardly repeat."""

    name: str
    dtype: pl.DataType | type[pl.DataType]
    description: str
    required: bool = False
    distinct: bool = False


@dataclass(frozen=True)
class Table:
    """A Delta table of the lake.

    `grain` says what one row is; `primary_key` names the columns that tell rows apart (empty: append-only log)."""

    layer: str
    name: str
    grain: str
    columns: tuple[Column, ...] = field(repr=False)
    primary_key: tuple[str, ...] = ()
    owner: str = "team:data-platform"

    @property
    def path(self) -> str:
        """Where the table lies under `LAKE_ROOT`."""
        return f"{self.layer}/{self.name}"

    @property
    def key(self) -> list[str]:
        """The asset key."""
        return [self.layer, self.name]

    @property
    def schema(self) -> pl.Schema:
        """Column names and Polars types, in order."""
        return pl.Schema({column.name: column.dtype for column in self.columns})

    @property
    def required(self) -> tuple[str, ...]:
        """Columns that may not be null: the key and what is declared so."""
        declared = tuple(column.name for column in self.columns if column.required)
        return tuple(dict.fromkeys((*self.primary_key, *declared)))

    def asset(self) -> dict[str, Any]:
        """Keyword arguments that make an orchestrator's asset of this table."""
        return {
            "key": self.key,
            "group_name": self.layer,
            "owners": [self.owner],
            "kinds": {"python", "polars", "deltalake"},
            "metadata": {"grain": self.grain, "path": self.path, "primary_key": list(self.primary_key)},
        }
