"""Tickets that need a person now: what they say, whose they are, and how likely they are to be escalated.

Everything is known when a ticket is opened; one function serves a batch and a single ticket. Earlier messages that a
letter carries along do not count (`ml.text.clean`). The reason quotes phrases of `ml.anomaly.phrases`, not the ticket.
"""

from collections.abc import Mapping
from math import prod

import msgspec
import polars as pl

from ml.anomaly import heard as heard_
from ml.anomaly import phrases
from ml.anomaly.heard import heard
from ml.classify.decisions import Thresholds
from ml.targets import ESCALATION
from ml.text import sources, spans, urgency
from warehouse.contracts.anomalies import ESCALATIONS

READ = ("ticket_id", "created_at", "product", "customer_tier", "account_monthly_value")
"""The columns of a ticket that are read beside its words."""
FEATURES = ("customer_tickets_ever", "customer_resolved_ever")
"""The columns of `features/tickets` that are read."""
WEIGHTS = {"data_loss": 0.9, "system_down": 0.85, "security": 0.85, "legal": 0.8, "vip": 0.6, "urgent": 0.4}
"""How pressing each trigger is by itself; that of `risk` is the probability."""
HIGH_TIERS = ("premium", "enterprise")
HIGH_VALUE = 10_000.0
"""Monthly value of an account that makes it a VIP's whatever its tier."""
MANY_OPEN = 3
"""Open tickets of a VIP, the new one included, that need a person."""
_SAID = {
    "system_down": "says that a system is down",
    "data_loss": "says that data are lost",
    "security": "speaks of a security incident",
    "legal": "speaks of legal steps",
    "urgent": "says that it is urgent",
}
_YES = ESCALATION.order[-1]


class Escalation(msgspec.Struct, frozen=True):
    """Why a ticket needs a person now. `score`, between 0 and 1: of several tickets, those first that score most."""

    triggers: list[str]
    reason: str
    score: float


def digest() -> str:
    """Changes with what `escalations` does."""
    modules = (heard_, phrases, spans, urgency)
    return sources.digest(__file__, *(str(module.__file__) for module in modules), str(phrases.WRITTEN))


def threshold(thresholds: Mapping[str, Thresholds]) -> float | None:
    """The least probability at which the policy acts on a predicted escalation; None where it never does."""
    found = thresholds.get(ESCALATION.name, {}).get(_YES, {}).values()
    return min((one.confidence for one in found if one.confidence is not None), default=None)


def risk(label: str | None, confidence: float | None) -> float | None:
    """The probability of an escalation, of the answer that was given; None where nothing was answered."""
    if label not in ESCALATION.order or confidence is None:
        return None
    return confidence if label == _YES else 1 - confidence


def escalations(
    tickets: pl.DataFrame,
    texts: pl.Series,
    features: pl.DataFrame,
    risks: pl.Series | None = None,
    least: float | None = None,
) -> list[Escalation | None]:
    """For each ticket (columns `READ`) why it needs a person now; None where it does not.

    `texts` are what the customers say (`ml.inputs.encoded`), `features` rows of `features/tickets`, both row by row.
    `risks` are probabilities of an escalation, null where none is known; `least` is the one from which it counts.
    """
    told = heard(texts, tickets["product"].unique())
    by_text: dict[int, dict[str, str]] = {}
    for text, trigger, phrase in told.iter_rows():
        by_text.setdefault(text, {})[trigger] = phrase
    waiting = _waiting(tickets, features)
    known = risks.to_list() if risks is not None and least is not None else [None] * tickets.height
    tiers = tickets["customer_tier"].to_list()
    found: list[Escalation | None] = []
    for place, (tier, many, chance) in enumerate(zip(tiers, waiting, known, strict=True)):
        why = {trigger: f"{_SAID[trigger]} (“{phrase}”)" for trigger, phrase in by_text.get(place, {}).items()}
        weights = {trigger: WEIGHTS[trigger] for trigger in why}
        if many is not None:
            who = f"{tier} customer" if tier in HIGH_TIERS else "customer of high value"
            why["vip"], weights["vip"] = f"{many} open tickets of this {who}", WEIGHTS["vip"]
        if chance is not None and least is not None and chance >= least:
            why["risk"], weights["risk"] = f"escalation is likely: {chance:.0%}, told from {least:.0%}", chance
        found.append(Escalation(list(why), _sentence(list(why.values())), _score(weights)) if why else None)
    return found


def rows(tickets: pl.DataFrame, found: list[Escalation | None]) -> pl.DataFrame:
    """Rows of `anomalies/escalations`, of tickets with what `escalations` found of each."""
    flagged = [place for place, one in enumerate(found) if one is not None]
    why = [msgspec.structs.asdict(one) for one in found if one is not None]
    named = tickets.select("ticket_id", "created_at")[flagged]
    said = pl.DataFrame(why, schema={name: ESCALATIONS.schema[name] for name in ("triggers", "reason", "score")})
    return pl.concat([named, said], how="horizontal").select(
        pl.col(name).cast(dtype) for name, dtype in ESCALATIONS.schema.items()
    )


def _waiting(tickets: pl.DataFrame, features: pl.DataFrame) -> list[int | None]:
    """How many tickets a VIP has open, this one included; null for others, and for few."""
    ever, resolved = (pl.col(name).fill_null(0) for name in FEATURES)
    vip = pl.col("customer_tier").is_in(HIGH_TIERS) | (pl.col("account_monthly_value") >= HIGH_VALUE)
    both = pl.concat(
        [tickets.select("customer_tier", "account_monthly_value"), features.select(FEATURES)], how="horizontal"
    )
    many = (ever - resolved).cast(pl.Int64) + 1
    return both.select(pl.when(vip.fill_null(False) & (many >= MANY_OPEN)).then(many)).to_series().to_list()


def _sentence(why: list[str]) -> str:
    said = "; ".join(why)
    return said[:1].upper() + said[1:]


def _score(weights: Mapping[str, float]) -> float:
    """As of causes that do not depend on each other."""
    return round(1 - prod(1 - weight for weight in weights.values()), 4)
