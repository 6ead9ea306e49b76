"""What events say of solutions and articles that were suggested: tried or put aside, and whether it held."""

import polars as pl

from warehouse.contracts.search import ATTEMPTS
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

    A search that was about no ticket is one by itself, `*:` and its id. Of several verdicts the last counts; who judges
    what nobody accepted or refused has used it. What was used helped, unless somebody who had used it said that it did
    not; or it was the last thing used before the ticket was reopened, or before the customer said that nothing had
    helped. A later judgement, or another answer of the customer, takes that back; being resolved again does not.
    """
    suggestion = pl.col("payload").str.json_path_match("$.suggestion_id").str.splitn(":", 2).struct
    about = (
        events.filter(pl.col("type").is_in(TYPES))
        .sort(_WHEN)
        .with_columns(
            ticket_id=pl.when(pl.col("ticket_id") == EVERY)
            .then(pl.concat_str(pl.lit(f"{EVERY}:"), suggestion.field("field_0")))
            .otherwise("ticket_id"),
            target_id=suggestion.field("field_1"),
            helpful=pl.col("payload").str.json_path_match("$.helpful"),
        )
        .drop_nulls("ticket_id")
    )
    decided, named = pl.col("type").is_in(TYPES[:2]), about.drop_nulls("target_id")
    verdicts = named.group_by(_KEYS, maintain_order=True).agg(
        pl.col("type").filter(decided).last().fill_null(TYPES[0]).alias("verdict"),
        pl.coalesce(pl.col("event_time").filter(decided).last(), pl.col("event_time").first()).alias("used_at"),
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


def attempts(written: pl.DataFrame, events: pl.DataFrame, solutions: pl.Series) -> pl.DataFrame:
    """Rows of `search/attempts` as `written` in agents' notes, with what events say of these solutions.

    An event stands over a note. What was put aside was not tried.
    """
    of_tickets = ~pl.col("ticket_id").str.starts_with(EVERY)
    known = pl.col("target_id").is_in(solutions.implode())
    used = outcomes(events).filter((pl.col("weight") == 1.0) & of_tickets & known)
    heard = used.select("ticket_id", solution_id="target_id", held="succeeded", held_at="at")
    both = written.join(heard, on=ATTEMPTS.primary_key, how="full", coalesce=True)
    rows = both.with_columns(
        succeeded=pl.coalesce("held", "succeeded"),
        at=pl.coalesce("held_at", "at"),
        saying=pl.col("saying").fill_null(""),
    )
    return rows.select(ATTEMPTS.schema.names()).sort(ATTEMPTS.primary_key)
