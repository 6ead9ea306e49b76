"""What models said of tickets that they had not learned from."""

import polars as pl

from warehouse.table import TIMESTAMP, Column, Table

TICKETS = Table(
    layer="predictions",
    name="tickets",
    grain="One row per ticket, target and version of the model; only tickets opened after those it learned from.",
    columns=(
        Column("ticket_id", pl.String, "Identifier of the ticket"),
        Column("target", pl.String, "What was predicted, such as category or resolution_time"),
        Column("model", pl.String, "Digest of the model's artifact"),
        Column("family", pl.String, "Family of the learner that answered", required=True),
        Column("part", pl.String, "validation (it was chosen on), test, or later than both", required=True),
        Column("created_at", TIMESTAMP, "When the ticket was opened", required=True),
        Column("label", pl.String, "The likeliest label; null for hours"),
        Column("confidence", pl.Float64, "Calibrated probability that the label is right; null for hours"),
        Column("hours_p10", pl.Float64, "Hours in which a tenth of such tickets are resolved; null for labels"),
        Column("hours_p50", pl.Float64, "Hours in which half of them are"),
        Column("hours_p90", pl.Float64, "Hours in which nine tenths are"),
    ),
    primary_key=("ticket_id", "target", "model"),
    owner="team:machine-learning",
)

TABLES = (TICKETS,)
