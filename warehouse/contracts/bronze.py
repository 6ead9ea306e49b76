"""Records as they were received."""

import polars as pl

from warehouse.table import TIMESTAMP, Column, Table

LOADS = Table(
    layer="bronze",
    name="loads",
    grain="One row per file that was taken in; the inbox is the load `inbox`.",
    columns=(
        Column("load_id", pl.String, "First 16 hex digits of the SHA-256 of the file's bytes, or `inbox`"),
        Column("source", pl.String, "Name of the file", required=True),
        Column("kind", pl.String, "tickets, events, articles or search_events", required=True),
        Column("format", pl.String, "json, jsonl, csv or inbox", required=True),
        Column("mapping", pl.String, "The mapping that names other people's columns, as JSON"),
        Column("loaded_at", TIMESTAMP, "When the load began", required=True),
    ),
    primary_key=("load_id", "kind"),
)


def _records(name: str, entity: str) -> Table:
    return Table(
        layer="bronze",
        name=name,
        grain=f"One row per received {entity} record, as it was received.",
        columns=(
            Column("sequence", pl.Int64, "Bronze order: rises by one from record to record", required=True),
            Column("load_id", pl.String, "The load that brought it", required=True),
            Column("source", pl.String, "Name of the file, or `inbox`", required=True),
            Column("position", pl.Int64, "Line of the file, index in the array or inbox number, from 1", required=True),
            Column(
                "record_hash", pl.String, "BLAKE2b (128 bit, hex) of the record's bytes", required=True, distinct=True
            ),
            Column(
                "record", pl.Binary, "The record's bytes; null where an earlier row has the same hash", distinct=True
            ),
        ),
    )


TICKETS = _records("tickets", "ticket")
EVENTS = _records("events", "event")
ARTICLES = _records("articles", "article")
SEARCH_EVENTS = _records("search_events", "search")

TABLES = (LOADS, TICKETS, EVENTS, ARTICLES, SEARCH_EVENTS)
