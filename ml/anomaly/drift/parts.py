"""The four things that drift: inputs, their vectors, predictions and quality, each against what belongs to it."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import polars as pl

from ml.anomaly.drift import measures
from ml.anomaly.drift.history import SEED, WINDOW, Asked, Measure, Past, judged
from ml.anomaly.drift.measures import ColumnMeasure
from ml.anomaly.drift.samples import Array
from ml.anomaly.drift.tables import Pair
from ml.duration import RESOLUTION_TIME
from ml.targets import TARGETS
from warehouse.contracts.anomalies import DRIFT

ALL = "*"
READ = ("ticket_id", "resolved_at", "resolution_time_hours", *(target.column for target in TARGETS))
"""Columns of `silver/tickets` that say whether a prediction was right."""
Made = Callable[[str, pl.DataFrame, Past, Array], list[Measure]]
"""What is compared of a model: from its name, its rows, the days compared with, and the day of each row."""
_SAID = ("label", "confidence", "hours_p50")


@dataclass(frozen=True)
class Learned:
    """The days that a model was made from: it was fitted before `validation_from`, chosen on what came then, and
    judged from `test_from` to `last`."""

    first: date
    validation_from: date
    test_from: date
    last: date

    @classmethod
    def of(cls, split: Mapping[str, str]) -> "Learned":
        """From the `split` of its card."""
        names = ("first", "validation_from", "test_from", "last")
        return cls(*(datetime.fromisoformat(split[name]).date() for name in names))

    def fitted(self) -> Past:
        """What inputs are compared with."""
        return Past.between(self.first, self.validation_from)

    def foreseen(self, asked: Asked) -> Iterator[tuple[Past, list[date]]]:
        """What predictions are compared with, and in which windows: those that it was chosen on, and for windows after
        all that it was made from those that it was judged on, too."""
        after, straddling = self.last + timedelta(days=1), self.last + timedelta(days=WINDOW)
        chosen = Past.between(self.validation_from, self.test_from)
        yield chosen, [day for day in chosen.windows(asked) if day < straddling]
        whole = Past.between(self.validation_from, after)
        yield whole, whole.windows(asked)


def common(learned: Collection[Learned]) -> Learned:
    """What all of these models were fitted on, and none before."""
    first = max(one.first for one in learned)
    return Learned(first, *(min(days) for days in zip(*map(_ends, learned), strict=True)))


def inputs(features: pl.DataFrame, learned: Learned, asked: Asked) -> pl.DataFrame:
    """Rows of `anomalies/drift` of the features that models read: `created_at` and one column each."""
    past = learned.fitted()
    day_of, windows = past.day_of(features["created_at"]), past.windows(asked)
    found = [*measures.columns(features.drop("created_at"), past, day_of, seed=SEED)] if windows else []
    return judged("input", past, windows, {ALL: found}, day_of)


def newest_inputs(features: pl.DataFrame, learned: Learned, newest: date) -> list[Pair]:
    """The features of the window that ends with this day, beside those that were learned from."""
    past = learned.fitted()
    found = measures.columns(features.drop("created_at"), past, past.day_of(features["created_at"]), seed=SEED)
    return [measure.within(past.window(newest)) for measure in found]


def embeddings(created: pl.Series, vectors: Array, learned: Learned, asked: Asked) -> pl.DataFrame:
    """Rows of `anomalies/drift` of the vectors of tickets that were opened then."""
    past = learned.fitted()
    day_of, windows = past.day_of(created), past.windows(asked)
    found = measures.vectors(vectors, past, day_of) if windows else []
    return judged("embedding", past, windows, {ALL: found}, day_of)


def predictions(told: pl.DataFrame, learned: Mapping[str, Learned], asked: Asked) -> pl.DataFrame:
    """Rows of `anomalies/drift` of the mix of labels, of confidence and of hours; `told`: of these models alone."""

    def of(name: str, rows: pl.DataFrame, past: Past, day_of: Array) -> list[Measure]:
        return [*_said(rows, past, day_of)]

    return _foreseen("prediction", told.rename({"created_at": "at"}), learned, asked, of)


def newest_predictions(told: pl.DataFrame, learned: Mapping[str, Learned], newest: date) -> list[Pair]:
    """What was predicted in the window that ends with this day, beside what it is compared with; named by model."""
    found = []
    for name, days in learned.items():
        rows = told.filter(pl.col("target") == name)
        for past, windows in days.foreseen(Asked(newest, {newest})):
            if newest in windows:
                said = _said(rows, past, past.day_of(rows["created_at"]))
                found += [measure.within(past.window(newest)).called(f"{name}: {measure.name}") for measure in said]
    return found


def quality(told: pl.DataFrame, tickets: pl.DataFrame, learned: Mapping[str, Learned], asked: Asked) -> pl.DataFrame:
    """Rows of `anomalies/drift` of what predictions were worth; `tickets` holds `READ`.

    A ticket belongs to the day on which it was resolved, when its labels stood. By the day of opening, the newest
    window would hold the quickly resolved alone.
    """
    recorded = tickets.select("ticket_id", "resolved_at", "resolution_time_hours", *_labels())
    known = told.join(recorded.drop_nulls("resolved_at"), on="ticket_id", maintain_order="left")

    def of(name: str, rows: pl.DataFrame, past: Past, day_of: Array) -> list[Measure]:
        hours = rows.select(hours="resolution_time_hours", predicted="hours_p50")
        labels = rows.select(label=f"label of {name}", predicted="label") if name != RESOLUTION_TIME else None
        given = hours if labels is None else labels
        there = given.select(pl.all_horizontal(pl.all().is_not_null())).to_series()
        make = measures.hours if labels is None else measures.quality
        return make(given.filter(there), past, day_of[there.to_numpy()])

    return _foreseen("quality", known.rename({"resolved_at": "at"}), learned, asked, of)


def _foreseen(part: str, rows: pl.DataFrame, learned: Mapping[str, Learned], asked: Asked, of: Made) -> pl.DataFrame:
    """Rows of the table, models that were made from the same days judged together."""
    found = [pl.DataFrame(schema=DRIFT.schema)]
    for days in dict.fromkeys(learned.values()):
        alike = [name for name, one in learned.items() if one == days]
        own = rows.filter(pl.col("target").is_in(alike) & (pl.col("at").dt.date() <= asked.newest))
        for past, windows in days.foreseen(asked):
            if not windows:
                continue
            split = {name: own.filter(pl.col("target") == name) for name in alike}
            made = {name: of(name, some, past, past.day_of(some["at"])) for name, some in split.items() if some.height}
            tickets = past.day_of(own.unique("ticket_id")["at"])
            found.append(judged(part, past, windows, made, tickets))
    return pl.concat(found)


def _said(rows: pl.DataFrame, past: Past, day_of: Array) -> list[ColumnMeasure]:
    given = [column for column in _SAID if rows[column].null_count() < rows.height]
    return measures.columns(rows.select(given), past, day_of, seed=SEED)


def _labels() -> list[pl.Expr]:
    return [target.labels().alias(f"label of {target.name}") for target in TARGETS]


def _ends(one: Learned) -> tuple[date, date, date]:
    return one.validation_from, one.test_from, one.last
