"""Signals become incidents, which open, grow, calm and close.

One step is a function of what was open, what is new and the time. Signals are taken in the order in which they could
be known, so that neither the order within a batch nor where batches are cut changes what becomes of them. To open it
takes strength; to stay open, any signal that belongs to it; to calm and to close, time without one (hysteresis).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from msgspec.structs import replace

from ml.anomaly.belonging import BRIDGES, JOINS, Index, affinity
from ml.anomaly.incident import LIVE, SHOWN, Change, Incident, Signal, State, Told, incident_id
from ml.anomaly.severity import LEVELS, Desk, severity
from ml.anomaly.strength import Doubts, Rates, chance, probability

CALM = timedelta(hours=36)
"""After so long without a signal an incident is calm."""
CLOSE = timedelta(days=4)
"""After so long without a signal it is closed; what comes then is another one."""
SILENT = timedelta(days=7)
"""For so long after it was dismissed, what belongs to an incident says nothing new."""
GREW = 1.5
"""Times as many tickets as when people last heard of it."""
WITHDRAWN = "its signals were withdrawn: counted again, nothing was unusual"


@dataclass(frozen=True)
class Setting:
    """What the step goes by: false incidents that people put up with in a year, rates of chance, doubts, the desk."""

    false_a_year: float = 2.0
    rates: Rates = field(default_factory=Rates)
    doubts: Doubts = field(default_factory=dict)
    desk: Desk = field(default_factory=Desk)


class Incidents:
    """Those that are not over, by id, while a step changes them."""

    def __init__(self, known: Iterable[Incident], setting: Setting) -> None:
        self._before = {one.incident_id: one for one in known}
        self._now = dict(self._before)
        self._live = {one.incident_id for one in self._before.values() if one.state in LIVE}
        self._holder: dict[str, str] = {}
        self._index = Index()
        for one in self._before.values():
            self._hold(one)
        self._setting = setting
        self.told: list[Told] = []

    @property
    def changed(self) -> list[Incident]:
        """Those that differ from what they were, each one revision further."""
        differing = [one for key, one in self._now.items() if one != self._before.get(key)]
        return sorted(differing, key=lambda one: one.incident_id)

    def hear(self, signal: Signal) -> None:
        """Take in a signal: what is known of it is replaced, what is new joins, or begins an incident."""
        self.wait(signal.known_at)
        holder = self._now.get(self._holder.get(signal.signal_id, ""))
        if holder is not None:
            self._exchange(holder, signal)
            return
        found = [self._now[name] for name in self._index.find(signal)]
        absorbing = [one for one in found if self._absorbs(one, signal.known_at)]
        near = [(affinity(signal, one, self._setting.desk.customers), one) for one in absorbing]
        joins = [(close, one) for close, one in near if close >= JOINS]
        if not joins:
            self._begin(signal)
            return
        _, chosen = min(joins, key=lambda found: (-found[0], found[1].first_at, found[1].incident_id))
        if chosen.state == "dismissed":
            self._put(self._weighed(_with(chosen, [signal])), None, signal.known_at)
            return
        others = [one for close, one in joins if one.state in LIVE and (close >= BRIDGES or one.state == "forming")]
        whole = {one.incident_id: one for one in (chosen, *others)}
        kept, *parts = sorted(whole.values(), key=lambda one: (one.state == "forming", one.first_at, one.incident_id))
        for part in parts:
            self.merge(part, kept, signal.known_at)
            kept = self._now[kept.incident_id]
        self._grow(_with(kept, [signal]), signal.known_at)

    def withdraw(self, signal_ids: Iterable[str], now: datetime) -> None:
        """Take out signals that a second look did not find; an incident without any is closed."""
        gone = frozenset(signal_ids)
        for one in list(self._now.values()):
            left = tuple(signal for signal in one.signals if signal.signal_id not in gone)
            if one.state not in LIVE or len(left) == len(one.signals):
                continue
            if left:
                self._put(self._weighed(replace(one, signals=left)), "updated", now)
            else:
                self._end(replace(one, reason=WITHDRAWN), now)

    def wait(self, now: datetime) -> None:
        """Let time pass: what heard nothing for long calms, and closes."""
        live = [self._now[name] for name in self._live]
        over = [one for one in live if now >= one.last_at + CALM]
        for one in sorted(over, key=lambda incident: (incident.last_at, incident.incident_id)):
            if one.state == "open":
                self._put(replace(one, state="calm"), "calmed", one.last_at + CALM)
            calm = self._now[one.incident_id]
            if calm.state in ("calm", "forming") and now >= calm.last_at + CLOSE:
                self._end(calm, calm.last_at + CLOSE)

    def merge(self, part: Incident, kept: Incident, at: datetime) -> None:
        """Make one incident part of another, which keeps its name, and who took it on."""
        over: State = "lapsed" if part.state == "forming" else "merged"
        who = kept.acknowledged_by or part.acknowledged_by
        state = part.state if part.state == "open" else kept.state
        whole = replace(_with(kept, part.signals), acknowledged_by=who, state=state)
        gone = replace(part, state=over, merged_into=kept.incident_id, closed_at=at, signals=())
        self._put(gone, "merged" if over == "merged" else None, at)
        self._put(self._weighed(whole), "updated" if over == "merged" else None, at)

    def settle(self, incident: Incident, change: Change, at: datetime) -> None:
        """Put down what somebody decided."""
        self._put(incident, change, at)

    def get(self, incident_id: str | None) -> Incident | None:
        """As it is now; None where nothing of that name is shown to anybody."""
        found = self._now.get(incident_id or "")
        return found if found is not None and found.state in SHOWN else None

    def _absorbs(self, incident: Incident, at: datetime) -> bool:
        if incident.state == "dismissed":
            return at <= incident.changed_at + SILENT
        return incident.state in LIVE

    def _hold(self, incident: Incident) -> None:
        for signal in incident.signals:
            if self._holder.get(signal.signal_id) != incident.incident_id:
                self._holder[signal.signal_id] = incident.incident_id
                self._index.add(signal, incident.incident_id)

    def _begin(self, signal: Signal) -> None:
        made = Incident(
            incident_id=incident_id(signal),
            state="forming",
            severity="low",
            probability=0.0,
            a_year=0.0,
            name=signal.name,
            kinds=(signal.kind,),
            first_at=signal.known_at,
            last_at=signal.known_at,
            changed_at=signal.known_at,
            revision=0,
            signals=(signal,),
        )
        self._grow(made, signal.known_at)

    def _grow(self, grown: Incident, at: datetime) -> None:
        before = self._now.get(grown.incident_id)
        weighed = self._weighed(grown)
        if weighed.state == "forming":
            opens = weighed.a_year <= self._setting.false_a_year
            self._put(replace(weighed, state="open") if opens else weighed, "opened" if opens else None, at)
            return
        if weighed.state == "calm":
            self._put(replace(weighed, state="open"), "reopened", at)
            return
        worse = before is not None and LEVELS.index(weighed.severity) > LEVELS.index(before.severity)
        other = before is not None and len(weighed.kinds) > len(before.kinds)
        larger = weighed.tickets >= GREW * max(1, weighed.told_tickets)
        self._put(weighed, "grew" if worse or other or larger else "updated", at)

    def _exchange(self, holder: Incident, signal: Signal) -> None:
        if holder.state not in LIVE or signal in holder.signals:
            return
        others = tuple(one for one in holder.signals if one.signal_id != signal.signal_id)
        self._grow(_with(replace(holder, signals=others), [signal]), signal.known_at)

    def _weighed(self, incident: Incident) -> Incident:
        """With everything that follows from its signals."""
        setting, tickets = self._setting, incident.ticket_ids
        customers, value = setting.desk.at_stake(tickets)
        a_year = chance(incident.signals, setting.rates, setting.doubts)
        strongest = max(incident.signals, key=lambda one: (one.score, one.signal_id))
        found = replace(
            incident,
            a_year=a_year,
            probability=probability(a_year),
            name=strongest.name,
            kinds=tuple(sorted({one.kind for one in incident.signals})),
            first_at=incident.signals[0].known_at,
            last_at=incident.signals[-1].known_at,
            tickets=len(tickets),
            customers=customers,
            monthly_value=value,
        )
        return replace(found, severity=severity(found, setting.desk))

    def _end(self, incident: Incident, at: datetime) -> None:
        if incident.state == "forming":
            self._put(replace(incident, state="lapsed", closed_at=at), None, at)
        else:
            self._put(replace(incident, state="closed", closed_at=at), "closed", at)

    def _put(self, incident: Incident, change: Change | None, at: datetime) -> None:
        heard = change not in (None, "updated")
        known = replace(
            incident,
            changed_at=at if change is not None else incident.changed_at,
            revision=incident.revision + 1,
            told_tickets=incident.tickets if heard else incident.told_tickets,
        )
        self._now[incident.incident_id] = known
        (self._live.add if known.state in LIVE else self._live.discard)(incident.incident_id)
        self._hold(known)
        if change is not None:
            self.told.append(Told(change=change, at=at, incident=known))


def step(
    known: Iterable[Incident],
    signals: Iterable[Signal],
    now: datetime,
    setting: Setting,
    withdrawn: Sequence[str] = (),
) -> Incidents:
    """What becomes of incidents (those that are not over, and those dismissed of late) when these signals are heard.

    `now` is the newest moment that is known of. The result's `changed` are to be kept, its `told` to be told, in order.
    """
    incidents = Incidents(known, setting)
    for signal in sorted(signals, key=lambda one: one.order):
        incidents.hear(signal)
    incidents.withdraw(withdrawn, now)
    incidents.wait(now)
    return incidents


def _with(incident: Incident, signals: Iterable[Signal]) -> Incident:
    return replace(incident, signals=tuple(sorted((*incident.signals, *signals), key=lambda one: one.order)))
