"""The review queue, as the lake has it."""

from typing import Any

import polars as pl

from warehouse.contracts.inventory import TABLES
from warehouse.delta import Lake
from warehouse.errors import NotMaterialized
from warehouse.table import Table

PATH = "learning/review_queue"
MOST = 100
FIRST = ("rank", "score", "priority")
"""Columns that may say who comes first: a rank rises, a score falls."""


def queued(lake: Lake, tables: tuple[Table, ...] = TABLES) -> list[dict[str, Any]]:
    """What people should look at first, as rows of the table. Raises `NotMaterialized` where there is none."""
    table = next((one for one in tables if one.path == PATH), None)
    if table is None or not lake.exists(table):
        raise NotMaterialized(PATH)
    names = table.schema.names()
    by = next((name for name in FIRST if name in names), None)
    rows = lake.scan(table)
    if by is not None:
        rows = rows.sort(by, descending=by != "rank")
    told = rows.head(MOST).collect()
    return told.with_columns(pl.col(pl.Float64).round(4)).to_dicts()
