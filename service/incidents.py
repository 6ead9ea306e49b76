"""The worker's part in incidents: hear new signals, carry out what people decided, keep it and say it, in one turn.

A turn reads, computes, and is then written in one transaction together with the version of `anomalies/signals` that it
took in; it is taken again from the start where another worker was faster. Killed at any point, nothing is lost or
doubled: what was not written did not happen, and deliveries carry a key that stays.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec
import polars as pl

from ml.anomaly.decided import Decision, decide
from ml.anomaly.incident import LIVE, SHOWN, Incident, Told, signals_of
from ml.anomaly.incidents import CALM, CLOSE, SILENT, Incidents, Setting, step
from ml.anomaly.strength import HALF_LIFE, Judgement, Rates, doubts, rates
from operations.incident_rows import KeptIncident, Note, Turn, Written
from operations.incidents import IncidentStore
from service.incident_bodies import TOLD, change, deliveries, events, evidence_of, incidents_of, kept, kept_signal
from service.incident_evidence import Evidence, desk, evidence
from warehouse.contracts.anomalies import SIGNALS
from warehouse.errors import Conflict, VersionGone
from warehouse.reading import Tables, newest

FRESH = timedelta(hours=24)
"""What lies further back is kept and streamed, but not sent: nobody wants to be woken by history."""
REMEMBERED = 8 * HALF_LIFE
"""Judgements that are older teach nothing any more."""
ATTEMPTS = 5
Step = Callable[[str], None]


@dataclass(frozen=True)
class News:
    """Signals that are new or were counted again, those that were withdrawn, and the table's version."""

    signals: pl.DataFrame
    withdrawn: Collection[str]
    version: int | None


class Keeper:
    """One a worker. Looks cheaply, and does nothing where nothing is new."""

    def __init__(
        self,
        lake: Tables,
        store: IncidentStore,
        *,
        false_a_year: float,
        receivers: Collection[str] = (),
        on_step: Step | None = None,
    ) -> None:
        """`receivers` are names of those who are told; `on_step` hears of each turn once it is durable."""
        self._lake = lake
        self._store = store
        self._false_a_year = false_a_year
        self._receivers = list(receivers)
        self._on_step = on_step or _nobody
        self._trace: int | None = None
        self._due: datetime | None = None
        self._looked = False

    def look(self, now: datetime, wall: datetime, heard: pl.DataFrame | None = None) -> int:
        """Take a turn if there is anything to take one for; how many changes it told.

        `now` is the lake's time, `wall` that of deliveries; `heard` are rows of `anomalies/signals` that a monitor
        hands over before the table has them. Raises `StoreUnavailable`, `Conflict`: then nothing was taken in.
        """
        trace = self._traced()
        waits = self._due is not None and now >= self._due
        heard_any = heard is not None and heard.height > 0
        if self._looked and trace == self._trace and not waits and not heard_any and not self._store.waiting():
            return 0
        told = self._turn(now, wall, heard)
        self._trace, self._looked = trace, True
        return told

    def _turn(self, now: datetime, wall: datetime, heard: pl.DataFrame | None) -> int:
        for _ in range(ATTEMPTS):
            before = self._store.turn()
            news, notes = self._news(before, heard), self._store.waiting()
            clock = max(now, before.clock) if before.clock is not None else now
            known, rows = self._known(notes, clock)
            done = self._stepped(known, news, clock)
            settled = {note.seq: decide(done, _decision(note), clock) for note in notes}
            self._due = _due(known, done)
            if not done.changed and not settled and news.version == before.signals_version:
                return 0
            turn = Turn(turn=before.turn + 1, signals_version=news.version, clock=clock)
            written = self._written(turn, rows=rows, known=known, done=done, news=news, settled=settled, wall=wall)
            if self._store.write(before.turn, written):
                self._on_step("wrote a turn")
                return len(done.told)
        raise Conflict(f"{ATTEMPTS} times another worker changed incidents first: run one `ticketlake worker`.")

    def _written(
        self,
        turn: Turn,
        *,
        rows: dict[str, KeptIncident],
        known: Sequence[Incident],
        done: Incidents,
        news: News,
        settled: dict[int, str | None],
        wall: datetime,
    ) -> Written:
        changed = done.changed
        speaks = self._evidence(changed, rows)
        changes = [(told, change(told, speaks[told.incident.incident_id])) for told in done.told]
        final = {one.incident_id: one for one in changed}
        fresh = [row for told, row in changes if told.change in TOLD and _fresh(told, final, turn.clock)]
        holder = {signal.signal_id: (one.incident_id, signal) for one in known for signal in one.signals}
        held = [(one.incident_id, signal) for one in changed for signal in one.signals]
        moved = [kept_signal(signal, name) for name, signal in held if holder.get(signal.signal_id) != (name, signal)]
        gone = {one for one in news.withdrawn if one in holder} - {signal.signal_id for _, signal in held}
        return Written(
            turn=turn,
            incidents=[kept(one, speaks[one.incident_id], turn.turn) for one in changed],
            signals=moved,
            withdrawn=gone,
            settled=settled,
            changes=[row for _, row in changes],
            deliveries=deliveries(fresh, self._receivers, wall),
            events=events(done.told, wall),
        )

    def _stepped(self, known: Sequence[Incident], news: News, clock: datetime) -> Incidents:
        names = {one.incident_id for one in known}
        found = list(signals_of(news.signals))
        held = self._store.held(one.signal_id for one in found)
        fresh = [one for one in found if held.get(one.signal_id) is None or held[one.signal_id] in names]
        tickets = {ticket for one in (*fresh, *(s for i in known for s in i.signals)) for ticket in one.ticket_ids}
        judged = (
            Judgement(one.incident_id, one.kind, one.dimension, one.series, one.action == "dismiss", one.settled_at)
            for one in self._store.judged(clock - REMEMBERED)
        )
        setting = Setting(
            self._false_a_year, self._rates(clock), doubts(judged, clock), desk(self._lake, tickets, clock)
        )
        return step(known, fresh, clock, setting, sorted(news.withdrawn))

    def _known(self, notes: Sequence[Note], clock: datetime) -> tuple[list[Incident], dict[str, KeptIncident]]:
        """Incidents that a turn may change: those not over, those dismissed of late, those that notes speak of."""
        named = {name for note in notes for name in (note.incident_id, note.merge_into) if name}
        rows = [
            *self._store.in_states(LIVE),
            *self._store.in_states(["dismissed"], since=clock - SILENT),
            *self._store.find(named),
        ]
        own = {row.incident_id: row for row in rows}
        return incidents_of(own.values(), self._store.signals(own)), own

    def _news(self, before: Turn, heard: pl.DataFrame | None) -> News:
        empty = pl.DataFrame(schema=SIGNALS.schema)
        more = empty if heard is None else heard.select(SIGNALS.schema.names())
        version, since = self._lake.data_version(SIGNALS), before.signals_version
        if version is None or version == since:
            return News(more, (), version if version is not None else since)
        # A table that is older than what was read of it is another one: it is read from its start.
        anew = since is not None and version < since
        changes = newest(self._changes(None if anew else since, version), "signal_id")
        gone = pl.col("_change_type") == "delete"
        there = changes.filter(~gone).select(SIGNALS.schema.names())
        fresh = pl.concat([there, more.join(there, on="signal_id", how="anti")])
        return News(fresh, changes.filter(gone)["signal_id"].to_list(), version)

    def _changes(self, since: int | None, version: int) -> pl.DataFrame:
        """Of what an erasure took away meanwhile nothing is known: the table is read from its start."""
        try:
            return self._lake.changes(SIGNALS, since, version)
        except VersionGone:
            return self._lake.changes(SIGNALS, None, version)

    def _rates(self, clock: datetime) -> Rates:
        if not self._lake.exists(SIGNALS):
            return Rates()
        return rates(self._lake.scan(SIGNALS).select("kind", "p", "known_at").collect(), clock)

    def _evidence(self, changed: Sequence[Incident], rows: dict[str, KeptIncident]) -> dict[str, Evidence]:
        before = {name: evidence_of(row) for name, row in rows.items()}
        shown = [one for one in changed if one.state in SHOWN and one.signals]
        found = evidence(self._lake, shown)
        merged = {
            name: msgspec.structs.replace(one, solution=before[name].solution, missing=before[name].missing)
            if name in before
            else one
            for name, one in found.items()
        }
        return {one.incident_id: Evidence() for one in changed} | before | merged

    def _traced(self) -> int | None:
        """Changes when the table of signals does; costs one look at its folder."""
        log = self._lake.path(SIGNALS) / "_delta_log"
        return log.stat().st_mtime_ns if log.is_dir() else None


def _fresh(told: Told, final: dict[str, Incident], clock: datetime | None) -> bool:
    """Whether people are to be sent it: it happened of late, or began what is still going on."""
    if clock is None or told.at >= clock - FRESH:
        return True
    return told.change == "opened" and final[told.incident.incident_id].state == "open"


def _due(known: Sequence[Incident], done: Incidents) -> datetime | None:
    """When time alone will next change an incident."""
    now = {one.incident_id: one for one in (*known, *done.changed)}
    live = [one for one in now.values() if one.state in LIVE]
    return min((one.last_at + (CALM if one.state == "open" else CLOSE) for one in live), default=None)


def _decision(note: Note) -> Decision:
    return Decision(
        action=note.action, incident_id=note.incident_id, who=note.who, reason=note.reason, into=note.merge_into
    )


def _nobody(_: str) -> None:
    """Nobody listens."""
