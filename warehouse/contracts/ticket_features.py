"""What is known of a ticket when it is opened: each feature's name, type, meaning, owner, source and as-of rule."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import polars as pl

from warehouse.table import TIMESTAMP, Column, Table

OWNER = "team:machine-learning"


class AsOf(StrEnum):
    """When the value of a feature is taken."""

    OPENED = "stands in the ticket when it is opened"
    BEFORE = "counts tickets opened strictly before this one"
    KNOWN = "counts outcomes known strictly before this ticket was opened: the later of resolved_at and updated_at"


@dataclass(frozen=True)
class FeatureColumn(Column):
    """A column that models may read. `source`: the fields of `silver/tickets` that it is made of."""

    source: tuple[str, ...] = ()
    as_of: AsOf = AsOf.OPENED
    owner: str = OWNER


def _of(dtype: type[pl.DataType], source: tuple[str, ...], **described: str) -> tuple[FeatureColumn, ...]:
    return tuple(FeatureColumn(name, dtype, text, source=source) for name, text in described.items())


_SAID = ("subject", "description")
OPENED = (
    *_of(
        pl.Float32,
        _SAID,
        characters="Characters of subject and description",
        words="Words, counted by white space",
        lines="Lines",
        capitals="Share of capitals among all characters",
        exclamations="Exclamation marks",
        questions="Question marks",
        code_lines="Lines that look like code",
        error_codes="Error codes such as E1234 or ERR-500",
        versions="Version numbers such as 4.0.2",
        urgency_words="Words of urgency, in eight languages",
    ),
    *_of(pl.Float32, ("error_logs",), has_error_log="1: log lines are attached", log_lines="Lines of the attached log"),
    *_of(pl.Float32, ("stack_trace",), has_stack_trace="1: a stack trace is attached"),
    *_of(
        pl.Float32,
        ("created_at",),
        hour="Hour of opening (UTC)",
        weekday="Day of opening, Monday 1 to Sunday 7 (UTC)",
        weekend="1: opened on Saturday or Sunday (UTC)",
        after_office="1: opened outside 9 to 18 o'clock (UTC) or on a weekend",
    ),
    *_of(pl.Float32, ("created_at", "region"), holiday="1: public holiday of the region's largest market"),
    *_of(pl.Float32, ("account_age_days",), account_age_days="Age of the account"),
    *_of(pl.Float32, ("account_monthly_value",), account_monthly_value="Monthly value of the account"),
    *_of(pl.Float32, ("product_version_age_days",), product_version_age_days="Days since the version was released"),
    *_of(pl.Float32, ("attachments_count",), attachments_count="Attachments"),
    *_of(pl.Float32, ("previous_tickets",), previous_tickets="Earlier tickets of the customer, as recorded"),
    *_of(pl.String, ("channel",), channel="How the ticket came in"),
    *_of(pl.String, ("customer_tier",), customer_tier="The customer's plan"),
    *_of(pl.String, ("region",), region="Region of the customer"),
    *_of(pl.String, ("environment",), environment="Where it happened"),
    *_of(pl.String, ("product",), product="Product concerned"),
    *_of(pl.String, ("product_module",), product_module="Module of the product"),
    *_of(pl.String, ("product_version",), product_version="Version of the product"),
    *_of(pl.String, ("language",), language="Language, as recorded"),
)
"""What the ticket itself says."""

LEVELS: Mapping[str, tuple[str, ...]] = {
    "customer": ("customer_id",),
    "product": ("product",),
    "module": ("product", "product_module"),
    "version": ("product", "product_version"),
}
"""Whose history a ticket sees, and the fields that name it."""
WINDOWS: Mapping[str, tuple[int, ...]] = {
    "customer": (7, 30, 90),
    "product": (7, 30),
    "module": (7, 30),
    "version": (7, 30),
}
"""Days that are looked back over."""


def _history(level: str) -> tuple[FeatureColumn, ...]:
    opened = (*LEVELS[level], "created_at")
    known = (*opened, "resolved_at", "updated_at")
    counts = [
        (f"tickets_{days}d", f"Tickets of the {level} opened in the {days} days before") for days in WINDOWS[level]
    ]
    outcomes = (
        ("resolved_ever", "Tickets of the {} known to be resolved", pl.Float32, known),
        ("escalated_share", "Share escalated among those; null: none", pl.Float32, (*known, "escalated")),
        ("resolution_hours", "Mean hours to resolution of those; null: none", pl.Float32, known),
        ("last_sentiment", "Sentiment recorded on the one last known", pl.String, (*known, "customer_sentiment")),
    )
    return (
        *(
            FeatureColumn(f"{level}_{name}", pl.Float32, text, source=opened, as_of=AsOf.BEFORE)
            for name, text in [*counts, ("tickets_ever", f"Tickets of the {level} opened before")]
        ),
        *(
            FeatureColumn(f"{level}_{name}", dtype, text.format(level), source=source, as_of=AsOf.KNOWN)
            for name, text, dtype, source in outcomes
            if level == "customer" or name != "last_sentiment"
        ),
    )


FEATURES = (*OPENED, *(column for level in LEVELS for column in _history(level)))
"""Every feature of a ticket, in the order of the table's columns."""

TICKETS = Table(
    layer="features",
    name="tickets",
    grain="One row per ticket: what was known when it was opened.",
    columns=(
        Column("ticket_id", pl.String, "Identifier of the ticket", distinct=True),
        Column("created_at", TIMESTAMP, "When it was opened: the moment that every value holds for", required=True),
        *FEATURES,
    ),
    primary_key=("ticket_id",),
    owner=OWNER,
)

_STATE = (
    Column("valid_from", TIMESTAMP, "What the totals say holds after this moment"),
    Column("valid_to", TIMESTAMP, "And up to this one; null: still"),
    Column("tickets", pl.Int64, "Tickets opened so far", required=True),
    Column("resolved", pl.Int64, "Of them, known to be resolved", required=True),
    Column("escalated", pl.Int64, "Of the resolved, escalated", required=True),
    Column(
        "resolution_seconds", pl.Int64, "Seconds from opening to resolution, summed over the resolved", required=True
    ),
    Column("last_sentiment", pl.String, "Sentiment recorded on the one last known to be resolved"),
)

CUSTOMERS = Table(
    layer="features",
    name="customers",
    grain="One row per customer and interval in which what is known of its tickets did not change (type 2).",
    columns=(Column("key", pl.String, "Identifier of the customer"), *_STATE),
    primary_key=("key", "valid_from"),
    owner=OWNER,
)

PRODUCTS = Table(
    layer="features",
    name="products",
    grain="One row per product, module or version and interval in which what is known of it did not change (type 2).",
    columns=(Column("key", pl.String, "`product`, `product:module` or `product@version`"), *_STATE),
    primary_key=("key", "valid_from"),
    owner=OWNER,
)

TABLES = (TICKETS, CUSTOMERS, PRODUCTS)
