"""The drain: from the inbox into bronze, each entry exactly once, whatever dies on the way."""

from collections.abc import Callable, Sequence
from datetime import datetime

import msgspec
import polars as pl

from operations.entries import InboxRow, Kind, digest_of
from operations.inbox import Inbox
from warehouse.contracts import bronze
from warehouse.delta import Lake
from warehouse.reading import Tables
from warehouse.table import Table

LOAD = "inbox"
TARGETS: dict[Kind, Table] = {"ticket": bronze.TICKETS, "event": bronze.EVENTS, "search": bronze.SEARCH_EVENTS}

Step = Callable[[str], None]


class DrainReport(msgspec.Struct, frozen=True, kw_only=True):
    """What one drain did: the batches that it numbered, and the entries that it brought into bronze."""

    stamped: int = 0
    tickets: int = 0
    events: int = 0
    searches: int = 0

    @property
    def changed(self) -> bool:
        """Whether bronze holds more than before."""
        return bool(self.tickets or self.events or self.searches)


def drain(inbox: Inbox, lake: Lake, *, on_step: Step | None = None) -> DrainReport:
    """Bring what lies in the inbox into bronze. Two drains at once take turns; neither doubles anything.

    Stamping commits first, so a batch is the same whoever reads it; then each table takes the batches later than the
    one that its own newest commit names. `on_step` hears of every durable step once it is done.
    """
    step = on_step or _nobody
    stamped, until = 0, inbox.last_seq()
    while inbox.stamp(until=until) is not None:
        stamped += 1
        step("stamped a batch")
    return DrainReport(
        stamped=stamped,
        tickets=_drain(inbox, lake, "ticket", step),
        events=_drain(inbox, lake, "event", step),
        searches=_drain(inbox, lake, "search", step),
    )


def progress(lake: Tables) -> dict[Kind, int]:
    """The last batch of each kind that bronze holds, 0 for none: what `Inbox.undrained` asks for."""
    return {kind: _progress(lake, table) for kind, table in TARGETS.items()}


def _drain(inbox: Inbox, lake: Lake, kind: Kind, step: Step) -> int:
    table = TARGETS[kind]
    waiting = inbox.batches(after=_progress(lake, table), kind=kind)
    if not waiting:
        return 0
    _note_load(lake, table, inbox.read(waiting[0], kind)[0].received_at, step)
    with lake.lock(table):
        first = last = _last_sequence(lake, table)
        # Asked again: whoever held the lock before us may have taken some of them.
        for batch in inbox.batches(after=_progress(lake, table), kind=kind):
            rows = inbox.read(batch, kind)
            lake.append(table, _records(rows, last), progress={LOAD: batch})
            last += len(rows)
            step(f"appended a batch to {table.path}")
    return last - first


def _note_load(lake: Lake, table: Table, began: datetime, step: Step) -> None:
    """The inbox is one load for ever. Under its own lock alone: whoever holds two may wait for ever."""
    load = pl.DataFrame(
        [{"load_id": LOAD, "source": LOAD, "kind": table.name, "format": LOAD, "mapping": None, "loaded_at": began}],
        schema=bronze.LOADS.schema,
    )
    with lake.lock(bronze.LOADS):
        if lake.exists(bronze.LOADS) and lake.matching(bronze.LOADS, load.select(bronze.LOADS.primary_key)).height:
            return
        lake.merge(bronze.LOADS, load)
        step(f"noted the load in {bronze.LOADS.path}")


def _records(rows: Sequence[InboxRow], last: int) -> pl.DataFrame:
    bodies = [row.body.encode() for row in rows]
    columns = {
        "sequence": range(last + 1, last + 1 + len(rows)),
        "load_id": [LOAD] * len(rows),
        "source": [LOAD] * len(rows),
        "position": [row.seq for row in rows],
        "record_hash": [digest_of(body) for body in bodies],
        "record": bodies,
    }
    return pl.DataFrame(columns, schema=bronze.TICKETS.schema)


def _progress(lake: Tables, table: Table) -> int:
    return lake.progress(table, LOAD) or 0


def _last_sequence(lake: Lake, table: Table) -> int:
    if not lake.exists(table):
        return 0
    return lake.scan(table).select(pl.col("sequence").max()).collect().item() or 0


def _nobody(_: str) -> None:
    """Nobody listens."""
