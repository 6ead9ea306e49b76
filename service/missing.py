"""Why something that a build makes is not there although a build ran, where the lake can say it cheaply."""

import polars as pl

from ml.classify.baseline import FEWEST_ROWS, NAME, TARGET
from warehouse.contracts import silver
from warehouse.reading import Tables


def why(lake: Tables, asset: str) -> str | None:
    """The reason in words; None where there is none but that nobody has built it. Reads one column."""
    if asset != NAME or not lake.exists(silver.TICKETS):
        return None
    labels = lake.scan(silver.TICKETS).select(pl.col(TARGET))
    counts = labels.select(
        rows=pl.len(), labelled=pl.col(TARGET).count(), classes=pl.col(TARGET).drop_nulls().n_unique()
    )
    rows, labelled, classes = counts.collect().row(0)
    if rows and not labelled:
        return f"no labelled tickets: {TARGET} is empty in all {rows:,}"
    if rows and (labelled < FEWEST_ROWS or classes < 2):
        found = f"{labelled:,} of {rows:,} tickets have a {TARGET}, in {classes} class{'' if classes == 1 else 'es'}"
        return f"too few labelled tickets: {found}; expected at least {FEWEST_ROWS} in 2 classes"
    return None
