"""What is searched: past problems, the solutions that were tried on them, passages of articles. No text in here names
a person."""

import polars as pl

from warehouse.table import TIMESTAMP, Column, Table

STRINGS = pl.List(pl.String)

PROBLEMS = Table(
    layer="search",
    name="problems",
    grain="One row per ticket: what it says is wrong, as it is searched; nothing of how it ended.",
    columns=(
        Column("ticket_id", pl.String, "Identifier of the ticket", distinct=True),
        Column("created_at", TIMESTAMP, "When the ticket was opened", required=True),
        Column("title", pl.String, "Subject, redacted", required=True, distinct=True),
        Column("body", pl.String, "Cleaned description, redacted", required=True, distinct=True),
        Column("errors", pl.String, "Codes, exceptions and top frames, a line each", required=True, distinct=True),
        Column("language", pl.String, "Language of the text (ISO 639-1)"),
        Column("customer_id", pl.String, "Who wrote"),
        Column("product", pl.String, "Product concerned"),
        Column("product_version", pl.String, "Version of the product"),
        Column("product_module", pl.String, "Module of the product, as recorded at the opening"),
        Column("category", pl.String, "Category that agents recorded"),
        Column("subcategory", pl.String, "Subcategory that agents recorded"),
        Column("customer_tier", pl.String, "The customer's tier"),
        Column("region", pl.String, "Region of the customer"),
        Column("resolved_at", TIMESTAMP, "When it was resolved; null while open"),
        Column(
            "text_hash", pl.String, "Whose vector stands for it in features/embeddings", required=True, distinct=True
        ),
    ),
    primary_key=("ticket_id",),
    owner="team:machine-learning",
)

SOLUTIONS = Table(
    layer="search",
    name="solutions",
    grain="One row per canonical solution: sayings of agents that mean one remedy.",
    columns=(
        Column("solution_id", pl.String, "Stable identifier: SOL- and a digest of its first saying"),
        Column(
            "text", pl.String, "Its most usual saying that names nothing of a single ticket, redacted", required=True
        ),
        Column("sayings", STRINGS, "All its sayings, the most usual first", required=True),
        Column("code", pl.String, "Kind of resolution that agents recorded most often with it"),
        Column("template", pl.String, "Template that agents used most often with it"),
        Column("tickets", pl.Int64, "Tickets on which it was tried", required=True),
        Column("attempts", pl.Int64, "How often it was tried", required=True),
        Column("successes", pl.Int64, "How often it helped", required=True),
        Column("first_at", TIMESTAMP, "When it was first tried"),
        Column("last_at", TIMESTAMP, "When it was last tried"),
        Column("text_hash", pl.String, "Whose vector stands for it in features/embeddings", required=True),
    ),
    primary_key=("solution_id",),
    owner="team:machine-learning",
)

ATTEMPTS = Table(
    layer="search",
    name="attempts",
    grain="One row per ticket and canonical solution that was tried on it.",
    columns=(
        Column("ticket_id", pl.String, "Identifier of the ticket", distinct=True),
        Column("solution_id", pl.String, "The canonical solution"),
        Column("succeeded", pl.Boolean, "Whether it solved the ticket", required=True),
        Column("at", TIMESTAMP, "When that was known: the ticket's resolution", required=True),
        Column("saying", pl.String, "What the agent wrote of it, redacted", required=True),
    ),
    primary_key=("ticket_id", "solution_id"),
    owner="team:machine-learning",
)

SAYINGS = Table(
    layer="search",
    name="sayings",
    grain="One row per kind of sentence that agents write in notes, what varies masked: which remedy it names, if any.",
    columns=(
        Column("pattern", pl.String, "The sentence, redacted, names, versions and numbers masked", distinct=True),
        Column(
            "kind",
            pl.String,
            "remedy, failed (an action that did not help), other, or slot (of names, where it is none of these)",
        ),
        Column("solution_id", pl.String, "The canonical solution that is meant"),
        Column("tickets", pl.Int64, "Tickets that it was judged by", required=True),
        Column("vector", pl.Binary, "Of remedies: float32, little endian, of unit length"),
    ),
    primary_key=("pattern",),
    owner="team:machine-learning",
)

PASSAGES = Table(
    layer="search",
    name="passages",
    grain="One row per passage of a knowledge-base article.",
    columns=(
        Column("passage_id", pl.String, "Identifier of the article, # and the passage's number from 1"),
        Column("article_id", pl.String, "Identifier of the article", required=True),
        Column("title", pl.String, "Title of the article, redacted", required=True),
        Column(
            "path", pl.String, "Headings above it, from the top, joined by ` > `; empty above the first", required=True
        ),
        Column("text", pl.String, "The passage, redacted", required=True, distinct=True),
        Column("language", pl.String, "Language (ISO 639-1)"),
        Column("product", pl.String, "Product it is about; null: all"),
        Column("product_module", pl.String, "Module it is about; null: all"),
        Column("created_at", TIMESTAMP, "When the article was first published"),
        Column("updated_at", TIMESTAMP, "When the article last changed"),
        Column("text_hash", pl.String, "Whose vector stands for it in features/embeddings", required=True),
    ),
    primary_key=("passage_id",),
    owner="team:machine-learning",
)

ABLATION = Table(
    layer="search",
    name="ablation",
    grain="One row per kind of question, method and measure.",
    columns=(
        Column("dimension", pl.String, "What kinds of questions are told apart by: overall, language, frequency, ..."),
        Column("segment", pl.String, "The kind"),
        Column("method", pl.String, "A stage alone, stages added up, or the finder without one"),
        Column("measure", pl.String, "recall@10, ndcg@10, mrr@10 or first_success"),
        Column("queries", pl.Int64, "Questions", required=True),
        Column("value", pl.Float64, "Mean over questions", required=True),
        Column("low", pl.Float64, "Lower end of 95 % of bootstrap resamples", required=True),
        Column("high", pl.Float64, "Upper end of them", required=True),
        Column("best_single", pl.String, "The best of the single stages", required=True),
        Column("over_best", pl.Float64, "Difference to it on the same questions; null: it is that"),
        Column("over_best_low", pl.Float64, "Lower end of 95 % of bootstrap resamples"),
        Column("over_best_high", pl.Float64, "Upper end of them"),
    ),
    primary_key=("dimension", "segment", "method", "measure"),
    owner="team:machine-learning",
)

TABLES = (PROBLEMS, SAYINGS, SOLUTIONS, ATTEMPTS, PASSAGES, ABLATION)
