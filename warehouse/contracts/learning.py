"""How models came to serve: what judged them, and what was decided."""

import polars as pl

from warehouse.table import TIMESTAMP, Column, Table

OWNER = "team:machine-learning"

REGRESSION = Table(
    layer="learning",
    name="regression",
    grain="One row per ticket that was frozen to judge every later model, and target, with its label of then.",
    columns=(
        Column("ticket_id", pl.String, "Identifier of the ticket; no model learns from it"),
        Column("target", pl.String, "What is predicted, such as category"),
        Column("label", pl.String, "The label when it was frozen", required=True),
        Column("created_at", TIMESTAMP, "When the ticket was opened", required=True),
        Column("version", pl.Int64, "Version of silver/tickets that it was read at", required=True),
    ),
    primary_key=("ticket_id", "target"),
    owner=OWNER,
)

JUDGEMENTS = Table(
    layer="learning",
    name="judgements",
    grain="One row per challenger and champion that it was judged against.",
    columns=(
        Column("target", pl.String, "What is predicted, such as category"),
        Column("challenger", pl.String, "Digest of the model that was judged"),
        Column("champion", pl.String, "Digest of the model that served; none: it is the first"),
        Column("verdict", pl.String, "promoted or refused", required=True),
        Column("reasons", pl.List(pl.String), "Why, as people read it", required=True),
        Column("trained_because", pl.String, "Why it was trained", required=True),
        Column("judged_at", TIMESTAMP, "When it was decided", required=True),
        Column("measure", pl.String, "What was measured; higher is better"),
        Column("rows", pl.Int64, "Newest tickets that neither learned from or was chosen on"),
        Column("challenger_value", pl.Float64, "The measure of the challenger on them"),
        Column("challenger_low", pl.Float64, "Lower end of its interval (95 %)"),
        Column("challenger_high", pl.Float64, "Upper end of it"),
        Column("champion_value", pl.Float64, "The measure of the champion on them"),
        Column("champion_low", pl.Float64, "Lower end of its interval"),
        Column("champion_high", pl.Float64, "Upper end of it"),
        Column("gain", pl.Float64, "Challenger less champion, on the same tickets"),
        Column("gain_low", pl.Float64, "Lower end of its paired interval: above 0 where it was promoted"),
        Column("gain_high", pl.Float64, "Upper end of it"),
        Column("frozen_rows", pl.Int64, "Frozen tickets"),
        Column("frozen_gain", pl.Float64, "Challenger less champion on them"),
        Column("frozen_low", pl.Float64, "Lower end of its paired interval"),
        Column("frozen_high", pl.Float64, "Upper end of it"),
        Column("slices", pl.String, "By class, language and tier of 50 or more tickets: gains with intervals, as JSON"),
        Column("annotators", pl.String, "How often each who corrected is taken to be right, as JSON", required=True),
        Column("data", pl.String, "Tables that it was judged on, with their versions, as JSON", required=True),
    ),
    primary_key=("target", "challenger", "champion"),
    owner=OWNER,
)

NONE = "none"
"""The champion of a first model."""

TABLES = (REGRESSION, JUDGEMENTS)
