"""Requests: kept with their ticket in one transaction, leased by workers, finished together with what is said of them.

The leased row is the truth. Who dies with a lease in hand leaves the request to the next one, and who comes back after
its lease was given to another writes nothing: so work is done at least once, and kept once.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from uuid import uuid4

import msgspec
from sqlalchemy import ColumnElement, Connection, and_, func, or_, select, true, update
from sqlalchemy.dialects import postgresql, sqlite

from operations import inbox, predictions
from operations.entries import Receipt
from operations.inbox import Also, chunks
from operations.request_rows import OPEN, Count, KeptRequest, Outcome, Wanted, id_of
from operations.schema import request
from operations.store import Store

_UNDO = {"lease": None, "attempts": 0, "last_error": None}


class Requests:
    """Every method is one transaction."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def opening(self, now: datetime) -> Also:
        """For `Inbox.append`: a request about each of its entries, where there is none yet."""

        def also(connection: Connection, receipts: Mapping[str, Receipt]) -> None:
            make = sqlite.insert if self._store.dialect == "sqlite" else postgresql.insert
            rows = [_new(receipt, now) for receipt in receipts.values()]
            connection.execute(make(request).on_conflict_do_nothing(index_elements=["id"]), rows)

        return also

    def due(self, now: datetime, only: Collection[str] | None = None) -> bool:
        """Whether there is anything to lease."""
        with self._store.reading() as connection:
            return connection.scalar(select(request.c.id).where(_due(now, only)).limit(1)) is not None

    def lease(
        self, now: datetime, seconds: float, limit: int = 1, only: Collection[str] | None = None
    ) -> list[KeptRequest]:
        """Take what is due, the oldest first, for so long; of those named `only`, if any are.

        Nobody else has it until then. A lease that ran out is due again.
        """
        if not self.due(now, only):
            return []
        oldest = select(request.c.id).where(_due(now, only)).order_by(request.c.next_at, request.c.id).limit(limit)

        def work(connection: Connection) -> list[KeptRequest]:
            chosen: list[str] = list(connection.scalars(oldest.with_for_update(skip_locked=True)))
            taken = {"state": "running", "lease": uuid4().hex, "next_at": now + timedelta(seconds=seconds)}
            mine = update(request).where(request.c.id.in_(chosen))
            connection.execute(mine.values(**taken, changed_at=now, attempts=request.c.attempts + 1))
            return _rows(connection, request.c.id.in_(chosen))[::-1]

        return self._store.write(work)

    def finish(self, held: KeptRequest, outcome: Outcome, now: datetime) -> bool:
        """Keep what the work came to, with its events and its prediction; False where the lease is another's now."""
        values = {name: getattr(outcome, name) for name in ("category", "priority", "language", "body")}

        def work(connection: Connection) -> bool:
            if not _settled(connection, held, state="done", changed_at=now, lease=None, last_error=None, **values):
                return False
            inbox.put(connection, self._store.dialect, outcome.entries)
            predictions.put(connection, outcome.predictions)
            return True

        return self._store.write(work)

    def fail(self, held: KeptRequest, error: str, again_at: datetime | None, now: datetime) -> bool:
        """It went wrong, and is due again then; where that is None, not before somebody asks for it.

        False where the lease is another's now.
        """
        values: dict[str, object] = {"changed_at": now, "lease": None, "last_error": error[:200]}
        if again_at is None:
            values["state"] = "dead"
        else:
            values |= {"state": "queued", "next_at": again_at}
        return self._store.write(lambda connection: _settled(connection, held, **values))

    def replay(self, now: datetime, ids: Collection[str] | None = None) -> list[str]:
        """Queue what was given up again; or these, if they were given up or done. The ids of those that were."""
        ended = request.c.state == "dead" if ids is None else request.c.state.in_(("dead", "done"))
        return self._again(and_(ended, _named(ids)), now)

    def begin_anew(self, now: datetime) -> list[str]:
        """Queue again what was done before there was a release, with nothing that models say; the ids of those."""
        empty = and_(request.c.state == "done", request.c.category.is_(None), request.c.body.contains('"release":null'))
        return self._again(empty, now)

    def _again(self, which: ColumnElement[bool], now: datetime) -> list[str]:
        again = update(request).where(which).values(state="queued", next_at=now, changed_at=now, **_UNDO)
        return self._store.write(lambda connection: list(connection.scalars(again.returning(request.c.id))))

    def find(self, ids: Iterable[str]) -> list[KeptRequest]:
        """The requests of these ids; those that there are, the newest first."""
        with self._store.reading() as connection:
            found = [row for some in chunks(ids) for row in _rows(connection, request.c.id.in_(some))]
        return sorted(found, key=lambda row: (row.received_at, row.id), reverse=True)

    def asked_since(self, moment: datetime) -> dict[str, str]:
        """By ticket the newest request that was received since."""
        wanted = select(request.c.ticket_id, request.c.id).where(request.c.received_at >= moment)
        with self._store.reading() as connection:
            return dict(connection.execute(wanted.order_by(request.c.received_at, request.c.id)).tuples().all())

    def page(self, wanted: Wanted, limit: int, after: tuple[datetime, str] | None = None) -> list[KeptRequest]:
        """The newest first; `after` is the time and id of the last one of the page before."""
        held = _wanted(wanted)
        if after is not None:
            earlier = and_(request.c.received_at == after[0], request.c.id < after[1])
            held = and_(held, or_(request.c.received_at < after[0], earlier))
        with self._store.reading() as connection:
            return _rows(connection, held, limit)

    def counts(self, since: datetime, until: datetime) -> list[Count]:
        """Requests that were received from `since` to before `until`, by category and state."""
        by = (request.c.category, request.c.state)
        held = _wanted(Wanted(since=since, until=until))
        counted = select(*by, func.count()).where(held).group_by(*by).order_by(*by)
        with self._store.reading() as connection:
            return [Count(*row) for row in connection.execute(counted).tuples()]

    def waiting(self) -> tuple[int, datetime | None]:
        """How many are not done and not given up, and when the oldest of them was received."""
        depth = select(func.count(), func.min(request.c.received_at)).where(request.c.state.in_(OPEN))
        with self._store.reading() as connection:
            count, oldest = connection.execute(depth).tuples().one()
        return count, oldest


def _new(receipt: Receipt, now: datetime) -> dict[str, object]:
    made = KeptRequest(
        id=id_of(receipt.idempotency_key),
        ticket_id=receipt.ticket_id,
        entry_key=receipt.idempotency_key,
        state="queued",
        category=None,
        priority=None,
        language=None,
        received_at=now,
        changed_at=now,
        attempts=0,
        next_at=now,
        lease=None,
        body=None,
        last_error=None,
    )
    return msgspec.structs.asdict(made)


def _settled(connection: Connection, held: KeptRequest, **values: object) -> bool:
    mine = and_(request.c.id == held.id, request.c.lease == held.lease)
    return connection.execute(update(request).where(mine).values(**values)).rowcount == 1


def _due(now: datetime, only: Collection[str] | None) -> ColumnElement[bool]:
    return and_(request.c.state.in_(OPEN), request.c.next_at <= now, _named(only))


def _named(ids: Collection[str] | None) -> ColumnElement[bool]:
    return true() if ids is None else request.c.id.in_(list(ids))


def _wanted(wanted: Wanted) -> ColumnElement[bool]:
    names = ("category", "priority", "state", "language")
    held = [request.c[name] == getattr(wanted, name) for name in names if getattr(wanted, name) is not None]
    held += [] if wanted.since is None else [request.c.received_at >= wanted.since]
    held += [] if wanted.until is None else [request.c.received_at < wanted.until]
    return and_(true(), *held)


def _rows(connection: Connection, condition: ColumnElement[bool], limit: int | None = None) -> list[KeptRequest]:
    order = (request.c.received_at.desc(), request.c.id.desc())
    found = connection.execute(select(request).where(condition).order_by(*order).limit(limit)).mappings()
    return [KeptRequest(**row) for row in found]
