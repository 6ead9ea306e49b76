"""How people feel about each product and module this week, against the eight weeks before; each customer counts once.

A ticket's sentiment is the recorded one. Records carry it while a ticket is still open, so it is taken for known from
the record on, though no model may learn from it (`ml.features.fence`). Where none is recorded it is what was predicted
when the ticket was opened. Recorded and predicted moods, those of two versions of a model, and customers of different
tiers are never compared with each other: each kind is a stratum (`ml.anomaly.shift`), so that neither a change of who
writes nor a backlog of unread tickets looks like a change of mood.

An area is worth telling of when its mood became worse by at least `LEAST` with a probability of at most `ALPHA`, Holm's
correction over the areas of its dimension on that day included.
"""

from collections.abc import Collection, Iterable
from datetime import date
from typing import Any

import numpy as np
import polars as pl

from ml.anomaly import holm, shift, windows
from ml.anomaly.holm import adjusted
from ml.anomaly.shift import compare
from ml.anomaly.signals import FOUND as TOLD
from ml.anomaly.signals import signals
from ml.anomaly.windows import DAYS, REACH, WEEKS, bounds
from ml.text import sources
from warehouse.contracts.anomalies import MOOD

READ = (
    "ticket_id", "created_at", "customer_id", "customer_tier", "product", "product_module", "customer_sentiment",
)  # fmt: skip
"""The columns of `silver/tickets` that moods are made of."""
SCALE = (
    ("angry", "furious", "very negative", "very_negative"),
    ("frustrated", "upset", "annoyed", "negative"),
    ("confused", "worried", "concerned", "anxious"),
    ("neutral",),
    ("satisfied", "calm", "positive"),
    ("grateful", "happy", "delighted", "very positive", "very_positive"),
)
"""Sentiments from the worst to the best; those of one row are as good as each other. Others are not compared."""
NEUTRAL = 3
ALPHA = 0.01
LEAST = 0.1
_LEVELS = {label: place for place, labels in enumerate(SCALE) for label in labels}
_AREAS = {"product": ("product",), "module": ("product", "product_module")}


def level(column: str) -> pl.Expr:
    """The place of a sentiment in `SCALE`, null for one that is not in it."""
    said = pl.col(column).str.strip_chars().str.to_lowercase()
    return said.replace_strict(_LEVELS, default=None, return_dtype=pl.Int64)


def digest() -> str:
    """Changes with what `mood` does."""
    return sources.digest(__file__, *(str(module.__file__) for module in (holm, shift, windows)))


def area(dimension: str) -> pl.Expr:
    """The area that a ticket is about, null for none."""
    return pl.concat_str(_AREAS[dimension], separator=" ")


def mood(tickets: pl.DataFrame, predicted: pl.DataFrame, days: Iterable[date]) -> pl.DataFrame:
    """Rows of `anomalies/mood` for these days.

    `tickets` has the columns `READ`, at least of the `REACH` days up to each day; `predicted` those of
    `predictions/tickets`: `ticket_id`, `model`, `label`, one row per ticket (`current`). An area that too few customers
    wrote about, in the window or before, has no row.
    """
    asked = sorted(set(days))
    felt = _felt(tickets, predicted)
    rows: list[dict[str, Any]] = []
    for dimension in _AREAS:
        known = felt.with_columns(series=area(dimension)).drop_nulls("series").sort("series", "day", "ticket_id")
        for (series,), of in known.group_by("series", maintain_order=True):
            rows += _area(dimension, str(series), of, asked)
    found = pl.DataFrame(rows, schema={name: MOOD.schema[name] for name in MOOD.schema if name != "alarm"})
    corrected = found.with_columns(_p=adjusted(found, "p", ["dimension", "day"]))
    alarm = (pl.col("_p") <= ALPHA) & (pl.col("shift") >= LEAST)
    return corrected.with_columns(alarm=alarm).select(pl.col(name).cast(of) for name, of in MOOD.schema.items())


def models(predictions: pl.LazyFrame) -> pl.DataFrame:
    """The models that answered, each with its first ticket: one that was trained later began later."""
    return predictions.group_by("model").agg(_since=pl.col("created_at").min()).collect()


def current(predictions: pl.DataFrame, known: pl.DataFrame | None = None) -> pl.DataFrame:
    """Of rows of `predictions/tickets` about one target, one per ticket: that of the model which was trained last.

    `known` are the `models` of all predictions of the target, where these are only some.
    """
    first = models(predictions.lazy()) if known is None else known
    ordered = predictions.join(first, on="model").sort("_since", "model", descending=True)
    return ordered.unique("ticket_id", keep="first", maintain_order=True).drop("_since")


def told(rows: pl.DataFrame, tickets: pl.DataFrame) -> pl.DataFrame:
    """Signals of the rows (of `anomalies/mood`) that are alarms; `tickets` has at least the columns `READ`.

    Of the tickets in the window those are shown that are not in a good mood. A signal can be known when the last ticket
    of its window was opened.
    """
    alarms = rows.filter("alarm")
    found = [_signal(row, tickets) for row in alarms.sort(MOOD.primary_key).iter_rows(named=True)]
    return signals(pl.DataFrame(found, schema=TOLD))


def _signal(row: dict[str, Any], tickets: pl.DataFrame) -> dict[str, Any]:
    start, end = bounds(row["day"])
    here = (pl.col("created_at") >= start) & (pl.col("created_at") < end) & (area(row["dimension"]) == row["series"])
    window = tickets.filter(here).sort("created_at", "ticket_id", descending=True)
    bad = window.filter(level("customer_sentiment").fill_null(0) < NEUTRAL)
    kinds = {"product": "Product", "product_module": "Module"}
    fields = _AREAS[row["dimension"]]
    return {
        "kind": "mood",
        "dimension": row["dimension"],
        "series": row["series"],
        "window_start": start,
        "window_end": end,
        "known_at": window["created_at"][0] if window.height else end,
        "name": f"Customers of {row['series']} are in a worse mood than in the {WEEKS} weeks before",
        "observed": row["shift"],
        "expected": 0.0,
        "upper": None,
        "effect": row["shift"],
        "p": row["p"],
        "entities": [f"{kinds[name]}:{window[name][0]}" for name in fields] if window.height else [],
        "ticket_ids": bad["ticket_id"].to_list(),
    }


def _felt(tickets: pl.DataFrame, predicted: pl.DataFrame) -> pl.DataFrame:
    """Tickets whose mood is known: its level, the day, who wrote, and what it may be compared with."""
    said = predicted.select("ticket_id", _model="model", _predicted="label")
    joined = tickets.select(READ).join(said, on="ticket_id", how="left", maintain_order="left")
    kind = pl.when(level("customer_sentiment").is_null()).then("_model").fill_null("")
    found = joined.select(
        "ticket_id",
        "product",
        "product_module",
        day=pl.col("created_at").dt.date(),
        customer=pl.coalesce(pl.lit("of ") + pl.col("customer_id"), "ticket_id"),
        stratum=pl.concat_str(kind, pl.col("customer_tier").fill_null(""), separator="|"),
        level=pl.coalesce(level("customer_sentiment"), level("_predicted")),
    )
    return found.drop_nulls("level")


def _area(dimension: str, series: str, of: pl.DataFrame, asked: Collection[date]) -> list[dict[str, Any]]:
    """Rows of one area; `of` in the order of days."""
    day = of["day"].to_physical().to_numpy().astype(np.int64)
    customer, stratum = (of[name].rank("dense").to_numpy().astype(np.int64) - 1 for name in ("customer", "stratum"))
    levels = of["level"].to_numpy()
    rows = []
    for one in asked:
        last = (one - date(1970, 1, 1)).days
        first, window, end = np.searchsorted(day, [last - REACH + 1, last - DAYS + 1, last + 1])
        if window == end:
            continue
        within = slice(first, end)
        week = (last - day[within]) // DAYS
        moved = compare(levels[within], week, customer[within], stratum[within], f"{dimension}/{series}/{one}")
        if moved is not None:
            rows.append(
                {
                    "dimension": dimension,
                    "series": series,
                    "day": one,
                    "tickets": int(end - window),
                    "customers": len(np.unique(customer[window:end])),
                    "shift": moved.value,
                    "low": moved.low,
                    "high": moved.high,
                    "p": moved.p,
                }
            )
    return rows
