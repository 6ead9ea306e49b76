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
    """Rows of `silver/tickets` with the labels of their records in bronze; those of no record there stay as they are.

    Messages that answer each other have no labels: tickets made of them have none either.
    """
    if rows["record_hash"].is_null().all() or not lake.exists(bronze.TICKETS):
        return rows
    found = _labels(lake, rows.filter(pl.col("record_hash").is_not_null()))
    written = rows.join(
        found.with_columns(_there=True), on="ticket_id", how="left", suffix="_was", maintain_order="left"
    )
    chosen = [pl.when(pl.col("_there")).then(f"{name}_was").otherwise(name).alias(name) for name in FIELDS]
    return written.with_columns(chosen).select(rows.columns)


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
    """`ticket_id` and `FIELDS` of the records of these rows."""
    schema = {name: silver.TICKETS.schema[name] for name in ("ticket_id", *FIELDS)}
    found, known = [pl.DataFrame(schema=schema)], loads(lake, bronze.TICKETS.name)
    copies = first_copies(lake.scan(bronze.TICKETS), rows.select("record_hash"))
    for (load_id,), mine in rows.group_by("load_id"):
        load = known.get(str(load_id))
        if load is None:
            continue
        if load.threaded:
            found.append(
                mine.select("ticket_id").with_columns(pl.lit(None, schema[name]).alias(name) for name in FIELDS)
            )
            continue
        records = mine.select("ticket_id", "record_hash").join(copies, on="record_hash")
        parsed = parse(TICKET, records["_first"].to_list(), mapping=load.rules, text=load.text, latest=load.latest)
        found.append(parsed.rows.with_columns(records["ticket_id"][parsed.rows[ROW]]).select(list(schema)))
    return pl.concat(found)
