"""Incidents as they are kept: the worker writes a turn of them at once, others leave notes and read."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, and_, func, or_, select, update
from sqlalchemy import Table as SqlTable
from sqlalchemy.dialects import postgresql, sqlite

from operations import audit
from operations.audit import Audited
from operations.inbox import chunks
from operations.inbox import put as put_entries
from operations.incident_rows import Judged, KeptChange, KeptIncident, KeptSignal, NewNote, Note, Turn, Written
from operations.outbox import put
from operations.schema import incident, incident_change, incident_note, incident_signal, incident_turn
from operations.store import Store
from warehouse.errors import Conflict

_SAID = ("incident_id", "action", "who", "reason", "merge_into")


class IncidentStore:
    """Every method is one transaction."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def turn(self) -> Turn:
        """Where the worker stands."""
        with self._store.reading() as connection:
            row = connection.execute(select(*_columns(incident_turn, Turn))).mappings().one()
        return Turn(**row)

    def write(self, before: int, written: Written) -> bool:
        """Keep a turn whole, if `before` is still the last one; False where another worker was faster."""

        def work(connection: Connection) -> bool:
            at = {name: getattr(written.turn, name) for name in Turn.__struct_fields__}
            moved = connection.execute(update(incident_turn).where(incident_turn.c.turn == before).values(**at))
            if moved.rowcount == 0:
                return False
            self._upsert(connection, incident, written.incidents)
            self._upsert(connection, incident_signal, written.signals)
            for some in chunks(written.withdrawn):
                connection.execute(incident_signal.delete().where(incident_signal.c.signal_id.in_(some)))
            for seq, refused in written.settled.items():
                settled = update(incident_note).where(incident_note.c.seq == seq)
                connection.execute(settled.values(settled_at=written.turn.clock, refused=refused))
            self._ignoring(connection, incident_change, "change_key", written.changes)
            put(connection, written.deliveries)
            put_entries(connection, connection.dialect.name, written.events)
            return True

        return self._store.write(work)

    def in_states(self, states: Collection[str], since: datetime | None = None) -> list[KeptIncident]:
        """Incidents in these states, those that changed since only where a time is given."""
        wanted = incident.c.state.in_(list(states))
        return self._incidents(wanted if since is None else and_(wanted, incident.c.changed_at >= since))

    def find(self, incident_ids: Iterable[str]) -> list[KeptIncident]:
        """The incidents of these names; those that there are."""
        return [one for some in chunks(incident_ids) for one in self._incidents(incident.c.incident_id.in_(some))]

    def page(
        self, states: Collection[str], limit: int, after: tuple[datetime, str] | None = None
    ) -> list[KeptIncident]:
        """The newest incidents in these states; `after` is the time and name of the last one of the page before."""
        wanted: ColumnElement[bool] = incident.c.state.in_(list(states))
        if after is not None:
            earlier = and_(incident.c.first_at == after[0], incident.c.incident_id < after[1])
            wanted = and_(wanted, or_(incident.c.first_at < after[0], earlier))
        order = (incident.c.first_at.desc(), incident.c.incident_id.desc())
        with self._store.reading() as connection:
            rows = connection.execute(select(incident).where(wanted).order_by(*order).limit(limit)).mappings()
            return [KeptIncident(**row) for row in rows]

    def changed(self, after: int) -> list[KeptIncident]:
        """Incidents that a turn later than `after` changed."""
        return self._incidents(incident.c.turn > after)

    def signals(self, incident_ids: Iterable[str]) -> list[KeptSignal]:
        """The signals of these incidents, in the order in which they were known."""
        found = [one for some in chunks(incident_ids) for one in self._signals(incident_signal.c.incident_id.in_(some))]
        return sorted(found, key=lambda one: (one.known_at, one.signal_id))

    def held(self, signal_ids: Iterable[str]) -> dict[str, str]:
        """By signal the incident that it belongs to; those of them that belong to one."""
        found = [one for some in chunks(signal_ids) for one in self._signals(incident_signal.c.signal_id.in_(some))]
        return {one.signal_id: one.incident_id for one in found}

    def note(self, note: NewNote, audited: Audited | None = None) -> tuple[Note, bool]:
        """Keep a decision, and whether it was there already; `audited` is kept with a new one.

        Raises `Conflict` for another one under the same key.
        """

        def work(connection: Connection) -> bool:
            repeated = self._ignoring(connection, incident_note, "note_key", [note]) == 0
            if audited is not None and not repeated:
                audit.put(connection, [audited])
            return repeated

        repeated = self._store.write(work)
        (kept,) = self._notes(incident_note.c.note_key == note.note_key)
        if any(getattr(kept, name) != getattr(note, name) for name in _SAID):
            raise Conflict(f"idempotency key {note.note_key!r} was used before with another decision.")
        return kept, repeated

    def waiting(self) -> list[Note]:
        """Decisions that were not carried out yet, in order."""
        return self._notes(incident_note.c.settled_at.is_(None))

    def notes(self, incident_id: str) -> list[Note]:
        """What was decided about an incident, or by merging about another one into it."""
        mine = or_(incident_note.c.incident_id == incident_id, incident_note.c.merge_into == incident_id)
        return self._notes(mine)

    def judged(self, since: datetime) -> list[Judged]:
        """Who was acknowledged or dismissed since, once for each series of it."""
        columns = [incident_note.c[name] for name in ("incident_id", "action", "settled_at")]
        columns += [incident_signal.c[name] for name in ("kind", "dimension", "series")]
        mine = incident_note.c.incident_id == incident_signal.c.incident_id
        carried_out = and_(incident_note.c.settled_at >= since, incident_note.c.refused.is_(None))
        wanted = select(*columns).distinct().join_from(incident_note, incident_signal, mine).where(carried_out)
        with self._store.reading() as connection:
            rows = connection.execute(wanted.where(incident_note.c.action != "merge")).mappings()
            return [Judged(**row) for row in rows]

    def changes(self, after: int, limit: int) -> list[KeptChange]:
        """Changes later than that number, in order."""
        wanted = select(incident_change).where(incident_change.c.seq > after).order_by(incident_change.c.seq)
        with self._store.reading() as connection:
            return [KeptChange(**row) for row in connection.execute(wanted.limit(limit)).mappings()]

    def last_change(self) -> int:
        """The number of the newest change, 0 before the first."""
        with self._store.reading() as connection:
            return connection.scalar(select(func.max(incident_change.c.seq))) or 0

    def _incidents(self, condition: ColumnElement[bool]) -> list[KeptIncident]:
        with self._store.reading() as connection:
            rows = connection.execute(select(incident).where(condition).order_by(incident.c.incident_id)).mappings()
            return [KeptIncident(**row) for row in rows]

    def _signals(self, condition: ColumnElement[bool]) -> list[KeptSignal]:
        with self._store.reading() as connection:
            return [
                KeptSignal(**row) for row in connection.execute(select(incident_signal).where(condition)).mappings()
            ]

    def _notes(self, condition: ColumnElement[bool]) -> list[Note]:
        with self._store.reading() as connection:
            rows = connection.execute(select(incident_note).where(condition).order_by(incident_note.c.seq)).mappings()
            return [Note(**row) for row in rows]

    def _insert(self, table: SqlTable) -> sqlite.Insert | postgresql.Insert:
        return (sqlite.insert if self._store.dialect == "sqlite" else postgresql.insert)(table)

    def _upsert(self, connection: Connection, table: SqlTable, rows: Sequence[msgspec.Struct]) -> None:
        if not rows:
            return
        keys = [column.name for column in table.primary_key]
        insert = self._insert(table)
        new = {column.name: insert.excluded[column.name] for column in table.columns if column.name not in keys}
        values = [msgspec.structs.asdict(row) for row in rows]
        connection.execute(insert.on_conflict_do_update(index_elements=keys, set_=new), values)

    def _ignoring(self, connection: Connection, table: SqlTable, key: str, rows: Sequence[msgspec.Struct]) -> int:
        """Insert rows whose key is new; how many were."""
        if not rows:
            return 0
        insert = self._insert(table).on_conflict_do_nothing(index_elements=[key]).returning(table.c[key])
        return len(connection.execute(insert, [msgspec.structs.asdict(row) for row in rows]).all())


def _columns(table: SqlTable, struct: type[msgspec.Struct]) -> list[Any]:
    return [table.c[name] for name in struct.__struct_fields__]
