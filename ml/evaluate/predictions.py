"""What champions said of tickets that they did not learn from, against the simulator's truth and its Bayes ceiling.

The ceiling: what nobody who reads the same words can surpass, the likeliest label by P(label | what was said).
"""

from pathlib import Path
from typing import Any

import polars as pl

from ml.classify.labels import places
from ml.duration import RESOLUTION_TIME
from ml.evaluate import measures
from ml.targets import ESCALATION, TARGETS
from warehouse.errors import SourceUnreadable

JUDGED = ("test", "later")
"""Parts that the champion was neither fitted nor chosen on."""
SEED = 7


def measure(predictions: pl.DataFrame, tickets: pl.DataFrame, truth: Path) -> dict[str, Any]:
    """Measures by target. `predictions` as in `predictions/tickets`, `tickets` as in `silver/tickets`.

    Raises `SourceUnreadable` where `truth` lacks `tickets.parquet` or `labels.parquet`.
    """
    for name in ("tickets.parquet", "labels.parquet"):
        if not (truth / name).exists():
            raise SourceUnreadable(f"{truth}: no {name}; expected the truth folder that `ticketlake simulate` writes.")
    told = predictions.filter(pl.col("part").is_in(JUDGED))
    known, labels = pl.read_parquet(truth / "tickets.parquet"), pl.read_parquet(truth / "labels.parquet")
    found: dict[str, Any] = {}
    for target in TARGETS:
        rows = told.filter(pl.col("target") == target.name)
        recorded = tickets.select("ticket_id", target.labels().alias("recorded"))
        rows = rows.join(recorded, on="ticket_id").drop_nulls("recorded")
        names = labels.filter(pl.col("target") == target.name).sort("position")["label"].to_list()
        if names:
            truth_of = known.select("ticket_id", "language", clean=target.name, chances=f"p_{target.name}")
            found[target.name] = _against(rows.join(truth_of, on="ticket_id").drop_nulls("clean"), names)
        elif target is ESCALATION and rows.height:
            found[target.name] = _ranked(rows)
    hours = told.filter(pl.col("target") == RESOLUTION_TIME).join(tickets, on="ticket_id").drop_nulls("resolved_at")
    if hours.height:
        taken = (pl.col("resolved_at") - pl.col("created_at")).dt.total_seconds() / 3600
        inside = hours.select(taken.is_between("hours_p10", "hours_p90").mean()).item()
        found[RESOLUTION_TIME] = {"rows": hours.height, "coverage_of_80_percent_interval": inside}
    return found


def _against(rows: pl.DataFrame, names: list[str]) -> dict[str, Any]:
    if rows.is_empty():
        return {"rows": 0}
    best = pl.col("chances").list.arg_max().replace_strict(dict(enumerate(names)), return_dtype=pl.String)
    rows = rows.with_columns(best.alias("best"))
    ceiling, reached = _f1(rows, "clean", "best"), _f1(rows, "clean", "label")
    right = (rows["label"] == rows["recorded"]).to_numpy()
    languages = rows.group_by("language").agg(
        pl.len().alias("rows"),
        (pl.col("label") == pl.col("clean")).mean().alias("accuracy"),
        (pl.col("best") == pl.col("clean")).mean().alias("ceiling"),
    )
    return {
        "rows": rows.height,
        "weighted_f1": reached,
        "ceiling": ceiling,
        "share_of_ceiling": reached["value"] / ceiling["value"],
        "weighted_f1_on_recorded_labels": _f1(rows, "recorded", "label"),
        "ceiling_on_recorded_labels": _f1(rows, "recorded", "best"),
        "calibration_error": measures.confidence_error(rows["confidence"].to_numpy(), right),
        "languages": {row["language"]: row for row in languages.sort("rows", descending=True).to_dicts()},
    }


def _ranked(rows: pl.DataFrame) -> dict[str, Any]:
    """Area under the precision-recall curve beside the base rate, which is what chance reaches."""
    from sklearn.metrics import average_precision_score

    yes = ESCALATION.order[1]
    truth = (rows["recorded"] == yes).to_numpy()
    chance = rows.select(pl.when(pl.col("label") == yes).then("confidence").otherwise(1 - pl.col("confidence")))
    area = float(average_precision_score(truth, chance.to_series().to_numpy())) if truth.any() else None
    return {"rows": rows.height, "base_rate": float(truth.mean()), "average_precision": area}


def _f1(rows: pl.DataFrame, truth: str, guess: str) -> dict[str, float]:
    classes = sorted(set(rows[truth]) | set(rows[guess].drop_nulls()))
    one, other = (places(rows[name].fill_null(classes[0]), classes) for name in (truth, guess))
    matrix = measures.confusion(one, other, len(classes))
    interval = measures.resampled(matrix, measures.weighted_f1, SEED)
    return {"value": interval.value, "low": interval.low, "high": interval.high}
