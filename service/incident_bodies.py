"""Incidents as rows, as rows' bodies, and as what is told to others."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

import msgspec

from ml.anomaly.incident import Incident, Signal, State, Told
from operations.entries import Entry
from operations.events import Actor, envelope
from operations.incident_rows import KeptIncident, KeptSignal, NewChange
from operations.outbox import Delivery
from service.incident_evidence import Evidence
from warehouse.errors import ContractBroken
from warehouse.payloads import IncidentDismissed, IncidentOpened

_incident = msgspec.json.Decoder(Incident)
_signal = msgspec.json.Decoder(Signal)
_evidence = msgspec.json.Decoder(Evidence)
TOLD = frozenset({"opened", "grew", "reopened", "calmed", "closed", "acknowledged", "dismissed", "merged"})
"""Changes that are sent; others are in the stream alone."""


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """An incident in a few lines. `a_year`: how many times a year chance alone would look like it."""

    incident_id: str
    state: State
    severity: str
    probability: float
    a_year: float
    name: str
    kinds: tuple[str, ...]
    opened_at: datetime
    last_signal_at: datetime
    changed_at: datetime
    closed_at: datetime | None
    acknowledged_by: str | None
    merged_into: str | None
    reason: str | None
    tickets: int
    customers: int
    monthly_value: float | None
    likely_cause: str | None
    lift: float | None
    solution_id: str | None
    revision: int


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """What a receiver gets: the change, when it happened, and the incident right after it."""

    type: str
    timestamp: datetime
    data: Summary


def summary(incident: Incident, evidence: Evidence) -> Summary:
    """The few lines."""
    cause, solution = evidence.cause, evidence.solution
    named = {"first_at": "opened_at", "last_at": "last_signal_at"}
    own = {named.get(name, name): getattr(incident, name) for name in Incident.__struct_fields__}
    kept = {name: value for name, value in own.items() if name in Summary.__struct_fields__}
    return Summary(
        **kept,
        likely_cause=cause.entity if cause else None,
        lift=round(cause.lift, 2) if cause else None,
        solution_id=solution.solution_id if solution else None,
    )


def kept(incident: Incident, evidence: Evidence, turn: int) -> KeptIncident:
    """Its row; signals have rows of their own."""
    return KeptIncident(
        incident_id=incident.incident_id,
        state=incident.state,
        severity=incident.severity,
        first_at=incident.first_at,
        changed_at=incident.changed_at,
        turn=turn,
        body=msgspec.json.encode(msgspec.structs.replace(incident, signals=())).decode(),
        evidence=msgspec.json.encode(evidence).decode(),
    )


def kept_signal(signal: Signal, incident_id: str) -> KeptSignal:
    """The row of an incident's signal."""
    return KeptSignal(
        signal_id=signal.signal_id,
        incident_id=incident_id,
        kind=signal.kind,
        dimension=signal.dimension,
        series=signal.series,
        known_at=signal.known_at,
        body=msgspec.json.encode(signal).decode(),
    )


def incidents_of(rows: Iterable[KeptIncident], signals: Iterable[KeptSignal]) -> list[Incident]:
    """Whole incidents; `signals` are those of all of them, in order. Raises `ContractBroken`."""
    own: dict[str, list[Signal]] = {}
    try:
        for one in signals:
            own.setdefault(one.incident_id, []).append(_signal.decode(one.body))
        found = [_incident.decode(row.body) for row in rows]
    except msgspec.DecodeError as error:
        raise ContractBroken(
            f"an incident of the operational store cannot be read: {error}. Update ticketlake."
        ) from None
    return [msgspec.structs.replace(one, signals=tuple(own.get(one.incident_id, ()))) for one in found]


def evidence_of(row: KeptIncident) -> Evidence:
    """What was kept with it."""
    return _evidence.decode(row.evidence) if row.evidence else Evidence()


def change(told: Told, evidence: Evidence) -> NewChange:
    """The row of a change."""
    incident = told.incident
    message = Message(type=f"incident.{told.change}", timestamp=told.at, data=summary(incident, evidence))
    return NewChange(
        change_key=f"{incident.incident_id}:{incident.revision}",
        incident_id=incident.incident_id,
        change=told.change,
        at=told.at,
        body=msgspec.json.encode(message).decode(),
    )


def events(told: Sequence[Told], received_at: datetime) -> list[Entry]:
    """What is kept for ever of openings and dismissals, under a key that stays: whoever says it again says the same."""
    return [
        envelope(
            _payload(one),
            actor=Actor(kind="system", id="worker"),
            key=f"incident:{one.incident.incident_id}:{one.incident.revision}:{one.change}",
            event_time=one.at,
            received_time=received_at,
        ).entry()
        for one in told
        if one.change in ("opened", "dismissed")
    ]


def _payload(told: Told) -> IncidentOpened | IncidentDismissed:
    one = told.incident
    if told.change == "opened":
        return IncidentOpened(incident_id=one.incident_id, name=one.name, severity=one.severity)
    return IncidentDismissed(incident_id=one.incident_id, reason=one.reason)


def deliveries(changes: Sequence[NewChange], receivers: Collection[str], made_at: datetime) -> list[Delivery]:
    """Each change for each receiver (by name, which is not the address)."""
    return [
        Delivery(
            outbox_key=f"{one.change_key}@{receiver}",
            receiver=receiver,
            kind=f"incident.{one.change}",
            payload=one.body,
            made_at=made_at,
        )
        for one in changes
        for receiver in receivers
    ]
