"""Labels as the records have them, whatever people said of them since."""

from typing import get_args

import polars as pl

from warehouse.contracts import bronze, silver
from warehouse.delta import Lake
from warehouse.parse import ROW, TICKET, parse
from warehouse.payloads import Label
from warehouse.received import first_copies, loads

FIELDS: tuple[str, ...] = get_args(Label)
"""Columns of `silver/tickets` that are labels."""


def as_recorded(lake: Lake, rows: pl.DataFrame) -> pl.DataFrame:
    """Rows of `silver/tickets` with the labels of their records in bronze; those of no record stay as they are.

    Messages that answer each other have no labels: tickets made of them have none either.
    """
    made = [_labels(lake, rows.filter(pl.col("record_hash").is_not_null())), rows.filter(pl.col("record_hash").is_null())]
    order = rows.select("ticket_id", pl.int_range(pl.len()).alias("_at"))
    return pl.concat(made).join(order, on="ticket_id").sort("_at").drop("_at")


def long(rows: pl.DataFrame) -> pl.DataFrame:
    """One row per ticket and label of these rows: `ticket_id`, `field`, `recorded` and `moment` (of the record)."""
    moment = pl.max_horizontal("updated_at", "created_at").alias("moment")
    text = [as_text(name).alias(name) for name in FIELDS]
    wide = rows.select("ticket_id", moment, *text)
    told = wide.unpivot(on=FIELDS, index=["ticket_id", "moment"], variable_name="field", value_name="recorded")
    return told.select("ticket_id", "field", "recorded", "moment")


def as_text(name: str) -> pl.Expr:
    """A label of `silver/tickets` as events write it: flags are `yes` and `no`."""
    column = pl.col(name)
    if silver.TICKETS.schema[name] != pl.Boolean:
        return column
    return pl.when(column).then(pl.lit("yes")).when(~column).then(pl.lit("no"))


def _labels(lake: Lake, rows: pl.DataFrame) -> pl.DataFrame:
    if rows.is_empty():
        return rows
    found = [pl.DataFrame(schema={name: silver.TICKETS.schema[name] for name in ("ticket_id", *FIELDS)})]
    known = loads(lake, bronze.TICKETS.name)
    copies = first_copies(lake.scan(bronze.TICKETS), rows.select("record_hash"))
    for (load_id,), mine in rows.group_by("load_id"):
        load = known[str(load_id)]
        if load.threaded:
            continue
        records = mine.select("ticket_id", "record_hash").join(copies, on="record_hash")
        parsed = parse(TICKET, records["_first"].to_list(), mapping=load.rules, text=load.text, latest=load.latest)
        found.append(parsed.rows.select(pl.col(ROW), *FIELDS).with_columns(records["ticket_id"][parsed.rows[ROW]]).select(found[0].columns))
    return rows.drop(FIELDS).join(pl.concat(found), on="ticket_id", how="left").select(rows.columns)
