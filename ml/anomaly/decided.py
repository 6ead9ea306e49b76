"""What people decide about incidents: take one on, put it aside, make it part of another."""

from datetime import datetime
from typing import Literal

import msgspec
from msgspec.structs import replace

from ml.anomaly.incident import Incident
from ml.anomaly.incidents import Incidents

Action = Literal["acknowledge", "dismiss", "merge"]


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """Who did what with which incident, and why; `into` is the one that it becomes part of."""

    action: Action
    incident_id: str
    who: str
    reason: str | None = None
    into: str | None = None


def decide(incidents: Incidents, decision: Decision, now: datetime) -> str | None:
    """Carry it out; why that cannot be, where it cannot."""
    found = incidents.get(decision.incident_id)
    if found is None:
        return f"no incident {decision.incident_id} is known"
    if found.state == "merged":
        return f"{found.incident_id} is part of {found.merged_into}: decide about that one"
    if decision.action == "merge":
        return _merge(incidents, found, decision.into, now)
    if decision.action == "acknowledge":
        revived = replace(found, state="open", closed_at=None, reason=None) if found.state == "dismissed" else found
        incidents.settle(replace(revived, acknowledged_by=decision.who), "acknowledged", now)
    elif found.state == "dismissed":
        return f"{found.incident_id} was dismissed before"
    else:
        over = replace(found, state="dismissed", closed_at=found.closed_at or now, reason=decision.reason)
        incidents.settle(over, "dismissed", now)
    return None


def _merge(incidents: Incidents, part: Incident, into: str | None, now: datetime) -> str | None:
    kept = incidents.get(into)
    if kept is None:
        return f"no incident {into} is known"
    if kept.incident_id == part.incident_id:
        return f"{into} cannot become part of itself"
    if kept.state not in ("open", "calm"):
        return f"{into} is {kept.state}: nothing becomes part of an incident that is over"
    incidents.merge(part, kept, now)
    return None
