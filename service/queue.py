"""Open tickets in the order in which waiting costs most, each with the reason: of the lake, and just come."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import msgspec
import numpy as np
import polars as pl

from ml import queueing
from ml.targets import PRIORITY
from service.waiting import Sources, Waiting, waiting
from service.watch import Clock
from warehouse.contracts.gold import PROJECT
from warehouse.errors import ContractBroken

SEED = PROJECT / "seeds" / "sla_targets.csv"


class QueueEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A ticket that waits. `cost`: what an hour more costs, in the units of the table of promises.

    `priority` has the probability of each; `promise` is what runs out next: a first response, or a resolution.
    `hours_left` are those of the likeliest priority (of equally likely ones the highest), below 0 where the promise is
    broken.
    """

    rank: int
    ticket_id: str
    request_id: str | None
    cost: float
    reason: str
    opened_at: datetime
    waited_hours: float
    promise: str
    due_at: datetime
    hours_left: float
    customer_tier: str | None
    priority: dict[str, float]
    recorded_priority: str | None
    sentiment: str | None
    escalation: list[str]


def promises() -> pl.DataFrame:
    """What is promised and what breaking it costs, as experts keep it. Raises `ContractBroken`."""
    try:
        found = pl.read_csv(SEED)
        return found.with_columns(pl.col(name).cast(pl.Float64) for name in queueing.UNKNOWN)
    except pl.exceptions.PolarsError as error:
        expected = f"expected customer_tier, priority, {', '.join(queueing.UNKNOWN)}"
        raise ContractBroken(f"{SEED.name}: {error}; {expected}. Mend that table.") from None


def queue(of: Sources, clock: Clock, wall: datetime) -> list[QueueEntry]:
    """All open tickets, those first whose waiting costs most; `wall` is the wall clock.

    Time is the lake's, and the wall clock's once somebody asked about a ticket. Raises `NotMaterialized`.
    """
    there = waiting(of, wall)
    live = any(one.request_id is not None for one in there)
    return ordered(there, promises(), wall if live else clock.now(wall))


def ordered(waiting: Sequence[Waiting], table: pl.DataFrame, now: datetime) -> list[QueueEntry]:
    """The queue: by expected cost of an hour more, then by age."""
    if not waiting:
        return []
    tiers = pl.Series([one.tier for one in waiting], dtype=pl.String)
    first, whole, cost = (queueing.promised(table, tiers, name) for name in queueing.UNKNOWN)
    answered = np.asarray([one.answered for one in waiting])
    hours = np.where(answered[:, None], whole, first)
    chances = np.asarray([one.chances for one in waiting])
    waited = np.asarray([max(0.0, (now - one.opened_at) / timedelta(hours=1)) for one in waiting])
    pressing = np.asarray([one.pressing for one in waiting], dtype=np.float64)
    weight = queueing.weights([one.mood for one in waiting])
    values = queueing.expected(waited, chances, hours, cost, weight, pressing=pressing)
    order = np.lexsort((-waited, -values))
    likeliest = chances.shape[1] - 1 - chances[:, ::-1].argmax(axis=1)
    return [
        _entry(rank, waiting[place], float(values[place]), float(waited[place]), float(hours[place, likeliest[place]]))
        for rank, place in enumerate(order.tolist(), 1)
    ]


def _entry(rank: int, one: Waiting, value: float, waited: float, hours: float) -> QueueEntry:
    promise = "resolution" if one.answered else "first response"
    left = hours - waited
    mood = max(one.mood, key=lambda name: one.mood[name]) if one.mood else None
    chances = dict(zip(PRIORITY.order, one.chances, strict=True))
    return QueueEntry(
        rank=rank,
        ticket_id=one.ticket_id,
        request_id=one.request_id,
        cost=round(value, 4),
        reason=_reason(one, chances, mood, promise, left),
        opened_at=one.opened_at,
        waited_hours=round(waited, 2),
        promise=promise,
        due_at=one.opened_at + timedelta(hours=hours),
        hours_left=round(left, 2),
        customer_tier=one.tier,
        priority={name: round(chance, 4) for name, chance in chances.items()},
        recorded_priority=one.recorded,
        sentiment=mood,
        escalation=one.triggers,
    )


def _reason(one: Waiting, chances: Mapping[str, float], mood: str | None, promise: str, left: float) -> str:
    label = max(reversed(list(chances)), key=lambda name: chances[name])
    how = "recorded" if one.recorded in chances else f"{chances[label]:.0%} likely"
    priority = "unknown priority" if max(chances.values()) == min(chances.values()) else f"{label} priority ({how})"
    due = f"{promise} due in {_hours(left)}" if left >= 0 else f"{promise} {_hours(-left)} late"
    said = [f"{priority} of a customer of tier {one.tier or 'unknown'}", due]
    if mood is not None and mood in queueing.MOODS:
        said.append(f"{mood} customer" + ("" if one.mood[mood] == 1 else f" ({one.mood[mood]:.0%} likely)"))
    return "; ".join([*said, *(["needs a person now: " + ", ".join(one.triggers)] if one.triggers else [])])


def _hours(hours: float) -> str:
    return f"{hours * 60:.0f} min" if hours < 1 else f"{hours:.1f} h" if hours < 48 else f"{hours / 24:.0f} days"
