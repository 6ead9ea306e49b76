"""Signals: what every detector tells, in one form and under an identifier that a second look gives again."""

from hashlib import blake2b

import polars as pl

from warehouse.contracts.anomalies import SIGNALS

KINDS = ("volume", "trend", "new_issue", "mood", "unanswered", "categorisation")
MOST_TICKETS = 100
FOUND = {name: dtype for name, dtype in SIGNALS.schema.items() if name not in ("signal_id", "score")}
"""What a detector says of a signal: `signals` adds the rest."""
_NAMED_BY = ("kind", "dimension", "series", "window_start")


def signals(found: pl.DataFrame) -> pl.DataFrame:
    """Rows of `anomalies/signals`, of rows that have all but the identifier and the score.

    The identifier is made of kind, dimension, series and start of the window: who looks again finds the same.
    """
    named = found.select(pl.concat_str(pl.col(_NAMED_BY).cast(pl.String), separator="\x1f")).to_series()
    ids = [f"SIG-{blake2b(name.encode(), digest_size=8).hexdigest()}" for name in named]
    made = found.with_columns(
        signal_id=pl.Series(ids, dtype=pl.String),
        score=-pl.max_horizontal("p", pl.lit(1e-300)).log10(),
        ticket_ids=pl.col("ticket_ids").list.head(MOST_TICKETS),
    )
    return made.select([pl.col(name).cast(dtype) for name, dtype in SIGNALS.schema.items()])


def grouped(found: pl.DataFrame) -> pl.DataFrame:
    """`signals` of what was found together, from `first_at` to `last_at`, where nothing was to be expected."""
    nothing = pl.lit(None, pl.Float64)
    return signals(
        found.with_columns(
            window_start="first_at",
            window_end=pl.col("last_at") + pl.duration(microseconds=1),
            expected=nothing,
            upper=nothing,
            effect=nothing,
        )
    )
