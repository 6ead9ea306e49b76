"""Predictions that were given: kept before they are answered, never changed, without what the ticket said."""

from collections.abc import Collection, Sequence
from datetime import datetime

import msgspec
from sqlalchemy import ColumnElement, Connection, func, insert, select

from operations import inbox
from operations.entries import Entry
from operations.schema import prediction
from operations.store import Store


class GivenPrediction(msgspec.Struct, frozen=True, kw_only=True):
    """One ticket's. `body` is JSON: labels, confidences, decisions, model versions, novelty, latency; no text."""

    prediction_id: str
    ticket_id: str | None
    release: str
    made_at: datetime
    body: str


def put(connection: Connection, given: Sequence[GivenPrediction]) -> None:
    """Within the caller's transaction."""
    if given:
        connection.execute(insert(prediction), [msgspec.structs.asdict(one) for one in given])


class Predictions:
    """Append and read."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def append(self, given: Sequence[GivenPrediction], events: Sequence[Entry] = ()) -> None:
        """Keep all or none, in one transaction with the events that tell of them; durable when this returns.

        Raises `StoreUnavailable`.
        """

        def write(connection: Connection) -> None:
            put(connection, given)
            inbox.put(connection, connection.dialect.name, events)

        if given:
            self._store.write(write)

    def find(self, prediction_id: str) -> GivenPrediction | None:
        """The prediction of that id."""
        columns = [prediction.c[name] for name in GivenPrediction.__struct_fields__]
        with self._store.reading() as connection:
            row = connection.execute(select(*columns).where(prediction.c.prediction_id == prediction_id)).mappings()
            found = row.first()
        return GivenPrediction(**found) if found else None

    def newest(self, ticket_ids: Collection[str]) -> list[GivenPrediction]:
        """The last one of each of these tickets; those that there are."""
        last = select(func.max(prediction.c.seq)).where(prediction.c.ticket_id.in_(list(ticket_ids)))
        return self._rows(prediction.c.seq.in_(last.group_by(prediction.c.ticket_id)))

    def since(self, at: datetime, limit: int) -> list[GivenPrediction]:
        """Those made at that time or later, the newest first, at most `limit`."""
        return self._rows(prediction.c.made_at >= at, limit)

    def _rows(self, condition: ColumnElement[bool], limit: int | None = None) -> list[GivenPrediction]:
        columns = [prediction.c[name] for name in GivenPrediction.__struct_fields__]
        wanted = select(*columns).where(condition).order_by(prediction.c.seq.desc()).limit(limit)
        with self._store.reading() as connection:
            return [GivenPrediction(**row) for row in connection.execute(wanted).mappings()]
