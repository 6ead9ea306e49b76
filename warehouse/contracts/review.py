"""What people are asked to look at, so that models learn most from it."""

import polars as pl

from warehouse.table import TIMESTAMP, Column, Table

OWNER = "team:machine-learning"
_ASKED = (
    Column("ticket_id", pl.String, "Identifier of the ticket", required=True),
    Column("field", pl.String, "The column of silver/tickets that is asked about", required=True),
    Column("target", pl.String, "The target of the model that answered, such as category", required=True),
    Column("model", pl.String, "Digest of that model's artifact", required=True),
    Column("created_at", TIMESTAMP, "When the ticket was opened", required=True),
    Column("label", pl.String, "What the model said", required=True),
    Column("rival", pl.String, "What is likeliest if that is wrong"),
    Column("confidence", pl.Float64, "Calibrated probability that it is right", required=True),
    Column("uncertainty", pl.Float64, "One minus the distance between the two likeliest labels", required=True),
    Column("disagreement", pl.Float64, "Entropy of the votes of the champion's members; null: there is one"),
    Column("density", pl.Float64, "Mean cosine to other recent tickets", required=True),
    Column(
        "cost",
        pl.Float64,
        "What an error costs, in those of a category of a free customer; in the queue, rare labels cost more",
        required=True,
    ),
)

SCORES = Table(
    layer="learning",
    name="review_scores",
    grain="One row per ticket and field that a champion of now answered: what it would be worth to ask a person.",
    columns=(
        Column("review_id", pl.String, "RV-, of the fair sample RND-, and a digest of ticket, field and model"),
        *_ASKED,
        Column("drawn", pl.Boolean, "Whether the ticket is in the fair sample of that field", required=True),
        Column("text_hash", pl.String, "Whose vector stands for it in features/embeddings", required=True),
    ),
    primary_key=("review_id",),
    owner=OWNER,
)

QUEUE = Table(
    layer="learning",
    name="review_queue",
    grain="One row per question to people, in the order in which they are asked.",
    columns=(
        Column("review_id", pl.String, "The question, as learning/review_scores names it"),
        *_ASKED,
        Column("reason", pl.String, "uncertain, disagreement, or random (the fair sample)", required=True),
        Column("score", pl.Float64, "Doubt, or disagreement, times density times cost", required=True),
        Column("rank", pl.Int64, "Place in the queue of its field, from 1", required=True),
    ),
    primary_key=("review_id",),
    owner=OWNER,
)

TABLES = (SCORES, QUEUE)
