"""Predictions as rows: of tickets that were opened after those that a model learned from."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from ml.answers import answer
from ml.classify.champion import Champion
from ml.classify.learner import Inputs
from ml.duration import RESOLUTION_TIME, ResolutionTime
from warehouse.contracts.predictions import TICKETS


@dataclass(frozen=True)
class Known:
    """The version of a model, and where its past ends: what was opened from `since` on, it did not learn from."""

    digest: str
    since: datetime
    test_from: datetime
    last: datetime

    @classmethod
    def of(cls, digest: str, split: Mapping[str, str]) -> "Known":
        """From the `split` of its card."""
        times = {name: datetime.fromisoformat(split[name]) for name in ("validation_from", "test_from", "last")}
        return cls(digest, times["validation_from"], times["test_from"], times["last"])


def predictions(
    tickets: pl.DataFrame,
    inputs: Inputs,
    champions: Mapping[str, Champion],
    time: ResolutionTime | None,
    known: Mapping[str, Known],
) -> pl.DataFrame:
    """The columns of `predictions/tickets`; `tickets` has `ticket_id` and `created_at`, `known` a version a target."""
    frames = [pl.DataFrame(schema=TICKETS.schema)]
    for name, given in answer(champions, inputs, _fails).items():
        labels = pl.Series(given.classes, dtype=pl.String).gather(given.best)
        said = {"label": labels, "confidence": given.probabilities.max(axis=1)}
        frames.append(_rows(tickets, name, given.member.family, known[name], pl.DataFrame(said)))
    if time is not None:
        hours = time.predict(inputs).rename({f"p{q}": f"hours_p{q}" for q in (10, 50, 90)})
        frames.append(_rows(tickets, RESOLUTION_TIME, "xgboost_aft", known[RESOLUTION_TIME], hours))
    return pl.concat(frames, how="diagonal").select(TICKETS.schema.names())


def _rows(tickets: pl.DataFrame, target: str, family: str, known: Known, said: pl.DataFrame) -> pl.DataFrame:
    at = pl.col("created_at")
    part = pl.when(at < known.test_from).then(pl.lit("validation")).when(at <= known.last).then(pl.lit("test"))
    named = {"target": pl.lit(target), "model": pl.lit(known.digest), "family": pl.lit(family)}
    rows = pl.concat([tickets.select("ticket_id", "created_at"), said], how="horizontal")
    return rows.filter(at >= known.since).with_columns(**named, part=part.otherwise(pl.lit("later")))


def _fails(target: str, family: str, error: Exception) -> None:
    """A batch that is predicted without its champion would say what nobody serves."""
    raise error
