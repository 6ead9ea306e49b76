"""Whether two signals have one cause: by series, by the things they name, by tickets and customers they share."""

from collections.abc import Hashable, Iterator, Mapping, Set
from datetime import timedelta
from functools import lru_cache

from ml.anomaly.incident import Incident, Signal

NEAR = timedelta(days=4)
"""Signals further apart in time have nothing to do with each other."""
JOINS = 2.0
"""Affinity from which a signal joins an incident."""
BRIDGES = 2.5
"""Affinity from which a signal that joins one incident makes another part of it."""
SAME_SERIES, SAME_TICKETS, SAME_CUSTOMERS, OTHER_THING = 3.0, 3.0, 1.0, -2.0
WEIGHTS: Mapping[str, float] = {
    "Issue": 3.0, "ErrorCode": 2.0, "Version": 2.0, "Module": 1.0, "Subcategory": 1.0, "Product": 1.0,
}  # fmt: skip
"""What it says that two signals name the same thing: the rarer such things, the more."""
OTHER = 0.5
LARGEST = 3.0
TELLS_APART = ("Issue", "Version")
"""Who names different ones speaks of different things."""
COMPARED = 60
"""Signals of an incident that a new one is compared with: the newest."""

Names = Mapping[str, frozenset[str]]


class Index:
    """Incidents by what their signals name: those that a signal could join, without a look at all others."""

    def __init__(self) -> None:
        self._incidents: dict[Hashable, dict[str, None]] = {}

    def add(self, signal: Signal, incident_id: str) -> None:
        """Remember that this signal belongs to the incident."""
        for key in _keys(signal):
            self._incidents.setdefault(key, {})[incident_id] = None

    def find(self, signal: Signal) -> list[str]:
        """Incidents that share a series, a thing or a ticket with it: sharing customers alone joins nothing."""
        return list(dict.fromkeys(name for key in _keys(signal) for name in self._incidents.get(key, ())))


def affinity(signal: Signal, incident: Incident, customers: Mapping[str, str]) -> float:
    """With that of the incident's signals that is most like it; minus infinity where all are too far away in time.

    `customers` says who wrote a ticket.
    """
    near = (one for one in incident.signals[-COMPARED:] if _gap(signal, one) <= NEAR)
    return max((_alike(signal, one, customers) for one in near), default=float("-inf"))


def surplus(signal: Signal) -> float:
    """Tickets that should not have been there."""
    if signal.kind in ("volume", "trend") and signal.expected is not None:
        return max(1.0, signal.observed - signal.expected)
    return max(1.0, float(len(signal.ticket_ids)))


def _keys(signal: Signal) -> Iterator[Hashable]:
    yield signal.dimension, signal.series
    yield from signal.ticket_ids
    for entity in signal.entities:
        yield entity
        kind, _, name = entity.partition(":")
        if kind == "Version":
            words = name.split(" ")
            yield from (f"Product:{' '.join(words[:count])}" for count in range(1, len(words)))


def _alike(one: Signal, other: Signal, customers: Mapping[str, str]) -> float:
    mine, theirs = frozenset(one.ticket_ids), frozenset(other.ticket_ids)
    explained = min(1.0, len(mine & theirs) / max(surplus(one), surplus(other)))
    total = _named(one.entities, other.entities) + SAME_TICKETS * explained
    if customers:
        total += SAME_CUSTOMERS * _share(_who(mine - theirs, customers), _who(theirs - mine, customers))
    return total + SAME_SERIES * ((one.dimension, one.series) == (other.dimension, other.series))


@lru_cache(maxsize=4096)
def _named(one: tuple[str, ...], other: tuple[str, ...]) -> float:
    mine, theirs = _things(one), _things(other)
    both = mine.keys() & theirs.keys()
    total = sum(WEIGHTS.get(kind, OTHER) * len(mine[kind] & theirs[kind]) for kind in both)
    total += WEIGHTS["Product"] * (_holds(mine, theirs) or _holds(theirs, mine))
    apart = any(kind in both and not mine[kind] & theirs[kind] for kind in TELLS_APART)
    return min(LARGEST, total) + OTHER_THING * apart


def _things(entities: tuple[str, ...]) -> Names:
    """Names by kind of thing."""
    found: dict[str, set[str]] = {}
    for entity in entities:
        kind, _, name = entity.partition(":")
        found.setdefault(kind, set()).add(name)
    return {kind: frozenset(names) for kind, names in found.items()}


def _holds(wide: Names, narrow: Names) -> bool:
    """Whether one names a product, the other a version of it and no product."""
    if "Product" in narrow:
        return False
    products, versions = wide.get("Product", frozenset()), narrow.get("Version", frozenset())
    return any(version.startswith(f"{product} ") for product in products for version in versions)


def _who(tickets: Set[str], customers: Mapping[str, str]) -> frozenset[str]:
    return frozenset(customers[ticket] for ticket in tickets if ticket in customers)


def _share(one: Set[str], other: Set[str]) -> float:
    """Cosine of two sets."""
    return len(one & other) / (len(one) * len(other)) ** 0.5 if one and other else 0.0


def _gap(one: Signal, other: Signal) -> timedelta:
    first, last = sorted((one, other), key=lambda signal: (signal.window_start, signal.known_at))
    return max(timedelta(), last.window_start - max(first.known_at, first.window_end))
