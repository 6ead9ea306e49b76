"""Whether drift is a reason to train again."""

from datetime import date

import polars as pl

from ml.anomaly.drift.parts import ALL


def asks_for_retraining(rows: pl.DataFrame, after: date) -> str | None:
    """The reason, as people read it; None where there is none. `rows` are of `anomalies/drift`.

    Only what is newest of each model and part counts, and only from days after `after`, the last that the models were
    made from: what they have seen does not ask for them to see it again. Worse answers are a reason by themselves.
    Other answers are one where inputs or texts changed too, for then tickets are others than they were; inputs alone
    are none: most of what moves there no model minds.
    """
    recent = rows.filter(pl.col("day") > after)
    newest = recent.filter(pl.col("day") == pl.col("day").max().over("model", "part"))
    drifted = newest.filter("drifted").sort(pl.col("value") / pl.col("threshold"), descending=True, nulls_last=True)
    worse = drifted.filter(part="quality")
    if worse.height:
        return "; ".join(_told(row, row["model"]) for row in worse.unique("model", maintain_order=True).to_dicts())
    others = drifted.filter(part="prediction")
    causes = drifted.filter(pl.col("part").is_in(["input", "embedding"]) & (pl.col("model") == ALL))
    if others.height and causes.height:
        first, cause = others.row(0, named=True), causes.row(0, named=True)
        return f"{_told(first, first['model'])}, and so did {_told(cause, 'texts and fields')}"
    return None


def _told(row: dict[str, object], whose: str) -> str:
    said = f"{row['name']} of {whose} moved by {row['value']:.3g} in the 14 days to {row['day']}"
    return f"{said} ({row['method']}; by chance once in a hundred: {row['threshold']:.3g})"
