"""Each kind of check holds on good rows, and finds exactly the rows in which a fault was planted."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from warehouse import quality
from warehouse.contracts import gold, silver
from warehouse.delta import Lake
from warehouse.table import Table

GOLD = {table.name: table for table in gold.TABLES}
NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
ANCIENT = datetime(1970, 1, 1, tzinfo=UTC)

T, E, K, Q = silver.TICKETS, silver.EVENTS, silver.ARTICLES, silver.QUARANTINE
S, L = silver.SEARCH_EVENTS, silver.LABELS
FACTS, CUSTOMERS = GOLD["fct_tickets"], GOLD["dim_customers"]
RESOLUTION = GOLD["metric_resolution_time_by_segment"]
CONTACT = GOLD["metric_first_contact_resolution_by_segment"]
SATISFACTION = GOLD["metric_satisfaction_by_segment"]
PROMISES = GOLD["metric_sla_attainment_by_tier_priority"]
BACKLOG = GOLD["metric_backlog_by_day"]
VOLUME = GOLD["metric_volume_by_day_category_channel_region"]

FAULTS: list[tuple[Table, str, str, dict[str, Any]]] = [
    (T, "ticket_id_missing", "error", {"ticket_id": None}),
    (T, "created_at_missing", "error", {"created_at": None}),
    (T, "created_at_plausible", "error", {"created_at": NOW + 25 * HOUR}),
    (T, "created_at_plausible", "error", {"created_at": ANCIENT}),
    (T, "satisfaction_score_range", "warn", {"satisfaction_score": 6}),
    (T, "satisfaction_score_range", "warn", {"satisfaction_score": 0}),
    (T, "resolution_time_hours_range", "warn", {"resolution_time_hours": -0.5}),
    (T, "customer_tier_values", "warn", {"customer_tier": "gold"}),
    (T, "priority_values", "warn", {"priority": "asap"}),
    (T, "severity_values", "warn", {"severity": "P9"}),
    (T, "business_impact_values", "warn", {"business_impact": "doom"}),
    (T, "resolved_after_opened", "warn", {"resolved_at": NOW - 1000 * HOUR}),
    (T, "updated_after_opened", "warn", {"updated_at": NOW - 1000 * HOUR}),
    (T, "counts_not_negative", "warn", {"affected_users": -1}),
    (T, "counts_not_negative", "warn", {"transferred_count": -1}),
    (E, "event_id_missing", "error", {"event_id": None}),
    (E, "ticket_id_missing", "warn", {"ticket_id": None}),
    (E, "ticket_id_known", "warn", {"ticket_id": "T99"}),
    (E, "type_values", "warn", {"type": "TicketEaten"}),
    (E, "actor_kind_values", "warn", {"actor_kind": "ghost"}),
    (E, "event_time_plausible", "warn", {"event_time": ANCIENT}),
    (E, "heard_after_it_happened", "warn", {"received_time": NOW - 30 * HOUR}),
    (K, "article_id_missing", "error", {"article_id": None}),
    (K, "updated_after_published", "warn", {"updated_at": ANCIENT}),
    (S, "search_id_missing", "error", {"search_id": None}),
    (S, "search_kind_values", "warn", {"kind": "riddles"}),
    (S, "accepted_within_what_was_shown", "warn", {"accepted": 2}),
    (L, "label_id_missing", "error", {"label_id": None}),
    (L, "labelled_ticket_known", "warn", {"ticket_id": "T99"}),
    (L, "label_source_values", "warn", {"source": "hearsay"}),
    (L, "reviews_are_named", "warn", {"review_id": "RV-1"}),
    (Q, "quarantine_id_missing", "error", {"quarantine_id": None}),
    (Q, "kind_values", "warn", {"kind": "letters"}),
    (Q, "reason_values", "warn", {"reason": "mood"}),
    (FACTS, "ticket_id_missing", "error", {"ticket_id": None}),
    (FACTS, "created_at_missing", "error", {"created_at": None}),
    (FACTS, "customer_id_known", "error", {"customer_id": "C9"}),
    (FACTS, "agent_id_known", "error", {"agent_id": "A9"}),
    (FACTS, "product_version_known", "error", {"product_version": "Desk 9"}),
    (FACTS, "resolution_hours_range", "error", {"resolution_hours": -1.0}),
    (FACTS, "first_response_hours_range", "error", {"first_response_hours": -1.0}),
    (FACTS, "satisfaction_score_range", "error", {"satisfaction_score": 7}),
    (CUSTOMERS, "customer_id_missing", "error", {"customer_id": None}),
    (CUSTOMERS, "tickets_range", "error", {"open_tickets": 8}),
    (GOLD["dim_agents"], "agent_id_missing", "error", {"agent_id": None}),
    (GOLD["dim_product_versions"], "product_version_missing", "error", {"product_version": None}),
    (RESOLUTION, "dimension_missing", "error", {"dimension": None}),
    (RESOLUTION, "segment_missing", "error", {"segment": None}),
    (RESOLUTION, "percentiles_ordered", "error", {"resolution_hours_p90": 100.0}),
    (RESOLUTION, "percentiles_ordered", "error", {"resolution_hours_p50": -1.0}),
    (RESOLUTION, "segments_within_overall", "error", {"resolved_tickets": 21}),
    (CONTACT, "dimension_missing", "error", {"dimension": None}),
    (CONTACT, "segment_missing", "error", {"segment": None}),
    (CONTACT, "share_range", "error", {"first_contact_share": 1.5, "first_contact_share_upper": 2.0}),
    (CONTACT, "share_range", "error", {"first_contact_share_upper": 0.45}),
    (SATISFACTION, "dimension_missing", "error", {"dimension": None}),
    (SATISFACTION, "segment_missing", "error", {"segment": None}),
    (SATISFACTION, "satisfaction_range", "error", {"satisfaction_mean": 0.5}),
    (SATISFACTION, "satisfaction_range", "error", {"satisfaction_p90": 6}),
    (SATISFACTION, "share_range", "error", {"satisfied_share": -0.1}),
    (PROMISES, "promise_missing", "error", {"promise": None}),
    (PROMISES, "customer_tier_missing", "error", {"customer_tier": None}),
    (PROMISES, "priority_missing", "error", {"priority": None}),
    (PROMISES, "share_range", "error", {"attainment": 1.2}),
    (PROMISES, "counts_not_negative", "error", {"breached": -1}),
    (BACKLOG, "day_missing", "error", {"day": None}),
    (BACKLOG, "counts_not_negative", "error", {"closing": -1}),
    (BACKLOG, "counts_not_negative", "error", {"closing_over_7_days": 2}),
    (VOLUME, "day_missing", "error", {"day": None}),
    (VOLUME, "category_missing", "error", {"category": None}),
    (VOLUME, "channel_missing", "error", {"channel": None}),
    (VOLUME, "region_missing", "error", {"region": None}),
    (VOLUME, "tickets_range", "error", {"tickets": 0}),
]

DUPLICATES = [
    (T, "ticket_id_duplicate"),
    (E, "event_id_duplicate"),
    (K, "article_id_duplicate"),
    (S, "search_id_duplicate"),
    (L, "label_id_duplicate"),
    (Q, "quarantine_id_duplicate"),
    (FACTS, "ticket_id_duplicate"),
    (CUSTOMERS, "customer_id_duplicate"),
    (GOLD["dim_agents"], "agent_id_duplicate"),
    (GOLD["dim_product_versions"], "product_version_duplicate"),
    (RESOLUTION, "key_duplicate"),
    (CONTACT, "key_duplicate"),
    (SATISFACTION, "key_duplicate"),
    (PROMISES, "key_duplicate"),
    (BACKLOG, "day_duplicate"),
    (VOLUME, "key_duplicate"),
]

ELSEWHERE = {
    ("silver/tickets", "fresh_for_business"),
    ("silver/tickets", "fresh_for_wall_clock"),
    ("silver/tickets", "row_count"),
    ("silver/tickets", "row_count_drop"),
    ("silver/tickets", "row_count_growth"),
    ("silver/quarantine", "share_of_load"),
    ("gold/fct_tickets", "row_count"),
    ("gold/fct_tickets", "row_count_drop"),
    ("gold/fct_tickets", "tickets_left_out"),
    ("gold/metric_backlog_by_day", "no_day_left_out"),
    ("gold/metric_volume_by_day_category_channel_region", "volume_is_tickets"),
}
"""Checks of more than single rows: test_volume.py plants their faults."""


def test_what_concerns_no_single_ticket_is_no_fault(lake: Lake) -> None:
    lake.merge(
        E,
        lake.read(E)
        .head(1)
        .with_columns(event_id=pl.lit("E-policy"), ticket_id=pl.lit("*"), type=pl.lit("PolicyChanged")),
    )

    results = quality.verify(lake, [T, E], run_id="r", now=NOW, as_of=NOW)

    assert results.filter(~pl.col("passed"), table=E.path).is_empty()


def test_everything_holds_where_nothing_is_wrong(lake: Lake) -> None:
    tables = [*silver.TABLES, *(table for table in gold.TABLES if lake.exists(table))]

    results = quality.verify(lake, tables, run_id="r", now=NOW, as_of=NOW)

    assert results.filter(~pl.col("passed")).rows(named=True) == []
    told = list(results.select("table", "check", "severity").iter_rows())
    assert told == [(check.table, check.name, check.severity) for check in quality.declared(tables)]
    assert results["failing_rows_sql"].null_count() == results.height


def test_every_declared_check_has_its_fault() -> None:
    planted = {(table.path, name) for table, name, _, _ in FAULTS} | {(table.path, name) for table, name in DUPLICATES}

    declared = {(check.table, check.name) for check in quality.declared([*silver.TABLES, *gold.TABLES])}
    assert planted | ELSEWHERE == declared


@pytest.mark.parametrize(
    ("table", "name", "severity", "fault"), FAULTS, ids=[f"{t.name}-{n}-{next(iter(f))}" for t, n, _, f in FAULTS]
)
def test_a_planted_fault_is_found_told_and_shown(
    lake: Lake,
    plant: Callable[[Lake, Table, pl.DataFrame], None],
    check: Callable[..., dict[str, dict[str, Any]]],
    find: Callable[[Lake, str], list[dict[str, Any]]],
    table: Table,
    name: str,
    severity: str,
    fault: dict[str, Any],
) -> None:
    rows = lake.read(table)
    broken = rows.head(1).with_columns(
        pl.lit(value, table.schema[column]).alias(column) for column, value in fault.items()
    )
    plant(lake, table, pl.concat([rows.slice(1), broken]))

    found = check(lake, table)[name]

    assert (found["passed"], found["severity"], found["value"]) == (False, severity, 1.0)
    of = "" if name == "segments_within_overall" else f" of {rows.height}"
    assert found["detail"].endswith(f": expected 0 failing rows, found 1{of}.")
    (shown,) = find(lake, found["failing_rows_sql"])
    assert set(table.primary_key) <= set(shown)
    assert shown == {column: broken[column][0] for column in shown}


@pytest.mark.parametrize(("table", "name"), DUPLICATES, ids=[f"{t.name}-{n}" for t, n in DUPLICATES])
def test_every_row_that_shares_a_key_is_shown(
    lake: Lake,
    plant: Callable[[Lake, Table, pl.DataFrame], None],
    check: Callable[..., dict[str, dict[str, Any]]],
    find: Callable[[Lake, str], list[dict[str, Any]]],
    table: Table,
    name: str,
) -> None:
    rows = lake.read(table)
    plant(lake, table, pl.concat([rows, rows.head(1), rows.head(1)]))

    found = check(lake, table)[name]

    assert (found["passed"], found["severity"], found["value"]) == (False, "error", 2.0)
    assert "expected 0 rows that repeat another, found 2" in found["detail"]
    key = {column: rows[column][0] for column in table.primary_key}
    assert find(lake, found["failing_rows_sql"]) == [key, key, key]
