"""How far tickets have moved from what models learned, as the newest day of `anomalies/drift` says."""

from threading import Lock

import msgspec
import polars as pl

from warehouse.contracts.anomalies import DRIFT
from warehouse.errors import TicketlakeError
from warehouse.reading import Tables


class Drifted(msgspec.Struct, frozen=True, kw_only=True):
    """One model and part. `ratio`: its farthest distance over that distance's threshold; `drifted`: names beyond."""

    model: str
    part: str
    ratio: float
    drifted: int


class Drifts:
    """Read again only when the table has changed. Threads share one."""

    def __init__(self, lake: Tables) -> None:
        self._lake = lake
        self._lock = Lock()
        self._held: tuple[int, list[Drifted]] | None = None

    def newest(self) -> list[Drifted]:
        """Of the newest day of each model and part; empty where nothing was compared or the table cannot be read."""
        log = self._lake.path(DRIFT) / "_delta_log"
        with self._lock:
            try:
                traced = log.stat().st_mtime_ns
            except FileNotFoundError:
                return []
            if self._held is None or self._held[0] != traced:
                try:
                    self._held = (traced, _read(self._lake))
                except TicketlakeError:
                    return []
            return self._held[1]


def _read(lake: Tables) -> list[Drifted]:
    of = ["model", "part"]
    rows = lake.scan(DRIFT).select(*of, "day", "value", "threshold", "drifted").collect()
    newest = rows.filter(pl.col("day") == pl.col("day").max().over(of))
    found = newest.group_by(of).agg(
        ratio=(pl.col("value") / pl.col("threshold")).filter(pl.col("threshold") > 0).max().fill_null(0.0),
        drifted=pl.col("drifted").sum().cast(pl.Int64),
    )
    return [msgspec.convert(row, Drifted) for row in found.sort(of).iter_rows(named=True)]
