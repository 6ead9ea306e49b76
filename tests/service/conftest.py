"""A lake with tickets and signals of one incident, and an operational store."""

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from ml.anomaly.signals import signals
from operations.incidents import IncidentStore
from operations.store import Store, open_store
from warehouse.contracts import silver
from warehouse.contracts.anomalies import SIGNALS
from warehouse.delta import Lake

START = datetime(2026, 3, 2, tzinfo=UTC)


@pytest.fixture
def incident_lake(tmp_path: Path) -> Lake:
    """400 tickets in as many quarters of an hour; twelve of a hundred are of a version that breaks."""
    lake = Lake(tmp_path / "lake")
    count = 400
    rows = pl.DataFrame(
        {
            "ticket_id": [f"T-{n}" for n in range(count)],
            "created_at": [START - timedelta(hours=99) + timedelta(minutes=15 * n) for n in range(count)],
            "customer_id": [f"C-{n % 90}" for n in range(count)],
            "account_monthly_value": [100.0 + n % 90 for n in range(count)],
            "product": ["Export"] * count,
            "product_version": ["3.3" if n % 100 < 12 else "3.2" for n in range(count)],
            "subject": ["export <b>broken</b>"] * count,
            "load_id": ["l"] * count,
        }
    )
    missing = [pl.lit(None, dtype).alias(name) for name, dtype in silver.TICKETS.schema.items() if name not in rows]
    lake.replace(
        silver.TICKETS, rows.with_columns(missing).select(silver.TICKETS.schema.names()).cast(silver.TICKETS.schema)
    )  # type: ignore[arg-type]
    return lake


@pytest.fixture
def told() -> Callable[..., pl.DataFrame]:
    """Rows of `anomalies/signals`: `told(hour, ...)` for the version that breaks, an hour each."""

    def make(*hours: float, series: str = "Export 3.3", p: float = 1e-7, kind: str = "volume") -> pl.DataFrame:
        rows = [
            {
                "kind": kind, "dimension": "version", "series": series, "window_start": START + timedelta(hours=hour),
                "window_end": START + timedelta(hours=hour + 1), "known_at": START + timedelta(hours=hour),
                "name": f"{series}: 8 tickets instead of 2 & more", "observed": 8.0, "expected": 2.0, "upper": 5.0,
                "effect": 4.0, "p": p, "entities": [f"Version:{series}"],
                "ticket_ids": [f"T-{300 + n}" for n in range(12)],
            }
            for hour in hours
        ]  # fmt: skip
        return signals(pl.DataFrame(rows)) if rows else pl.DataFrame(schema=SIGNALS.schema)

    return make


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with closing(open_store(f"sqlite:///{tmp_path / 'operations' / 'store.db'}")) as opened:
        yield opened


@pytest.fixture
def incident_store(store: Store) -> IncidentStore:
    return IncidentStore(store)
