"""The review queue: of tickets that models answered those to look at, in an order, each with its reason."""

from collections.abc import Callable, Mapping

import numpy as np
import polars as pl

from ml.review.choose import diverse
from ml.review.worth import Vectors, rarity, worth
from warehouse.contracts.review import QUEUE

BATCH = 60
"""Entries of a field for doubt; half as many for disagreement, and for the fair sample."""
POOL = 400
"""Tickets among which a batch is chosen to be diverse."""
UNCERTAIN, DISAGREEMENT, RANDOM = "uncertain", "disagreement", "random"


def queue(
    scores: pl.DataFrame,
    vectors_of: Callable[[pl.DataFrame], Vectors],
    batch: int = BATCH,
    known: Mapping[str, Mapping[str, int]] | None = None,
) -> pl.DataFrame:
    """Rows of `learning/review_queue`, of rows of `learning/review_scores` that nobody has settled.

    `known` says of how many tickets each label is known, by field; `vectors_of` gives the vectors of such rows, of unit
    length. Entries of a field take turns: two of doubt, one of disagreement, one of the fair sample. Members of the
    sample are never asked for another reason, so that what is found of them says how good the models are.
    """
    fields = []
    for rows in scores.sort("field", "review_id").partition_by("field"):
        pairs = list(rows.select("label", "rival").iter_rows())
        rare = rarity(pairs, (known or {}).get(rows["field"][0], {}))
        rated = rows.with_columns(cost=pl.col("cost") * pl.Series(rare, dtype=pl.Float64))
        fields.append(_of_field(rated, vectors_of, batch))
    return pl.concat([pl.DataFrame(schema=QUEUE.schema), *fields])


def _of_field(rows: pl.DataFrame, vectors_of: Callable[[pl.DataFrame], Vectors], batch: int) -> pl.DataFrame:
    sample = rows.filter("drawn").sort("created_at", "ticket_id", descending=[True, False]).head(batch // 2)
    sample = sample.with_columns(_worth(sample, "uncertainty"))
    others = rows.filter(~pl.col("drawn"))
    doubted = _chosen(others, "uncertainty", vectors_of, batch)
    left = others.join(doubted, on="ticket_id", how="anti")
    split = _chosen(left.filter(pl.col("disagreement") > 0), "disagreement", vectors_of, batch // 2)
    parts = [
        part.with_columns(reason=pl.lit(reason), turn=(pl.int_range(pl.len()) // often) * 4 + first)
        for part, reason, often, first in (
            (doubted, UNCERTAIN, 2, 0),
            (split, DISAGREEMENT, 1, 1),
            (sample, RANDOM, 1, 2),
        )
    ]
    told = pl.concat(parts).sort("turn", "score", "ticket_id", descending=[False, True, False])
    ranked = told.with_columns(rank=pl.int_range(1, pl.len() + 1))
    return ranked.select(pl.col(name).cast(dtype) for name, dtype in QUEUE.schema.items())


def _chosen(
    rows: pl.DataFrame, measure: str, vectors_of: Callable[[pl.DataFrame], Vectors], count: int
) -> pl.DataFrame:
    scored = rows.with_columns(_worth(rows, measure)).sort("score", "ticket_id", descending=[True, False]).head(POOL)
    if scored.is_empty():
        return scored
    return scored[diverse(vectors_of(scored), scored["score"].to_numpy(), count)]


def _worth(rows: pl.DataFrame, measure: str) -> pl.Series:
    found = worth(*(rows[name].cast(pl.Float64).to_numpy() for name in (measure, "density", "cost")))
    return pl.Series("score", np.nan_to_num(found))
