"""What can be learned of each target, and which columns tell what they should not: the learnability audit."""

import polars as pl

from warehouse.table import Column, Table

OWNER = "team:machine-learning"
TARGETS = Table(
    layer="audit",
    name="targets",
    grain="One row per target that a model might predict.",
    columns=(
        Column("target", pl.String, "Column of silver/tickets"),
        Column("verdict", pl.String, "learnable, weak, nothing to learn or solved by template", required=True),
        Column("reason", pl.String, "Why, in a sentence", required=True),
        Column("rows", pl.Int64, "Labelled tickets that were looked at", required=True),
        Column("sampled_from", pl.Int64, "Closed tickets of which they were drawn", required=True),
        Column("classes", pl.Int64, "Labels that are frequent enough", required=True),
        Column("model", pl.String, "The simple model that was best on the validation part", required=True),
        Column("majority", pl.Float64, "Accuracy of the majority class on the newest tickets"),
        Column("time_split", pl.Float64, "Accuracy on the newest tickets"),
        Column("time_gain_low", pl.Float64, "Lower 95 % bound of its gain over the majority class"),
        Column("time_gain_high", pl.Float64, "Upper 95 % bound"),
        Column("group_split", pl.Float64, "Accuracy on customers that training never saw"),
        Column("group_majority", pl.Float64, "Accuracy of the majority class there"),
        Column("group_gain_low", pl.Float64, "Lower 95 % bound of the gain, whole customers drawn anew"),
        Column("group_gain_high", pl.Float64, "Upper 95 % bound"),
        Column("unseen_template_split", pl.Float64, "Accuracy on templates that training never saw"),
        Column("unseen_template_majority", pl.Float64, "Accuracy of the majority class there"),
        Column("unseen_template_gain_low", pl.Float64, "Lower 95 % bound of the gain, whole templates drawn anew"),
        Column("unseen_template_gain_high", pl.Float64, "Upper 95 % bound"),
        Column("p_value", pl.Float64, "Permutation test of the time split"),
        Column("group_p_value", pl.Float64, "Permutation test of the customer split"),
        Column("templates", pl.Int64, "Templates among the tickets: texts alike once names and numbers are masked"),
        Column("shared_templates", pl.Float64, "Share of the newest tickets worded like one of training"),
        Column("duplicates", pl.Float64, "Share of the newest tickets whose very text is in training, too"),
        Column("label_noise_ceiling", pl.Float64, "Accuracy that disagreeing near-duplicates leave; null: too few"),
        Column("ceiling_from", pl.String, "Which near-duplicates: equal texts or templates"),
        Column("leaks", pl.List(pl.String), "Columns known only afterwards that tell the target, most telling first"),
        Column("seed", pl.Int64, "Seed of samples, folds and permutations", required=True),
    ),
    primary_key=("target",),
    owner=OWNER,
)
COLUMNS = Table(
    layer="audit",
    name="columns",
    grain="One row per target and column of a ticket: what the column by itself tells about the target.",
    columns=(
        Column("target", pl.String, "Column of silver/tickets that is to be predicted"),
        Column("column", pl.String, "Column that was looked at"),
        Column("accuracy", pl.Float64, "How often the best guess from this column alone is right", required=True),
        Column("majority", pl.Float64, "How often the majority class is", required=True),
        Column("z", pl.Float64, "Standard deviations above what permuted labels give", required=True),
        Column("leaks", pl.Boolean, "Tells something, and is known only afterwards", required=True),
        Column("afterwards", pl.Boolean, "Whether it is known only after the ticket was opened", required=True),
        Column("why", pl.String, "How that is known", required=True),
        Column("filled_open", pl.Float64, "Share of open tickets that have it; null: too few are open"),
        Column("filled_closed", pl.Float64, "Share of closed tickets that have it", required=True),
    ),
    primary_key=("target", "column"),
    owner=OWNER,
)

TABLES = (TARGETS, COLUMNS)
