"""Who changed what: one row a change, written in the transaction that makes it, in ids and never in words."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec
from sqlalchemy import Connection, and_, insert, select, true

from operations.entries import Receipt
from operations.inbox import Also
from operations.schema import audit_log
from operations.store import Store


class Audited(msgspec.Struct, frozen=True, kw_only=True):
    """One change. `action` is `thing.verb`, `object` the id of the thing; `detail` holds further ids by name."""

    at: datetime
    subject: str
    role: str
    action: str
    object: str
    detail: dict[str, str]
    key_id: str | None = None
    request_id: str | None = None


class AuditRow(Audited, frozen=True, kw_only=True):
    """A change as it is kept; `seq` is their order."""

    seq: int


class Who(msgspec.Struct, frozen=True, kw_only=True):
    """Who makes a change, and by which request; at a terminal there is neither key nor request."""

    subject: str
    role: str
    key_id: str | None = None
    request_id: str | None = None

    def did(self, action: str, object_: str, at: datetime, **detail: str) -> Audited:
        """The row that says so."""
        own = {name: getattr(self, name) for name in self.__struct_fields__}
        return Audited(**own, at=at, action=action, object=object_, detail=detail)


def put(connection: Connection, rows: Sequence[Audited]) -> None:
    """Within the caller's transaction."""
    values = [{**msgspec.structs.asdict(row), "detail": msgspec.json.encode(row.detail).decode()} for row in rows]
    if values:
        connection.execute(insert(audit_log), values)


def beside(told: Mapping[str, Audited]) -> Also:
    """For `Inbox.append`: by idempotency key the row of each entry that is a change; kept with those that are new."""

    def also(connection: Connection, receipts: Mapping[str, Receipt]) -> None:
        put(connection, [row for key, row in told.items() if not receipts[key].repeated])

    return also


class AuditLog:
    """Every method is one transaction."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def append(self, *rows: Audited) -> None:
        """Keep changes that were made elsewhere than in this store, as soon as they are made."""
        self._store.write(lambda connection: put(connection, rows))

    def page(self, limit: int, before: int | None = None, action: str | None = None) -> list[AuditRow]:
        """The newest changes; `before` is the number of the last one of the page before."""
        wanted = and_(
            true() if before is None else audit_log.c.seq < before,
            true() if action is None else audit_log.c.action == action,
        )
        statement = select(audit_log).where(wanted).order_by(audit_log.c.seq.desc()).limit(limit)
        with self._store.reading() as connection:
            rows = connection.execute(statement).mappings()
            return [AuditRow(**{**row, "detail": msgspec.json.decode(row["detail"])}) for row in rows]
