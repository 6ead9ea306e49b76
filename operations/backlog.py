"""What waits for a worker, by state; of a store that keeps requests."""

from datetime import datetime

from sqlalchemy import column, func, inspect, select, table

from operations.schema import UtcDateTime
from operations.store import Store

REQUESTS = table("request", column("state"), column("received_at", UtcDateTime()))


def backlog(store: Store) -> dict[str, tuple[int, datetime]] | None:
    """By state how many requests there are and when the oldest was received; None where none are kept.

    Raises `StoreUnavailable`.
    """
    state = REQUESTS.c.state
    counted = select(state, func.count(), func.min(REQUESTS.c.received_at)).where(state != "done").group_by(state)
    with store.reading() as connection:
        if not inspect(connection).has_table(REQUESTS.name):
            return None
        return {name: (count, oldest) for name, count, oldest in connection.execute(counted).tuples()}
