"""Rows of incidents as the operational store keeps them. Bodies are JSON that the service makes and reads."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Literal

import msgspec

from operations.entries import Entry
from operations.outbox import Delivery

Action = Literal["acknowledge", "dismiss", "merge"]


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """The worker's last step: its number, the version of `anomalies/signals` that it took in, and its time."""

    turn: int
    signals_version: int | None = None
    clock: datetime | None = None


class KeptIncident(msgspec.Struct, frozen=True, kw_only=True):
    """An incident as of `turn`."""

    incident_id: str
    state: str
    severity: str
    first_at: datetime
    changed_at: datetime
    turn: int
    body: str
    evidence: str | None


class KeptSignal(msgspec.Struct, frozen=True, kw_only=True):
    """A signal of an incident."""

    signal_id: str
    incident_id: str
    kind: str
    dimension: str
    series: str
    known_at: datetime
    body: str


class NewNote(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody decided, under a key that makes it the same when it is sent again."""

    note_key: str
    incident_id: str
    action: Action
    who: str
    reason: str | None
    merge_into: str | None
    made_at: datetime


class Note(NewNote, frozen=True, kw_only=True):
    """A decision as it is kept. `settled_at` is the lake's time when it was carried out, or `refused` and why."""

    seq: int
    settled_at: datetime | None
    refused: str | None


class NewChange(msgspec.Struct, frozen=True, kw_only=True):
    """A change of an incident; its key tells it from the incident's others."""

    change_key: str
    incident_id: str
    change: str
    at: datetime
    body: str


class KeptChange(NewChange, frozen=True, kw_only=True):
    """With its number, by which streams go on."""

    seq: int


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """A decision that was carried out, with a series of its incident."""

    incident_id: str
    action: str
    kind: str
    dimension: str
    series: str
    settled_at: datetime


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """All that one turn writes. `settled` has, by number of the note, why it was refused, None where it was not."""

    turn: Turn
    incidents: Sequence[KeptIncident] = ()
    signals: Sequence[KeptSignal] = ()
    withdrawn: Collection[str] = ()
    settled: Mapping[int, str | None] = {}
    changes: Sequence[NewChange] = ()
    deliveries: Sequence[Delivery] = ()
    events: Sequence[Entry] = ()
