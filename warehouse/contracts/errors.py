"""Where champions err, on tickets opened after everything that they learned from."""

import polars as pl

from warehouse.table import Column, Table

OWNER = "team:machine-learning"
_OF = (
    Column("target", pl.String, "What is predicted"),
    Column("model", pl.String, "Digest of the model that answered", required=True),
)
CONFUSIONS = Table(
    layer="errors",
    name="confusions",
    grain="One row per target, recorded label and predicted label that met.",
    columns=(
        *_OF,
        Column("label", pl.String, "Label that was recorded"),
        Column("predicted", pl.String, "Label that was predicted"),
        Column("tickets", pl.Int64, "How many tickets", required=True),
    ),
    primary_key=("target", "label", "predicted"),
    owner=OWNER,
)
CONFIDENCE = Table(
    layer="errors",
    name="confidence",
    grain="One row per target and tenth of the scale of confidence that has tickets.",
    columns=(
        *_OF,
        Column("tenth", pl.Int64, "0 to 9: the confidence lies between tenth / 10 and (tenth + 1) / 10"),
        Column("tickets", pl.Int64, "How many tickets", required=True),
        Column("confidence", pl.Float64, "Mean confidence", required=True),
        Column("right", pl.Float64, "Share that was right", required=True),
    ),
    primary_key=("target", "tenth"),
    owner=OWNER,
)
HARDEST = Table(
    layer="errors",
    name="hardest",
    grain="One row per target and rank among the wrong answers that were given with most confidence.",
    columns=(
        *_OF,
        Column("rank", pl.Int64, "1: the most confident"),
        Column("ticket_id", pl.String, "The ticket", required=True),
        Column("label", pl.String, "Label that was recorded", required=True),
        Column("predicted", pl.String, "Label that was predicted", required=True),
        Column("confidence", pl.Float64, "Confidence of the prediction", required=True),
    ),
    primary_key=("target", "rank"),
    owner=OWNER,
)
SLICES = Table(
    layer="errors",
    name="slices",
    grain="One row per target, property of a ticket and value of it that enough tickets have.",
    columns=(
        *_OF,
        Column("property", pl.String, "language, channel, customer_tier, region, product or length"),
        Column("value", pl.String, "Its value"),
        Column("tickets", pl.Int64, "How many tickets have it", required=True),
        Column("right", pl.Float64, "Share of them that was right", required=True),
        Column("right_elsewhere", pl.Float64, "Share of all others that was right", required=True),
        Column("p_value", pl.Float64, "Fisher's exact test, two-sided", required=True),
        Column("q_value", pl.Float64, "Adjusted for the number of the target's slices", required=True),
        Column("worse", pl.Boolean, "Less often right than elsewhere, beyond chance", required=True),
    ),
    primary_key=("target", "property", "value"),
    owner=OWNER,
)

IMPORTANCE = Table(
    layer="errors",
    name="importance",
    grain="One row per target and thing that its model reads of a ticket.",
    columns=(
        *_OF,
        Column("feature", pl.String, "A feature, or the words and their vectors together"),
        Column("log_loss_added", pl.Float64, "What shuffling it among tickets adds to the log loss", required=True),
    ),
    primary_key=("target", "feature"),
    owner=OWNER,
)

TABLES = (CONFUSIONS, CONFIDENCE, HARDEST, SLICES, IMPORTANCE)
