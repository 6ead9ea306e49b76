"""How bad an incident is: how many tickets, what is at stake, how fast it grows, on how many sides it shows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ml.anomaly.incident import Incident, Severity, Signal

LEVELS: tuple[Severity, ...] = ("low", "medium", "high", "critical")
FROM = (2, 4, 6)
"""Points from which it is medium, high and critical."""
TICKETS = (10, 30, 90)
AT_STAKE = (0.01, 0.05, 0.15)
"""Shares of the monthly value of all customers."""
GROWTH = (3.0, 10.0)
"""Times as many tickets as expected, in the newest window."""
COUNTED = ("volume", "trend")
"""Kinds whose effect is a ratio of counts."""


@dataclass(frozen=True)
class Desk:
    """Who wrote which ticket, what each customer's account is worth a month, and all of those that wrote together."""

    customers: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, float] = field(default_factory=dict)
    total: float | None = None

    def at_stake(self, tickets: Sequence[str]) -> tuple[int, float | None]:
        """Customers who wrote these tickets, and the monthly value of their accounts; None where none is known."""
        who = {self.customers[ticket] for ticket in tickets if ticket in self.customers}
        known = [self.values[customer] for customer in sorted(who) if customer in self.values]
        return len(who), round(sum(known), 2) if known else None


def severity(incident: Incident, desk: Desk) -> Severity:
    """One point for each step reached; while it is open it never gets less."""
    share = incident.monthly_value / desk.total if incident.monthly_value is not None and desk.total else 0.0
    points = _steps(incident.tickets, TICKETS) + _steps(share, AT_STAKE) + _steps(_growth(incident.signals), GROWTH)
    points += len(incident.kinds) - 1
    return max(LEVELS[_steps(points, FROM)], incident.severity, key=LEVELS.index)


def _growth(signals: Sequence[Signal]) -> float:
    counted = [one for one in signals if one.kind in COUNTED and one.effect is not None]
    newest = max((one.window_start for one in counted), default=None)
    return max((one.effect or 0.0 for one in counted if one.window_start == newest), default=0.0)


def _steps(value: float, steps: Sequence[float]) -> int:
    return sum(value >= step for step in steps)
