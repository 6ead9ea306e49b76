"""Names from what is said: terms that a group uses and others hardly do.

Class-based TF-IDF (Grootendorst, "BERTopic: Neural topic modeling with a class-based TF-IDF procedure", 2022): how
often a group says a word, times the logarithm of one more than a group's words over how often all groups say it.
"""

import polars as pl

from ml.graph.terms import words

MOST_TERMS = 10
NAMED_BY = 4
"""Terms in a name."""
LEAST_OWNERS = 2
"""People who must have said a word: what only one wrote may be a name."""


def terms(said: pl.DataFrame) -> pl.DataFrame:
    """By group its terms, the most telling first: group, terms. `said` has group, owner and text, which is redacted.

    A group of null is only compared with. Each owner counts once a word.
    """
    owned = said.select("group", "owner", text=pl.int_range(pl.len(), dtype=pl.Int64))
    counted = (
        words(said["text"])
        .join(owned, on="text")
        .group_by("group", "term")
        .agg(count=pl.col("owner").n_unique())
        .with_columns(everywhere=pl.col("count").sum().over("term"))
    )
    classes = max(1, said["group"].drop_nulls().n_unique())
    average = counted["count"].sum() / classes
    scored = counted.drop_nulls("group").with_columns(
        score=pl.col("count") / pl.col("count").sum().over("group") * (1 + average / pl.col("everywhere")).log()
    )
    best = scored.filter(pl.col("count") >= LEAST_OWNERS).sort(
        "group", "score", "term", descending=[False, True, False]
    )
    return best.group_by("group", maintain_order=True).agg(terms=pl.col("term").head(MOST_TERMS))


def name() -> pl.Expr:
    """A name of the column `terms`; empty where there is none."""
    return pl.col("terms").list.head(NAMED_BY).list.join(", ")
