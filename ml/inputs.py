"""What learners are given of tickets, put together from the lake's tables or from one ticket."""

import polars as pl

from ml.classify.learner import Inputs, Vectors
from ml.features import model_table
from ml.text.clean import clean
from ml.text.terms import said
from ml.text.vectors import gathered, text_hash

WORDS = ("subject", "description", "error_logs", "stack_trace")
"""Fields whose words are read."""


def encoded(rows: pl.DataFrame) -> pl.Series:
    """What an encoder is given of tickets: the customer's words, without what letters carry along."""
    return clean(said(rows))


def assemble(
    rows: pl.DataFrame, texts: pl.Series, features: pl.DataFrame, vectors: pl.DataFrame, dimension: int
) -> Inputs:
    """Learners' inputs, in the order of `rows` (`ticket_id` and `WORDS`), of which `texts` are `encoded`.

    `features` are rows of `features/tickets`, `vectors` of `features/embeddings` of one encoder; a ticket that is in
    one of them not yet has nulls, or a vector of zeros.
    """
    embedded = gathered(text_hash(texts), vectors, dimension)
    known = rows.select("ticket_id").join(features, on="ticket_id", how="left", maintain_order="left")
    return Inputs(_written(rows, texts), embedded, model_table(known))


def of_one(rows: pl.DataFrame, texts: pl.Series, features: pl.DataFrame, vector: Vectors) -> Inputs:
    """The inputs of tickets whose texts (`encoded`), features and vectors (n, d) were just made, row by row."""
    return Inputs(_written(rows, texts), vector, model_table(features))


def _written(rows: pl.DataFrame, texts: pl.Series) -> pl.Series:
    """All that a ticket says when it is opened: the customer's words, then log lines and stack trace."""
    attached = [pl.lit("\n") + pl.col(name).cast(pl.String) for name in ("error_logs", "stack_trace")]
    said = rows.with_columns(texts.alias("_said"))
    return said.select(pl.concat_str("_said", *attached, ignore_nulls=True)).to_series()
