"""What events say of solutions and articles that were suggested: tried or put aside, and whether it held."""

import polars as pl

from warehouse.payloads import EVERY

TYPES = (
    "SuggestionAccepted",
    "SuggestionRefused",
    "SuggestionJudged",
    "TicketResolved",
    "TicketReopened",
    "FeedbackGiven",
)
REFUSED = 0.25
"""Attempts that failed which one refusal counts for: who puts something aside has not tried it."""
SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "ticket_id": pl.String,
    "target_id": pl.String,
    "succeeded": pl.Boolean,
    "weight": pl.Float64,
    "at": pl.Datetime("us", "UTC"),
}
_WHEN = ["event_time", "event_id"]
_KEYS = ["ticket_id", "target_id"]


def outcomes(events: pl.DataFrame) -> pl.DataFrame:
    """One row per ticket and thing that was used or put aside (`SCHEMA`), of rows of `silver/events` in any order.

    Of several verdicts the last counts. What was used helped, unless somebody who had used it said that it did not; or
    it was the last thing used before the ticket was reopened, or before the customer said that nothing had helped. A
    later judgement, or another answer of the customer, takes that back; being resolved again does not.
    """
    said = events.filter(pl.col("type").is_in(TYPES) & (pl.col("ticket_id") != EVERY)).sort(_WHEN)
    suggestion = pl.col("payload").str.json_path_match("$.suggestion_id")
    about = said.with_columns(
        target_id=suggestion.str.splitn(":", 2).struct.field("field_1"),
        helpful=pl.col("payload").str.json_path_match("$.helpful"),
    )
    verdicts = (
        about.filter(pl.col("type").is_in(TYPES[:2]))
        .drop_nulls("target_id")
        .group_by(_KEYS, maintain_order=True)
        .agg(pl.col("type").last().alias("verdict"), pl.col("event_time").last().alias("used_at"))
    )
    used = verdicts.filter(pl.col("verdict") == TYPES[0]).sort("used_at", maintain_order=True)
    turned = about.filter(
        (pl.col("type") == "TicketReopened") | ((pl.col("type") == "FeedbackGiven") & pl.col("helpful").is_not_null())
    ).select(
        "ticket_id",
        "event_time",
        pl.when(pl.col("type") == "TicketReopened").then(pl.lit("false")).otherwise("helpful").alias("helpful"),
    )
    last = turned.sort("event_time", maintain_order=True).join_asof(
        used.select("ticket_id", "target_id", "used_at"),
        left_on="event_time",
        right_on="used_at",
        by="ticket_id",
        check_sortedness=False,
    )
    judged = about.filter(pl.col("type") == "SuggestionJudged").select(*_KEYS, "event_time", "helpful")
    words = pl.concat([judged, last.select(*_KEYS, "event_time", "helpful")]).drop_nulls("target_id")
    word = (
        words.sort("event_time", maintain_order=True)
        .group_by(_KEYS, maintain_order=True)
        .agg(pl.col("helpful").last(), pl.col("event_time").last().alias("said_at"))
    )
    tried = verdicts.join(word, on=_KEYS, how="left")
    refused = pl.col("verdict") == TYPES[1]
    rows = tried.select(
        *_KEYS,
        succeeded=~refused & (pl.col("helpful") != "false").fill_null(True),
        weight=pl.when(refused).then(REFUSED).otherwise(1.0),
        at=pl.max_horizontal("used_at", "said_at"),
    )
    return rows.select(pl.col(name).cast(dtype) for name, dtype in SCHEMA.items())
