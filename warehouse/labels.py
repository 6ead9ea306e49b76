"""What people said of labels, and which label holds where they differ.

A statement is a fact of its own: it takes nothing from what was recorded, nor from what another person said. The label
that holds for a ticket and a field follows from all of them:

- A person's last word counts, once. What systems inferred counts nothing.
- Agents come before customers. The value that most of them say holds; of as many, the one that was said last.
- A record that is newer than a statement stands over it, unless it repeats what the person put right (`previous`):
  whoever exports a ticket again has not contradicted anybody.
- Without any statement that counts, what was recorded holds.
"""

import polars as pl

CORRECTED, CONFIRMED = TYPES = ("LabelCorrected", "LabelConfirmed")
_ABOUT = ["ticket_id", "field"]
_WHEN = ["said_at", "label_id"]


def facts(events: pl.DataFrame) -> pl.DataFrame:
    """One row per event of people on labels, of rows of `silver/events` in any order."""
    said = events.filter(pl.col("type").is_in(TYPES) & (pl.col("actor_kind") != "system"))
    review = _said("review_id")
    return said.select(
        pl.col("event_id").alias("label_id"),
        "ticket_id",
        _said("field").alias("field"),
        _said("value").alias("value"),
        _said("previous").alias("previous"),
        pl.when(pl.col("type") == CORRECTED).then(pl.lit("corrected")).otherwise(pl.lit("confirmed")).alias("kind"),
        pl.when(review.is_not_null()).then(pl.lit("review")).otherwise("actor_kind").alias("source"),
        "actor_kind",
        "actor_id",
        pl.col("event_time").alias("said_at"),
        pl.col("received_time").alias("heard_at"),
        _said("prediction_id").alias("prediction_id"),
        review.alias("review_id"),
    )


def effective(said: pl.DataFrame, recorded: pl.DataFrame) -> pl.DataFrame:
    """The label that statements give a ticket and field (`ticket_id`, `field`, `value`), and which one said it last.

    `said` as of `facts`; `recorded` has `ticket_id`, `field`, `recorded` (null: nothing) and `moment`, when the record
    last changed.
    """
    known = said.join(recorded, on=_ABOUT, how="left")
    newer = (pl.col("said_at") > pl.col("moment")).fill_null(True)
    repeated = (pl.col("previous") == pl.col("recorded")).fill_null(False)
    standing = known.filter(newer | repeated).sort(_WHEN)
    words = standing.unique([*_ABOUT, "actor_kind", "actor_id"], keep="last", maintain_order=True)
    agents = pl.col("actor_kind") == "agent"
    heard = words.filter(agents | ~agents.any().over(_ABOUT))
    votes = heard.group_by(*_ABOUT, "value", maintain_order=True).agg(
        pl.len().alias("voices"), pl.col("said_at").last(), pl.col("label_id").last()
    )
    chosen = votes.sort("voices", *_WHEN).unique(_ABOUT, keep="last", maintain_order=True)
    return chosen.select(*_ABOUT, "value", *_WHEN)


def _said(path: str) -> pl.Expr:
    return pl.col("payload").str.json_path_match(f"$.{path}")
