"""The contract of a table, enforced before anything is written."""

import polars as pl

from warehouse.errors import ContractBroken
from warehouse.table import Table


def check(table: Table, rows: pl.DataFrame) -> pl.DataFrame:
    """The rows, if they keep the table's contract; else `ContractBroken` naming the column."""
    found, expected = rows.schema, table.schema
    for name, dtype in expected.items():
        if name not in found:
            raise ContractBroken(f"{table.path} breaks its contract: {name} is missing, expected {dtype}.")
        if found[name] != dtype:
            message = f"{table.path} breaks its contract: {name} is {found[name]}, expected {dtype}."
            raise ContractBroken(f"{message} Fix what writes the table, or warehouse/contracts/{table.layer}.py.")
    extra = [name for name in found if name not in expected]
    if extra:
        raise ContractBroken(f"{table.path} breaks its contract: no column {', '.join(extra)} is declared.")
    nulls = rows.select(pl.col(table.required).null_count()).row(0) if table.required else ()
    for name, count in zip(table.required, nulls, strict=True):
        if count:
            raise ContractBroken(f"{table.path} breaks its contract: {name} is null in {count} rows, expected a value.")
    if table.primary_key and rows.height > 1:
        doubled = rows.height - rows.select(table.primary_key).n_unique()
        if doubled:
            keys = ", ".join(table.primary_key)
            raise ContractBroken(f"{table.path} breaks its contract: {doubled} rows repeat the key ({keys}).")
    return rows.select(expected.names())
