"""What champions answer for tickets opened after everything that they learned from, beside what was recorded."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import polars as pl

from ml.answers import answer
from ml.classify.champion import Champion
from ml.duration import RESOLUTION_TIME, ResolutionTime, durations
from ml.errors.faithful import Encode, Faithful, faithful
from ml.errors.importance import SCHEMA as IMPORTANCE
from ml.errors.importance import importance
from ml.targets import TARGETS
from ml.text.terms import said
from ml.understand import Past

FIELDS = ("language", "channel", "customer_tier", "region", "product")
PROPERTIES = (*FIELDS, "length")
"""Of a ticket, by which answers are sliced; models need not read them."""
READ = ("ticket_id", *FIELDS, "subject", "description")
"""The fields of `silver/tickets` that they are made of."""
EARLIER, WITHIN, LATER = "earlier", "within its interval", "later"
NOMINAL = 0.8
"""Of the interval of hours to resolution."""


@dataclass(frozen=True)
class Answered:
    """The answers of one model. `rows`: `ticket_id`, `label`, `predicted`, `confidence` and `PROPERTIES`."""

    target: str
    model: str
    """The digest of the artifact."""
    since: datetime
    """Tickets opened before were learned from."""
    rows: pl.DataFrame
    importance: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=IMPORTANCE))
    """`feature` and `log_loss_added`; empty where it was not measured."""
    reasons: Faithful = field(default_factory=lambda: Faithful(0, None))
    """Whether the words that it names are those that it leans on."""


def answered(
    past: Past,
    tickets: pl.DataFrame,
    champions: Mapping[str, Champion],
    models: Mapping[str, str],
    since: Mapping[str, datetime],
    *,
    encode: Encode,
    tell: Callable[[str], object] | None = None,
) -> list[Answered]:
    """The answers as they are served: the parts of a hierarchy agree.

    `tickets` has the columns `READ`, `models` holds digests; all by target. What a library raises is raised here: no
    other family stands in. `tell` hears which target is done.
    """
    if not champions:
        return []
    new = np.flatnonzero((past.rows["created_at"] >= min(since[name] for name in champions)).to_numpy())
    rows, inputs = past.rows[new], past.inputs.take(new)
    properties = _properties(rows, tickets)
    found = []
    for name, given in answer(champions, inputs, _raised).items():
        target = next(one for one in TARGETS if one.name == name)
        labelled = properties.with_columns(
            rows.select(target.labels().alias("label")).to_series(),
            pl.Series("predicted", np.array(given.classes)[given.best], dtype=pl.String),
            pl.Series("confidence", given.probabilities.max(axis=1), dtype=pl.Float64),
        )
        later = (pl.col("created_at") >= since[name]) & ~pl.col("ticket_id").is_in(list(past.taught))
        new_and_labelled = pl.col("label").is_not_null() & later
        judged = labelled.with_row_index("_place").filter(new_and_labelled)
        tested = inputs.take(judged["_place"].to_numpy().astype(np.int64))
        leans = importance(given.member, tested, judged["label"])
        reasons = faithful(champions[name].members[0], tested, encode)
        found.append(Answered(name, models[name], since[name], judged.drop("_place"), leans, reasons))
        if tell is not None:
            tell(f"{name}: {judged.height} answers taken apart")
    return found


def resolution_answered(
    past: Past, tickets: pl.DataFrame, model: ResolutionTime, digest: str, since: datetime
) -> Answered:
    """Whether tickets were resolved within their interval; open ones count once they are later than its end."""
    new = np.flatnonzero((past.rows["created_at"] >= since).to_numpy())
    rows, inputs = past.rows[new], past.inputs.take(new)
    known, given = durations(rows, past.now), model.predict(inputs)
    hours, low, high = pl.Series(known.hours), given["p10"], given["p90"]
    found = _properties(rows, tickets).with_columns(
        pl.select(
            pl.when(hours > high)
            .then(pl.lit(LATER))
            .when(pl.Series(known.open))
            .then(None)
            .when(hours < low)
            .then(pl.lit(EARLIER))
            .otherwise(pl.lit(WITHIN))
        )
        .to_series()
        .alias("label"),
        pl.lit(WITHIN).alias("predicted"),
        pl.lit(NOMINAL).alias("confidence"),
    )
    return Answered(RESOLUTION_TIME, digest, since, found.filter(pl.col("label").is_not_null()))


def _properties(rows: pl.DataFrame, tickets: pl.DataFrame) -> pl.DataFrame:
    """Identifier, moment and `PROPERTIES` of each of these rows; lengths in quarters of them."""
    times = rows.select("ticket_id", "created_at")
    found = times.join(tickets, on="ticket_id", how="left", maintain_order="left")
    characters = said(found).str.len_chars()
    quarters = [round(characters.quantile(share) or 0) for share in (0.25, 0.5, 0.75)]
    bounds = [f"to {quarters[0]:,}", *(f"to {end:,}" for end in quarters[1:]), f"over {quarters[2]:,}"]
    place = pl.select(pl.sum_horizontal(characters > end for end in quarters)).to_series()
    length = pl.Series("length", [f"{bounds[at]} characters" for at in place], dtype=pl.String)
    known = pl.col(FIELDS).cast(pl.String).fill_null("not known")
    return found.select("ticket_id", "created_at", known).with_columns(length)


def _raised(target: str, family: str, error: Exception) -> None:
    raise error
