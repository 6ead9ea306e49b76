"""The inbox: what the outside says, appended durably, numbered in batches, never changed."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, TypeVar, get_args

import msgspec
from sqlalchemy import ColumnElement, Connection, and_, func, or_, select, union_all, update
from sqlalchemy.dialects import postgresql, sqlite

from operations.entries import Entry, InboxRow, InboxState, Kind, Receipt, Waiting
from operations.schema import inbox, inbox_stamp
from operations.store import Store
from warehouse.errors import Conflict

BATCH_ROWS = 5_000
BATCH_BYTES = 32 * 1024 * 1024
_KEYS_A_QUERY = 1_000
T = TypeVar("T")

Also = Callable[[Connection, Mapping[str, Receipt]], None]
"""Work within the transaction that appends; it hears of every entry's receipt by its key."""


class Inbox:
    """Append, stamp and read. Every method is one transaction."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def append(self, entries: Sequence[Entry], also: Also | None = None) -> list[Receipt]:
        """Keep all entries or none; durable when this returns. One receipt an entry, in their order.

        An idempotency key seen before, here or earlier, gives the earlier receipt when the content is the same and
        raises `Conflict` when it is not. `also` is part of the same transaction, and may run again with it.
        """
        fresh = _fresh(entries)

        def work(connection: Connection) -> dict[str, Receipt]:
            kept = _insert(connection, self._store.dialect, fresh)
            if also is not None:
                also(connection, kept)
            return kept

        kept = self._store.write(work) if fresh else {}
        receipts = []
        for entry in entries:
            receipt = kept[entry.idempotency_key]
            receipts.append(receipt)
            kept[entry.idempotency_key] = msgspec.structs.replace(receipt, repeated=True)
        return receipts

    def last_seq(self) -> int:
        """The highest `seq` so far, 0 in an empty inbox. Lower ones may still appear: writers commit in any order."""
        with self._store.reading() as connection:
            return connection.scalar(select(func.max(inbox.c.seq))) or 0

    def stamp(self, *, until: int | None = None, rows: int = BATCH_ROWS, size: int = BATCH_BYTES) -> int | None:
        """Give the oldest unstamped entries the next batch number: at most `rows`, and `size` bytes (or one entry).

        With `until`, only those whose `seq` is not higher, so that repeating it ends while others append. Batches
        commit in the order of their numbers. None when there was nothing to stamp.
        """
        unstamped = inbox.c.batch.is_(None) if until is None else and_(inbox.c.batch.is_(None), inbox.c.seq <= until)
        with self._store.reading() as connection:
            if connection.scalar(select(inbox.c.seq).where(unstamped).limit(1)) is None:
                return None
        return self._store.write(lambda connection: _stamp(connection, unstamped, rows, size))

    def batches(self, after: int = 0, kind: Kind | None = None) -> list[int]:
        """The numbers of the batches later than `after`, ascending; with `kind`, only those that hold some of it."""
        wanted = select(inbox.c.batch).distinct().where(inbox.c.batch > after).order_by(inbox.c.batch)
        with self._store.reading() as connection:
            found: Sequence[int] = connection.scalars(wanted if kind is None else wanted.where(_is(kind))).all()
            return list(found)

    def read(self, batch: int, kind: Kind) -> list[InboxRow]:
        """The entries of one batch, in the order of `seq`."""
        return self._rows(and_(_is(kind), inbox.c.batch == batch))

    def for_ticket(self, ticket_id: str, after: int = 0) -> list[InboxRow]:
        """What was heard about one ticket, in order: entries that are not stamped, or in a batch later than `after`."""
        return self._rows(and_(inbox.c.ticket_id == ticket_id, _later(after)))

    def for_tickets(self, ticket_ids: Iterable[str]) -> list[InboxRow]:
        """All that was ever heard about these tickets, in order."""
        rows = [row for ids in chunks(ticket_ids) for row in self._rows(inbox.c.ticket_id.in_(ids))]
        return sorted(rows, key=lambda row: row.seq)

    def with_keys(self, keys: Iterable[str]) -> dict[str, InboxRow]:
        """The entries of these idempotency keys, by key; those that there are."""
        rows = [row for some in chunks(keys) for row in self._rows(inbox.c.idempotency_key.in_(some))]
        return {row.idempotency_key: row for row in rows}

    def since(self, batch: int, seq: int, again: Sequence[int] = ()) -> list[InboxRow]:
        """Entries that are not stamped or in a batch later than `batch`, in order: those after `seq`, and `again`.

        Lower numbers may appear later, for writers commit in any order: who follows the inbox asks `again` for gaps.
        """
        late = self._rows(and_(_later(batch), inbox.c.seq.in_(again))) if again else []
        return [*late, *self._rows(and_(_later(batch), inbox.c.seq > seq))]

    def newest(self) -> list[InboxState]:
        """What lies in the inbox, one line a kind; empty when nothing does."""
        statement = select(
            inbox.c.kind,
            func.count().label("rows"),
            (func.count() - func.count(inbox.c.batch)).label("unstamped"),
            func.max(inbox.c.received_at).label("last_received_at"),
            func.max(inbox.c.batch).label("last_batch"),
        )
        with self._store.reading() as connection:
            found = connection.execute(statement.group_by(inbox.c.kind).order_by(inbox.c.kind))
            return [InboxState(**line) for line in found.mappings()]

    def undrained(self, drained: Mapping[Kind, int]) -> int:
        """How many entries are not in the lake yet; `drained` names the last batch of each kind that is."""
        return self.waiting(drained).entries

    def waiting(self, drained: Mapping[Kind, int]) -> Waiting:
        """The same, and when the oldest of them came."""
        batches = [and_(_is(kind), inbox.c.batch > drained.get(kind, 0)) for kind in get_args(Kind)]
        what = (func.count().label("entries"), func.min(inbox.c.received_at).label("oldest_at"))
        parts = [select(*what).where(condition) for condition in (inbox.c.batch.is_(None), *batches)]
        with self._store.reading() as connection:
            found = connection.execute(union_all(*parts)).tuples().all()
        oldest = min((at for _, at in found if at is not None), default=None)
        return Waiting(entries=sum(entries for entries, _ in found), oldest_at=oldest)

    def _rows(self, condition: Any) -> list[InboxRow]:
        columns = [inbox.c[name] for name in InboxRow.__struct_fields__]
        with self._store.reading() as connection:
            found = connection.execute(select(*columns).where(condition).order_by(inbox.c.seq))
            return [InboxRow(**row) for row in found.mappings()]


def put(connection: Connection, dialect: str, entries: Sequence[Entry]) -> None:
    """Append within the caller's transaction. Raises `Conflict`, and then the caller's work is undone too."""
    fresh = _fresh(entries)
    if fresh:
        _insert(connection, dialect, fresh)


def _insert(connection: Connection, dialect: str, fresh: Mapping[str, dict[str, Any]]) -> dict[str, Receipt]:
    """By key the receipts of new rows, or of those that were there."""
    new = _insert_ignoring(dialect).returning(inbox.c.idempotency_key, inbox.c.seq)
    seqs: dict[str, int] = dict(connection.execute(new, list(fresh.values())).tuples().all())
    kept = {key: _receipt(fresh[key], seq, repeated=False) for key, seq in seqs.items()}
    for keys in chunks(key for key in fresh if key not in seqs):
        for earlier in connection.execute(select(inbox).where(inbox.c.idempotency_key.in_(keys))).mappings():
            key = str(earlier["idempotency_key"])
            _refuse_other(key, fresh[key], earlier)
            kept[key] = _receipt(earlier, earlier["seq"], repeated=True)
    return kept


def _fresh(entries: Sequence[Entry]) -> dict[str, dict[str, Any]]:
    """Rows by key. Raises `Conflict` for two contents under one key."""
    fresh: dict[str, dict[str, Any]] = {}
    for entry in entries:
        row = _row(entry)
        _refuse_other(entry.idempotency_key, row, fresh.setdefault(entry.idempotency_key, row))
    return fresh


def _stamp(connection: Connection, unstamped: ColumnElement[bool], rows: int, size: int) -> int | None:
    # The lock on this row makes stampers wait for each other: a number is visible before the next one is given.
    last: int = connection.scalars(select(inbox_stamp.c.last_batch).with_for_update()).one()
    oldest = select(inbox.c.seq, inbox.c.bytes).where(unstamped).order_by(inbox.c.seq).limit(rows).subquery()
    total = func.sum(oldest.c.bytes).over(order_by=oldest.c.seq).label("total")
    sized = select(oldest, total).subquery()
    chosen = select(sized.c.seq).where(or_(sized.c.total <= size, sized.c.total == sized.c.bytes))
    stamped = connection.execute(update(inbox).where(inbox.c.seq.in_(chosen)).values(batch=last + 1))
    if stamped.rowcount == 0:
        return None
    connection.execute(update(inbox_stamp).values(last_batch=last + 1))
    return last + 1


def _row(entry: Entry) -> dict[str, Any]:
    return {**msgspec.structs.asdict(entry), "bytes": len(entry.body.encode()), "batch": None}


def _receipt(row: Mapping[Any, Any], seq: int, *, repeated: bool) -> Receipt:
    said = {name: row[name] for name in ("idempotency_key", "ticket_id", "received_at")}
    return Receipt(**said, seq=seq, repeated=repeated)


def _refuse_other(key: str, found: Mapping[str, Any], earlier: Any) -> None:
    differing = [name for name in ("kind", "ticket_id", "digest") if found[name] != earlier[name]]
    if differing:
        what = ", ".join("body" if name == "digest" else name for name in differing)
        raise Conflict(
            f"idempotency key {key!r} was used before with another {what}. "
            "Send the same content again, or new content under a new key."
        )


def _is(kind: Kind) -> ColumnElement[bool]:
    return inbox.c.kind == kind


def _later(batch: int) -> ColumnElement[bool]:
    return or_(inbox.c.batch.is_(None), inbox.c.batch > batch)


def _insert_ignoring(dialect: str) -> sqlite.Insert | postgresql.Insert:
    """An insert that passes over keys that are there, and waits for a transaction that is writing the same one."""
    make = sqlite.insert if dialect == "sqlite" else postgresql.insert
    return make(inbox).on_conflict_do_nothing(index_elements=[inbox.c.idempotency_key])


def chunks(keys: Iterable[T]) -> Iterator[list[T]]:
    """As many as one query may name."""
    rest = iter(keys)
    while chunk := list(islice(rest, _KEYS_A_QUERY)):
        yield chunk
