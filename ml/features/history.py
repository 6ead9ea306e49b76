"""The past of customers and products: running totals with intervals of validity, looked up at a moment.

A total holds in [`valid_from`, `valid_to`). A ticket sees those that began strictly before it was opened; what lies
in a window is the difference of two totals, so nothing is stored again when a ticket leaves a window. Totals are
integers: their differences do not depend on the order in which they were added.
"""

from collections.abc import Mapping

import polars as pl

from warehouse.contracts.ticket_features import WINDOWS

NARROW = (
    "ticket_id",
    "created_at",
    "updated_at",
    "resolved_at",
    "customer_id",
    "product",
    "product_module",
    "product_version",
    "escalated",
    "customer_sentiment",
)
"""The fields of earlier tickets that history is made of: no text."""
TOTALS = ("tickets", "resolved", "escalated", "resolution_seconds")
KEYS: Mapping[str, pl.Expr] = {
    "customer": pl.col("customer_id"),
    "product": pl.col("product"),
    "module": pl.concat_str(pl.col("product"), pl.lit(":"), pl.col("product_module")),
    "version": pl.concat_str(pl.col("product"), pl.lit("@"), pl.col("product_version")),
}
"""How each history is keyed; null where the ticket does not say."""
CUSTOMERS = ("customer",)
PRODUCTS = ("product", "module", "version")
_KNOWN_AT = pl.max_horizontal("created_at", "resolved_at", "updated_at")


def changes(tickets: pl.DataFrame, level: str) -> pl.DataFrame:
    """What each ticket adds to the totals of `level`, and when: `key`, `ticket_id`, `valid_from`, `TOTALS`, sentiment.

    `tickets` has the columns `NARROW`. An opening counts from `created_at`, an outcome once the ticket is resolved and
    from the later of `resolved_at` and `updated_at`, for only then did its record say what it says now.
    """
    keyed = tickets.with_columns(key=KEYS[level]).filter(
        pl.col("key").is_not_null() & pl.col("created_at").is_not_null()
    )
    seconds = (pl.col("resolved_at") - pl.col("created_at")).dt.total_seconds()
    opened = keyed.select(
        "key", "ticket_id", valid_from="created_at", tickets=1, resolved=0, escalated=0, resolution_seconds=0
    ).with_columns(last_sentiment=pl.lit(None, pl.String))
    closed = keyed.filter(pl.col("resolved_at").is_not_null()).select(
        "key",
        "ticket_id",
        valid_from=_KNOWN_AT,
        tickets=0,
        resolved=1,
        escalated=pl.col("escalated").fill_null(False).cast(pl.Int32),
        resolution_seconds=seconds.clip(0),
        last_sentiment=pl.col("customer_sentiment"),
    )
    whole = [pl.col(name).cast(pl.Int64) for name in TOTALS]
    return pl.concat([opened.with_columns(whole), closed.with_columns(whole)]).sort(["key", "valid_from", "ticket_id"])


def states(tickets: pl.DataFrame, level: str) -> pl.DataFrame:
    """Running totals of `level`: `key`, `valid_from`, `valid_to` (null: still), `TOTALS`, `last_sentiment`."""
    return (
        changes(tickets, level)
        .group_by("key", "valid_from", maintain_order=True)
        .agg(pl.col(TOTALS).sum(), pl.col("last_sentiment").drop_nulls().last())
        .with_columns(
            pl.col("valid_from").shift(-1).over("key").alias("valid_to"),
            pl.col(TOTALS).cum_sum().over("key"),
            pl.col("last_sentiment").forward_fill().over("key"),
        )
        .select("key", "valid_from", "valid_to", *TOTALS, "last_sentiment")
    )


def history_features(tickets: pl.DataFrame, past: pl.DataFrame) -> pl.DataFrame:
    """Columns `<level>.<total>` and, as they were that many days before, `<level>.<total>@<days>`, for each ticket.

    `tickets` needs `created_at` and the fields of `KEYS`; `past` the columns `NARROW`; rows in the order of `tickets`.
    A total is 0 where the key is new and null where the ticket names no key.
    """
    found = tickets.select("created_at", **KEYS).with_row_index("place")
    joined = [found.select("place")]
    for level, windows in WINDOWS.items():
        totals = states(past, level).drop("valid_to").sort("valid_from")
        asked = found.select("place", key=level, at="created_at").filter(pl.col("at").is_not_null())
        for days in (0, *windows):
            at = asked.with_columns(at=pl.col("at") - pl.duration(days=days)).sort("at")
            seen = at.join_asof(
                totals,
                left_on="at",
                right_on="valid_from",
                by="key",
                allow_exact_matches=False,
                check_sortedness=False,
            )
            named = pl.col("key").is_not_null()
            suffix = f"@{days}" if days else ""
            values = [
                pl.when(named).then(pl.col(total).fill_null(0)).alias(f"{level}.{total}{suffix}") for total in TOTALS
            ]
            last = [] if days else [pl.when(named).then("last_sentiment").alias(f"{level}.last_sentiment")]
            joined.append(found.select("place").join(seen.select("place", *values, *last), on="place", how="left"))
    frames = [frame.sort("place").drop("place") for frame in joined[1:]]
    return pl.concat(frames, how="horizontal")
