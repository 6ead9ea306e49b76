"""Suggestions that agents used, as attempts: what people do with what is found counts like what they write down."""

import polars as pl

from warehouse.contracts.search import ATTEMPTS
from warehouse.payloads import EVERY

KINDS = ("solutions", "answers")


def attempts(searches: pl.DataFrame) -> pl.DataFrame:
    """Rows of `search/attempts`, one a ticket and accepted solution, from rows of `silver/search_events`.

    It helped unless somebody said that it did not. Searches for no ticket tell of no attempt.
    """
    used = searches.filter(
        pl.col("kind").is_in(KINDS) & (pl.col("ticket_id") != EVERY) & pl.col("accepted_rank").is_not_null()
    )
    rank = pl.col("accepted_rank").cast(pl.Int64) - 1
    rows = used.select(
        "ticket_id",
        solution_id=pl.col("found").list.get(rank, null_on_oob=True),
        succeeded=pl.col("helped").fill_null(True),
        at="accepted_at",
        saying=pl.lit(""),
    )
    newest = rows.drop_nulls(["solution_id", "at"]).sort("at").unique(ATTEMPTS.primary_key, keep="last")
    return newest.select(ATTEMPTS.schema.names()).sort(ATTEMPTS.primary_key)


def joined(written: pl.DataFrame, used: pl.DataFrame) -> pl.DataFrame:
    """Both; what is written of a ticket and a solution stands over what was clicked."""
    return pl.concat([written, used.join(written, on=ATTEMPTS.primary_key, how="anti")])
