"""Whether classification differs from the weeks before: confidence, abstentions, confusions, and the mix of labels.

Four measures of each target, in the last seven days against the eight weeks before, of one version of a model:

    confidence  mean calibrated confidence of the answers, by the label answered; told when it falls
    abstained   share of answers that the policy withholds, by the label answered; told when it rises
    confused    share of the tickets recorded as `label` for which `other` was answered; told when it rises
    mix         share answered as a label less share recorded as it; told when it moves either way

The first two are known when a ticket is opened, the others when it is closed: their windows go by those days. One
customer's tickets of one week and label count once, the newest of them. It is told when Holm's correction over all
series of a measure, target and day leaves at most `ALPHA`, and the difference is as large as `LEAST` says.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

import polars as pl

from ml.anomaly import classified, holm, windows
from ml.anomaly.classified import ALL
from ml.anomaly.holm import adjusted
from ml.anomaly.mood import current
from ml.anomaly.signals import FOUND as TOLD
from ml.anomaly.signals import signals
from ml.anomaly.windows import DAYS, WEEKS, bounds
from ml.classify.decisions import Thresholds
from ml.targets import TARGETS
from ml.text import sources
from warehouse.contracts.anomalies import CATEGORISATION

READ = (
    "ticket_id", "created_at", "resolved_at", "customer_id", *(target.column for target in TARGETS),
)  # fmt: skip
"""The columns of `silver/tickets` that are read."""
ALPHA = 0.01
LEAST = {"confidence": 0.05, "abstained": 0.1, "confused": 0.1, "mix": 0.05}
_BARE = {
    "target": pl.String, "opened": pl.Date, "closed": pl.Date, "customer": pl.String, "ticket_id": pl.String,
    "label": pl.String, "confidence": pl.Float64, "abstained": pl.Boolean, "truth": pl.String,
}  # fmt: skip
_COLUMNS = {target.name: target.column for target in TARGETS}
_NODES = {"category": "Category", "subcategory": "Subcategory"}


def answered(
    predictions: pl.DataFrame, tickets: pl.DataFrame, thresholds: Mapping[str, Thresholds] | None
) -> pl.DataFrame:
    """What was answered of each ticket and target, and what became of it, for `categorisation`.

    `predictions` are rows of `predictions/tickets`, of which those of the model that was trained last count; `tickets`
    has the columns `READ`; `thresholds` are those of the policy, by target: None where there is no policy.
    """
    frames = [pl.DataFrame(schema=_BARE)]
    for target in TARGETS:
        own = current(predictions.filter((pl.col("target") == target.name) & pl.col("label").is_not_null()))
        if own.is_empty():
            continue
        newest = own.sort("created_at", "ticket_id")["model"][-1]
        known = tickets.select(
            "ticket_id",
            customer=pl.coalesce(pl.lit("of ") + pl.col("customer_id"), "ticket_id"),
            closed=pl.col("resolved_at").dt.date(),
            truth=pl.when(pl.col("resolved_at").is_not_null()).then(target.labels()),
        )
        joined = (
            own.filter(model=newest).join(known, on="ticket_id").with_columns(opened=pl.col("created_at").dt.date())
        )
        frames.append(joined.with_columns(abstained=_abstained(target.name, thresholds)))
    return pl.concat([frame.select(pl.col(name).cast(dtype) for name, dtype in _BARE.items()) for frame in frames])


def categorisation(answers: pl.DataFrame, days: Iterable[date]) -> pl.DataFrame:
    """Rows of `anomalies/categorisation` for these days, of `answered` tickets of the `REACH` days up to each."""
    frames = [pl.DataFrame(schema={**classified.FOUND, "day": pl.Date})]
    ordered = answers.sort("target", "opened", "ticket_id")
    for day in sorted(set(days)):
        opened, closed = (_units(ordered, at, day) for at in ("opened", "closed"))
        found = [classified.confidence(opened), classified.abstentions(opened)]
        found += [measure(closed.drop_nulls("truth")) for measure in (classified.confusions, classified.mix)]
        frames += [frame.with_columns(day=pl.lit(day)) for frame in found]
    rows = pl.concat(frames)
    moved = pl.col("observed") - pl.col("expected")
    size = pl.when(pl.col("measure") == "confidence").then(-moved).when(pl.col("measure") == "mix").then(moved.abs())
    least = pl.col("measure").replace_strict(LEAST, return_dtype=pl.Float64)
    corrected = adjusted(rows, "p", ["target", "measure", "day"], pl.col("among"))
    alarm = (pl.col("_p") <= ALPHA) & (size.otherwise(moved) >= least)
    alarms = rows.with_columns(_p=corrected).with_columns(alarm=alarm)
    return alarms.select(pl.col(name).cast(dtype) for name, dtype in CATEGORISATION.schema.items())


def digest() -> str:
    """Changes with what `categorisation` does."""
    return sources.digest(__file__, *(str(module.__file__) for module in (classified, holm, windows)))


def told(rows: pl.DataFrame, tickets: pl.DataFrame) -> pl.DataFrame:
    """Signals of the rows (of `anomalies/categorisation`) that are alarms; `tickets` has the columns `READ`.

    The tickets that are shown are those of the window that are recorded as the label; where it is about all labels,
    none are. A signal can be known when the last ticket of its window was opened or, for what closing tells, closed.
    """
    alarms = rows.filter("alarm").sort(CATEGORISATION.primary_key)
    return signals(pl.DataFrame([_signal(row, tickets) for row in alarms.iter_rows(named=True)], schema=TOLD))


def _abstained(target: str, thresholds: Mapping[str, Thresholds] | None) -> pl.Expr:
    """Whether the policy withholds an answer, as `ml.classify.decisions.decide` does."""
    if thresholds is None:
        return pl.lit(None, pl.Boolean)
    least = {
        label: min((one.confidence for one in of.values() if one.confidence is not None), default=None)
        for label, of in thresholds.get(target, {}).items()
    }
    needed = pl.col("label").replace_strict(least, default=None, return_dtype=pl.Float64)
    return ~(pl.col("confidence") >= needed).fill_null(False)


def _units(answers: pl.DataFrame, at: str, day: date) -> pl.DataFrame:
    """What `classified` reads of the days up to this one."""
    week = (pl.lit(day) - pl.col(at)).dt.total_days() // DAYS
    within = answers.with_columns(_week=week).filter(pl.col("_week").is_between(0, WEEKS))
    once = ["target", "customer", "_week", "label", *(["truth"] if at == "closed" else [])]
    kept = within.unique(once, keep="last", maintain_order=True)
    return kept.with_columns(now=pl.col("_week") == 0, wrong=pl.col("label") != pl.col("truth"))


def _signal(row: dict[str, Any], tickets: pl.DataFrame) -> dict[str, Any]:
    start, end = bounds(row["day"])
    target, label = row["target"], row["label"]
    at = pl.col("resolved_at" if row["measure"] in ("confused", "mix") else "created_at")
    window = tickets.filter((at >= start) & (at < end)).sort(at, "ticket_id", descending=True)
    shown = window.filter(pl.col(_COLUMNS[target]).cast(pl.String) == label)
    named = [one for one in (label, row["other"]) if one != ALL and target in _NODES]
    return {
        "kind": "categorisation",
        "dimension": target,
        "series": " ".join([row["measure"], label, *([row["other"]] if row["other"] != ALL else [])]),
        "window_start": start,
        "window_end": end,
        "known_at": window.select(at).item(0, 0) if window.height else end,
        "name": _name(row),
        "observed": row["observed"],
        "expected": row["expected"],
        "upper": None,
        "effect": row["observed"] - row["expected"],
        "p": row["p"],
        "entities": [f"{_NODES[target]}:{one}" for one in named],
        "ticket_ids": shown["ticket_id"].to_list(),
    }


def _name(row: dict[str, Any]) -> str:
    target, label, other = row["target"], row["label"], row["other"]
    of = f"{target} {label}" if label != ALL else target
    now, before = row["observed"], row["expected"]
    if row["measure"] == "confidence":
        return f"Answers of {of} are less sure: {now:.2f}, before {before:.2f}"
    if row["measure"] == "abstained":
        return f"More answers of {of} are withheld: {now:.0%}, before {before:.0%}"
    if row["measure"] == "mix":
        return f"Answered as {of} less recorded as such: {now:+.0%} of tickets, before {before:+.0%}"
    taken = f"taken for {other}" if other != ALL else "answered otherwise than recorded"
    return f"More tickets of {of} are {taken}: {now:.0%}, before {before:.0%}"
