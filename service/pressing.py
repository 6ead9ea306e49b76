"""Which open tickets need a person now: as a build found, and of what came since by its words alone."""

from collections.abc import Mapping, Sequence
from threading import Lock

import polars as pl

from ml.anomaly import escalation
from ml.inputs import encoded
from warehouse.contracts import silver
from warehouse.contracts.anomalies import ESCALATIONS
from warehouse.errors import VersionGone
from warehouse.reading import Tables, newest

Pressing = tuple[float, list[str]]
"""How likely a ticket needs a person now, and what says so."""
_COLUMNS = ("resolved_at", *escalation.READ, "subject", "description")


class Pressed:
    """Threads share one. What came since the last build is read once."""

    def __init__(self, lake: Tables) -> None:
        """Reads nothing yet."""
        self._lake = lake
        self._lock = Lock()
        self._built, self._until = -1, -1
        self._newer: dict[str, Pressing] = {}

    def of(self, names: Sequence[str]) -> Mapping[str, Pressing]:
        """Those of the tickets that need one; nothing before the first build looked for them."""
        if not names or not self._lake.exists(ESCALATIONS):
            return {}
        rows = self._lake.scan(ESCALATIONS).filter(pl.col("ticket_id").is_in(names))
        known = rows.select("ticket_id", "score", "triggers").collect()
        return {**self._since(), **{name: (score, triggers) for name, score, triggers in known.iter_rows()}}

    def _since(self) -> Mapping[str, Pressing]:
        built = self._lake.progress(ESCALATIONS, f"{silver.TICKETS.path}@{escalation.digest()}")
        version = self._lake.data_version(silver.TICKETS)
        if built is None or version is None:
            return {}
        with self._lock:
            if built != self._built:
                self._built, self._until, self._newer = built, built, {}
            if version > self._until:
                self._newer = self._read(version)
                self._until = version
            return self._newer

    def _read(self, version: int) -> dict[str, Pressing]:
        try:
            changed = newest(self._lake.changes(silver.TICKETS, self._until, version, columns=_COLUMNS), "ticket_id")
        except VersionGone:
            return {}
        came = changed.filter((pl.col("_change_type") != "delete") & pl.col("resolved_at").is_null())
        unknown = pl.DataFrame([{} for _ in range(came.height)], schema=dict.fromkeys(escalation.FEATURES, pl.Int64))
        found = escalation.escalations(came, encoded(came), unknown)
        told = {name: (one.score, one.triggers) for name, one in zip(came["ticket_id"], found, strict=True) if one}
        touched = set(changed["ticket_id"])
        return {**{name: why for name, why in self._newer.items() if name not in touched}, **told}
