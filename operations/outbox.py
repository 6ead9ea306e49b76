"""What is to be sent: written in the transaction that gives the reason, sent at least once, under a key that stays."""

from collections.abc import Collection, Sequence
from datetime import datetime

import msgspec
from sqlalchemy import Connection, and_, func, insert, select, update

from operations.schema import outbox
from operations.store import Store

WAITING, SENT, DEAD = "waiting", "sent", "dead"


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """One thing for one receiver, whose name says nothing about its address."""

    outbox_key: str
    receiver: str
    kind: str
    payload: str
    made_at: datetime


class Due(Delivery, frozen=True, kw_only=True):
    """A delivery that somebody tries now, for the `attempts`-th time."""

    seq: int
    state: str
    attempts: int
    next_at: datetime
    sent_at: datetime | None
    last_error: str | None


def put(connection: Connection, deliveries: Sequence[Delivery]) -> None:
    """Within the caller's transaction."""
    rows = [
        {**msgspec.structs.asdict(one), "state": WAITING, "attempts": 0, "next_at": one.made_at} for one in deliveries
    ]
    if rows:
        connection.execute(insert(outbox), rows)


class Outbox:
    """Every method is one transaction."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def claim(self, receivers: Collection[str], now: datetime, until: datetime, limit: int) -> list[Due]:
        """What is due for these receivers, the oldest first; nobody else claims it before `until`.

        Who dies with it in hand leaves it to the next one.
        """
        ready = and_(outbox.c.state == WAITING, outbox.c.receiver.in_(list(receivers)), outbox.c.next_at <= now)
        due = select(outbox.c.seq).where(ready).order_by(outbox.c.seq).limit(limit)

        def work(connection: Connection) -> list[Due]:
            chosen: list[int] = list(connection.scalars(due.with_for_update(skip_locked=True)))
            claimed = update(outbox).where(outbox.c.seq.in_(chosen))
            connection.execute(claimed.values(attempts=outbox.c.attempts + 1, next_at=until))
            rows = connection.execute(select(outbox).where(outbox.c.seq.in_(chosen)).order_by(outbox.c.seq))
            return [Due(**row) for row in rows.mappings()]

        with self._store.reading() as connection:
            if connection.scalar(due.limit(1)) is None:
                return []
        return self._store.write(work)

    def sent(self, seq: int, now: datetime) -> None:
        """It arrived."""
        self._set(seq, state=SENT, sent_at=now, last_error=None)

    def failed(self, seq: int, error: str, again_at: datetime | None) -> None:
        """It did not, and is tried again then; where that is None, not before somebody asks for it."""
        if again_at is None:
            self._set(seq, last_error=error, state=DEAD)
        else:
            self._set(seq, last_error=error, next_at=again_at)

    def replay(self, now: datetime, keys: Collection[str] | None = None) -> int:
        """Try again what was given up, or of that these; how many."""
        wanted = outbox.c.state == DEAD
        if keys is not None:
            wanted = and_(wanted, outbox.c.outbox_key.in_(list(keys)))
        again = update(outbox).where(wanted).values(state=WAITING, attempts=0, next_at=now)
        return self._store.write(lambda connection: connection.execute(again).rowcount)

    def counts(self) -> dict[str, int]:
        """Deliveries by state."""
        with self._store.reading() as connection:
            rows = connection.execute(select(outbox.c.state, func.count()).group_by(outbox.c.state)).tuples()
            return dict(rows.all())

    def all(self) -> list[Due]:
        """Everything, in order."""
        with self._store.reading() as connection:
            return [Due(**row) for row in connection.execute(select(outbox).order_by(outbox.c.seq)).mappings()]

    def _set(self, seq: int, **values: object) -> None:
        changed = update(outbox).where(outbox.c.seq == seq).values(**values)
        self._store.write(lambda connection: connection.execute(changed))
