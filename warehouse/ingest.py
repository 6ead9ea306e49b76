"""From a file to silver, without an orchestrator."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from time import monotonic

import polars as pl

from warehouse.contracts import silver
from warehouse.delta import Lake
from warehouse.landing import Kind, land
from warehouse.refine import refine


@dataclass(frozen=True)
class IngestReport:
    """What became of the records of one file: `received` is the sum of the other four."""

    received: int
    new: int
    updated: int
    unchanged: int
    quarantined: int
    seconds: float


def ingest(
    lake: Lake,
    file: Path,
    *,
    now: datetime,
    kind: Kind | None = None,
    mapping: str | None = None,
    progress: Callable[[int], None] | None = None,
) -> IngestReport:
    """Land the file and refine what is new. Raises `SourceUnreadable`, with nothing loaded, for a broken file."""
    began = monotonic()
    landed = land(lake, file, now=now, kind=kind, mapping=mapping, progress=progress)
    counts = refine(lake).get(landed.load_id)
    if counts is None:
        quarantined = _quarantined(lake, landed.load_id)
        counts = Counter(unchanged=landed.received - quarantined, quarantined=quarantined)
    return IngestReport(
        landed.received,
        counts["new"],
        counts["updated"],
        counts["unchanged"],
        counts["quarantined"],
        round(monotonic() - began, 3),
    )


def _quarantined(lake: Lake, load_id: str) -> int:
    rows = lake.scan(silver.QUARANTINE).filter(pl.col("load_id") == load_id)
    return int(rows.select(pl.len()).collect().item())
