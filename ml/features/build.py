"""Features of tickets, from the tickets and those before them: the one function that batch and service call."""

from functools import cache

import polars as pl

from ml.features.calendar import on_holiday
from ml.features.fence import FENCED, check_fence
from ml.features.history import NARROW, history_features
from ml.features.opened import EXPRESSIONS, SAID
from ml.text.clean import clean
from ml.text.entities import counts
from ml.text.terms import said
from warehouse.contracts.ticket_features import FEATURES, LEVELS, OPENED, WINDOWS, AsOf

READ = tuple(
    dict.fromkeys(
        ["ticket_id", "created_at", "customer_id", *(field for feature in OPENED for field in feature.source)]
    )
)
"""The fields of a ticket that its own features are made of, and those that name its history."""

NOT_LEARNED = frozenset({"region"})
"""Features that no learner is given: they are there for slices and for people."""


def ticket_features(tickets: pl.DataFrame, past: pl.DataFrame) -> pl.DataFrame:
    """One row per ticket, in their order, with the columns of `features/tickets`.

    `tickets` has the columns `READ` of `silver/tickets`, `past` the columns `NARROW`: whatever is known of other
    tickets; what became known later than a ticket was opened, and the ticket itself, do not count.
    Raises `ContractBroken` for a feature that would read what is known only afterwards.
    """
    return pl.concat([opened_features(tickets), past_features(tickets, past)], how="horizontal")


def opened_features(tickets: pl.DataFrame) -> pl.DataFrame:
    """Identifier, moment, and what each ticket says by itself; fields known afterwards are taken away before."""
    _fenced()
    seen = tickets.drop(FENCED, strict=False)
    texts = clean(said(seen))
    holiday = on_holiday(seen["created_at"], seen["region"])
    seen = seen.with_columns(texts.alias(SAID), *counts(texts), holiday.alias("holiday"))
    values = [EXPRESSIONS[feature.name].cast(feature.dtype).alias(feature.name) for feature in OPENED]
    return seen.select("ticket_id", "created_at", *values)


def past_features(tickets: pl.DataFrame, past: pl.DataFrame) -> pl.DataFrame:
    """What was known of the customer's and the product's earlier tickets, row by row."""
    return from_totals(history_features(tickets, past.select(NARROW)))


def from_totals(totals: pl.DataFrame) -> pl.DataFrame:
    """Features of the past, row by row, of totals as `history_features` and `online.Past` find them."""
    return totals.select(_past_values())


def model_table(features: pl.DataFrame) -> pl.DataFrame:
    """What learners read, row by row: Float32 and String columns, null where not known.

    No identifier, no moment, and not where somebody is from: nobody is answered otherwise for that.
    """
    return features.select(feature.name for feature in FEATURES if feature.name not in NOT_LEARNED)


@cache
def _fenced() -> None:
    check_fence(FEATURES, EXPRESSIONS)


@cache
def _past_values() -> tuple[pl.Expr, ...]:
    made = {f"{level}_{name}": expression for level in LEVELS for name, expression in _history(level).items()}
    past = (feature for feature in FEATURES if feature.as_of is not AsOf.OPENED)
    return tuple(made[feature.name].cast(feature.dtype).alias(feature.name) for feature in past)


def _history(level: str) -> dict[str, pl.Expr]:
    tickets, resolved = pl.col(f"{level}.tickets"), pl.col(f"{level}.resolved")
    some = pl.when(resolved > 0)
    last = {"last_sentiment": pl.col("customer.last_sentiment")} if level == "customer" else {}
    return {
        **{f"tickets_{days}d": tickets - pl.col(f"{level}.tickets@{days}") for days in WINDOWS[level]},
        "tickets_ever": tickets,
        "resolved_ever": resolved,
        "escalated_share": some.then(pl.col(f"{level}.escalated") / resolved),
        "resolution_hours": some.then(pl.col(f"{level}.resolution_seconds") / resolved / 3600),
        **last,
    }
