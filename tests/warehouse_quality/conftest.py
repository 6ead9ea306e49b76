"""A small lake in which every check holds, and the means to plant faults past `write`."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import copytree
from typing import Any

import polars as pl
import pytest

from warehouse import quality
from warehouse.contracts import bronze, gold, silver
from warehouse.delta import Lake
from warehouse.table import Table

NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)
DAY = timedelta(days=1)
GOLD = {table.name: table for table in gold.TABLES}

Rows = list[dict[str, Any]]


def _filled(table: Table, rows: Rows) -> pl.DataFrame:
    """The rows with every column of the table; what is not given is null, or a word where a value is required."""
    spoken = {"load_id": "load", "record_hash": "hash", "source": "file.jsonl", "format": "jsonl"}
    return pl.DataFrame(
        [{name: row.get(name, spoken.get(name)) for name in table.schema} for row in rows], schema=table.schema
    )


def _tickets() -> Rows:
    return [
        {
            "ticket_id": f"T{number:02}",
            "created_at": NOW - timedelta(hours=1 + number),
            "updated_at": NOW,
            "resolved_at": NOW if number % 2 else None,
            "resolution_time_hours": 1.0 + number if number % 2 else None,
            "subject": "It does not print",
            "satisfaction_score": 1 + number % 5,
            "priority": ["low", "medium", "high", "critical"][number % 4],
            "severity": f"P{number % 5}",
            "customer_tier": "free",
            "business_impact": "low",
            "transferred_count": 0,
            "response_count": 3,
        }
        for number in range(20)
    ]


def _events() -> Rows:
    return [
        {
            "event_id": f"E{number}",
            "type": "MessageAdded",
            "version": 1,
            "ticket_id": f"T{number:02}",
            "event_time": NOW - timedelta(minutes=number),
            "received_time": NOW,
            "actor_kind": ["customer", "agent", "system"][number % 3],
            "payload": "{}",
        }
        for number in range(9)
    ]


def _searches() -> Rows:
    said = dict.fromkeys(("ticket_id", "text", "text_hash", "filters"), "x")
    counted = dict.fromkeys(("k", "returned", "shown", "accepted", "edited", "refused"), 1)
    listed: dict[str, Any] = {name: [] for name in ("stages", "missing", "found", "scores", "articles")}
    failures = {"no_result": False, "rephrased": False, "latency_ms": 3.0}
    more = {"kind": "solutions", "asked_at": NOW - DAY}
    return [{"search_id": f"S{n}", **said, **counted, **listed, **failures, **more} for n in range(4)]


def _labels() -> Rows:
    said = {"field": "category", "value": "Print", "kind": "corrected", "source": "agent", "holds": True}
    return [{"label_id": f"L{n}", "ticket_id": f"T{n:02}", "said_at": NOW, **said} for n in range(4)]


def _received(load: str, count: int) -> Rows:
    return [{"sequence": number, "load_id": load, "position": number} for number in range(1, count + 1)]


def _refused(load: str, count: int) -> Rows:
    return [
        {
            "quarantine_id": f"{load}{number}",
            "kind": "tickets",
            "load_id": load,
            "position": number,
            "record": "{",
            "reason": "malformed",
            "detail": "expected JSON",
        }
        for number in range(count)
    ]


def _loads() -> Rows:
    return [
        {"load_id": "load", "kind": "tickets", "loaded_at": NOW - DAY},
        {"load_id": "long ago", "kind": "tickets", "loaded_at": NOW - 30 * DAY},
    ]


def _gold() -> dict[str, Rows]:
    facts = [
        {
            "ticket_id": f"T{number:02}",
            "created_at": NOW,
            "status": "resolved",
            "customer_id": f"C{number % 3}",
            "agent_id": f"A{number % 2}",
            "product_version": "Desk 1",
            "resolution_hours": 2.0,
            "first_response_hours": None,
            "satisfaction_score": 5,
        }
        for number in range(20)
    ]
    segment = {"dimension": "overall", "segment": "all"}
    return {
        "fct_tickets": facts,
        "dim_customers": [{"customer_id": f"C{n}", "tickets": 7, "open_tickets": 1} for n in range(3)],
        "dim_agents": [{"agent_id": f"A{n}"} for n in range(2)],
        "dim_product_versions": [{"product_version": "Desk 1"}],
        "metric_resolution_time_by_segment": [
            segment | {"resolved_tickets": 20} | {f"resolution_hours_p{p}": float(p) for p in (50, 90, 99)}
        ],
        "metric_first_contact_resolution_by_segment": [
            segment | {"first_contact_share": 0.5, "first_contact_share_lower": 0.4, "first_contact_share_upper": 0.6}
        ],
        "metric_satisfaction_by_segment": [
            segment
            | {"satisfaction_mean": 4.0, "satisfaction_p10": 1, "satisfaction_p90": 5}
            | {"satisfied_share": 0.5, "satisfied_share_lower": 0.4, "satisfied_share_upper": 0.6}
        ],
        "metric_sla_attainment_by_tier_priority": [
            {"promise": "resolution", "customer_tier": tier, "priority": "low", "met": 1, "breached": 1, "pending": 0}
            | {"attainment": 0.5, "attainment_lower": 0.1, "attainment_upper": 0.9}
            for tier in ("free", "premium")
        ],
        "metric_backlog_by_day": [
            {"day": (NOW - n * DAY).date(), "opening": 1, "opened": 1, "resolved": 1, "closing": 1}
            | {"closing_over_7_days": 0}
            for n in range(5)
        ],
        "metric_volume_by_day_category_channel_region": [
            {"day": NOW.date(), "category": "Print", "channel": "mail", "region": region, "tickets": 10}
            for region in ("EU", "NA")
        ],
    }


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the lake lies in which every check holds."""
    rows: dict[Table, Rows] = {
        bronze.LOADS: _loads(),
        bronze.TICKETS: _received("load", 100) + _received("long ago", 10),
        silver.TICKETS: _tickets(),
        silver.EVENTS: _events(),
        silver.ARTICLES: [
            {"article_id": f"K{n}", "title": "T", "body": "B", "created_at": NOW - DAY, "updated_at": NOW}
            for n in range(3)
        ],
        silver.SEARCH_EVENTS: _searches(),
        silver.LABELS: _labels(),
        silver.QUARANTINE: _refused("load", 5) + _refused("long ago", 5),
        **{GOLD[name]: lines for name, lines in _gold().items()},
    }
    root = tmp_path_factory.mktemp("whole") / "lake"
    for table, lines in rows.items():
        Lake(root).append(table, _filled(table, lines))
    return root


@pytest.fixture
def lake(tmp_path: Path, whole: Path) -> Lake:
    """A lake in which every check holds; each test has its own."""
    return Lake(Path(copytree(whole, tmp_path / "lake")))


@pytest.fixture
def now() -> datetime:
    """The wall clock of these tests."""
    return NOW


@pytest.fixture
def fill() -> Callable[[Table, Rows], pl.DataFrame]:
    """Rows with every column of their table."""
    return _filled


@pytest.fixture
def plant() -> Callable[[Lake, Table, pl.DataFrame], None]:
    """Write a table as someone would who goes past the contract."""

    def write(lake: Lake, table: Table, rows: pl.DataFrame) -> None:
        from deltalake import write_deltalake

        write_deltalake(lake.path(table), rows.to_arrow(), mode="overwrite", schema_mode="overwrite")

    return write


@pytest.fixture
def check() -> Callable[..., dict[str, dict[str, Any]]]:
    """The results of one table's checks by name; not recorded."""

    def run(lake: Lake, table: Table, *, now: datetime = NOW, as_of: datetime = NOW) -> dict[str, dict[str, Any]]:
        results = quality.verify(lake, [table], run_id="this", now=now, as_of=as_of)
        return {row["check"]: row for row in results.iter_rows(named=True)}

    return run


@pytest.fixture
def find() -> Callable[[Lake, str], list[dict[str, Any]]]:
    """The rows that a query over published names returns."""

    def run(lake: Lake, sql: str) -> list[dict[str, Any]]:
        with quality.views(lake, quality.tables_named(sql)) as connection:
            cursor = connection.execute(sql)
            names = [column[0] for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    return run
