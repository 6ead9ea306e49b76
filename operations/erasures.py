"""Erasures as they are kept: asked for by people, carried out by the worker in steps, with a receipt at the end."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

import msgspec
from sqlalchemy import Connection, and_, insert, select, update

from operations import audit
from operations.audit import Audited
from operations.schema import erasure
from operations.store import Store

Kind = Literal["customer", "ticket"]
State = Literal["waiting", "forgotten", "done"]
"""`waiting`: nothing is gone yet. `forgotten`: refused from now on, gone from what was received and refined; what was
made of it is being made anew. `done`: no file of the lake holds it."""
WAITING, FORGOTTEN, DONE = "waiting", "forgotten", "done"
Counts = dict[str, int]


class NewErasure(msgspec.Struct, frozen=True, kw_only=True):
    """Who is to be forgotten, and who asks it why. `digest` is the keyed hash of the subject."""

    erasure_id: str
    kind: Kind
    digest: str
    subject: str
    who: str
    reason: str
    requested_at: datetime


class Erasure(msgspec.Struct, frozen=True, kw_only=True):
    """An erasure as it stands. `subject` and `tickets` are null once it is done."""

    seq: int
    erasure_id: str
    kind: Kind
    digest: str
    subject: str | None
    tickets: tuple[str, ...]
    who: str
    reason: str
    state: State
    requested_at: datetime
    forgotten_at: datetime | None
    completed_at: datetime | None
    first_at: datetime | None
    receipt: Counts
    models: tuple[str, ...]
    error: str | None


class Flagged(msgspec.Struct, frozen=True, kw_only=True):
    """A model that had read what was erased: to be learned anew."""

    model: str
    erasure_id: str
    erased_at: datetime


class Erasures:
    """Every method is one transaction."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def ask(self, new: NewErasure, told: Sequence[Audited] = ()) -> tuple[Erasure, bool]:
        """Keep a request, with `told` in the audit log; or give the one for the same that is under way, and True."""
        same = and_(erasure.c.digest == new.digest, erasure.c.kind == new.kind, erasure.c.state != DONE)

        def work(connection: Connection) -> bool:
            if connection.scalar(select(erasure.c.seq).where(same)) is not None:
                return True
            begun = {"state": WAITING, "tickets": "[]", "receipt": "{}", "models": "[]"}
            connection.execute(insert(erasure), [{**msgspec.structs.asdict(new), **begun}])
            audit.put(connection, told)
            return False

        repeated = self._store.write(work)
        (found,) = self._rows(same if repeated else erasure.c.erasure_id == new.erasure_id)[:1]
        return found, repeated

    def find(self, erasure_id: str) -> Erasure | None:
        """The erasure of that name."""
        return next(iter(self._rows(erasure.c.erasure_id == erasure_id)), None)

    def unfinished(self) -> list[Erasure]:
        """Those that are not done, the oldest first."""
        return self._rows(erasure.c.state != DONE)

    def all(self) -> list[Erasure]:
        """Everything, in order."""
        return self._rows(erasure.c.seq > 0)

    def name(self, erasure_id: str, tickets: Sequence[str]) -> None:
        """Keep which tickets are concerned, until it is done."""
        self._set(erasure_id, tickets=_json(sorted(tickets)))

    def count(self, erasure_id: str, receipt: Counts) -> None:
        """So much is gone by now."""
        self._set(erasure_id, receipt=_json(receipt))

    def advance(self, erasure_id: str, *, at: datetime, first_at: datetime | None, models: Sequence[str]) -> None:
        """It is forgotten: gone from what was received and refined."""
        said = {"models": _json(list(models)), "first_at": first_at}
        self._set(erasure_id, state=FORGOTTEN, forgotten_at=at, error=None, **said)

    def finish(self, erasure_id: str, receipt: Counts, *, at: datetime) -> None:
        """It is done: nothing in clear is kept of whom it was about."""
        self._set(
            erasure_id, state=DONE, completed_at=at, receipt=_json(receipt), subject=None, tickets="[]", error=None
        )

    def failed(self, erasure_id: str, error: str) -> None:
        """A step failed, and is tried again."""
        self._set(erasure_id, error=error)

    def _set(self, erasure_id: str, **values: Any) -> None:
        changed = update(erasure).where(erasure.c.erasure_id == erasure_id).values(**values)
        self._store.write(lambda connection: connection.execute(changed))

    def _rows(self, condition: Any) -> list[Erasure]:
        with self._store.reading() as connection:
            rows = connection.execute(select(erasure).where(condition).order_by(erasure.c.seq)).mappings()
            return [_erasure(dict(row)) for row in rows]


def erased_since(store: Store, since: datetime | None = None) -> list[Flagged]:
    """Models that had read what was erased later than `since`, one line a model and erasure, the oldest first.

    A model is named as its artifact and digest, such as `models/category@0f1e...`; who learns anew asks for those that
    serve now.
    """
    return [
        Flagged(model=model, erasure_id=one.erasure_id, erased_at=one.forgotten_at)
        for one in Erasures(store).all()
        if one.forgotten_at is not None and (since is None or one.forgotten_at > since)
        for model in one.models
    ]


def _erasure(row: dict[str, Any]) -> Erasure:
    names = {name: tuple(msgspec.json.decode(row[name] or "[]")) for name in ("tickets", "models")}
    return Erasure(**{**row, **names, "receipt": msgspec.json.decode(row["receipt"])})


def _json(value: Any) -> str:
    return msgspec.json.encode(value, order="sorted").decode()
