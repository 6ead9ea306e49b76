"""Freshness, volume and what is refused: what can only be said of a whole table."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import polars as pl
import pytest

from warehouse import quality
from warehouse.contracts import bronze, gold, silver
from warehouse.contracts.quality import CHECK_RESULTS
from warehouse.delta import Lake
from warehouse.table import Table

GOLD = {table.name: table for table in gold.TABLES}
Check = Callable[..., dict[str, dict[str, Any]]]
Plant = Callable[[Lake, Table, pl.DataFrame], None]
Find = Callable[[Lake, str], list[dict[str, Any]]]
Fill = Callable[[Table, list[dict[str, Any]]], pl.DataFrame]


def test_a_backfill_warns_against_the_wall_clock_alone(lake: Lake, check: Check, now: datetime, find: Find) -> None:
    found = check(lake, silver.TICKETS, now=now + timedelta(days=400), as_of=now)

    assert found["fresh_for_business"]["passed"]
    stale = found["fresh_for_wall_clock"]
    assert (stale["passed"], stale["severity"]) == (False, "warn")
    assert stale["value"] == pytest.approx(400 * 24 + 1)
    assert stale["detail"].endswith("expected less than 48 hours, found 9,601 hours.")
    assert find(lake, stale["failing_rows_sql"])[0] == {"ticket_id": "T00", "created_at": now - timedelta(hours=1)}
    assert {name for name, row in found.items() if not row["passed"]} == {"fresh_for_wall_clock"}


def test_tickets_that_stop_while_events_go_on_are_noticed(lake: Lake, check: Check, now: datetime) -> None:
    later = now + timedelta(days=11)

    found = check(lake, silver.TICKETS, now=later, as_of=later)["fresh_for_business"]

    assert (found["passed"], found["severity"], found["value"]) == (False, "warn", 11 * 24 + 1)


def test_a_table_without_rows_is_told_and_does_not_block(lake: Lake, check: Check, plant: Plant) -> None:
    plant(lake, silver.TICKETS, lake.read(silver.TICKETS).clear())

    found = check(lake, silver.TICKETS)

    failing = {name: row["severity"] for name, row in found.items() if not row["passed"]}
    assert failing == {"row_count": "warn", "fresh_for_business": "warn", "fresh_for_wall_clock": "warn"}
    assert found["fresh_for_business"]["detail"].endswith("found no value.")


def _recorded(lake: Lake, now: datetime, run: str = "before", table: Table = silver.TICKETS) -> None:
    quality.record(lake, quality.verify(lake, [table], run_id=run, now=now, as_of=now))


@pytest.mark.parametrize(("kept", "passed"), [(18, True), (17, False)])
def test_more_than_a_tenth_of_the_tickets_gone_blocks(
    lake: Lake, check: Check, now: datetime, find: Find, kept: int, passed: bool
) -> None:
    _recorded(lake, now)
    lake.replace(silver.TICKETS, lake.read(silver.TICKETS).head(kept))

    found = check(lake, silver.TICKETS, now=now + timedelta(hours=1))["row_count_drop"]

    assert (found["passed"], found["severity"], found["value"]) == (passed, "error", (kept - 20) * 5.0)
    if not passed:
        assert found["detail"].endswith("expected at least -10, found -15.")
        counted = [row["value"] for row in find(lake, found["failing_rows_sql"]) if row["check"] == "row_count"]
        assert counted == [20.0]


def test_facts_that_vanish_block_too(lake: Lake, check: Check, now: datetime) -> None:
    facts = GOLD["fct_tickets"]
    _recorded(lake, now, table=facts)
    lake.replace(facts, lake.read(facts).head(10))

    found = check(lake, facts)["row_count_drop"]

    assert (found["passed"], found["severity"], found["value"]) == (False, "error", -50.0)


def test_checking_again_accepts_the_new_count(lake: Lake, check: Check, now: datetime) -> None:
    _recorded(lake, now)
    lake.replace(silver.TICKETS, lake.read(silver.TICKETS).head(10))
    _recorded(lake, now + timedelta(hours=1), run="after the drop")

    assert check(lake, silver.TICKETS)["row_count_drop"]["value"] == 0.0


def test_a_run_is_compared_with_another_run_and_not_with_itself(lake: Lake, now: datetime) -> None:
    _recorded(lake, now)
    lake.replace(silver.TICKETS, lake.read(silver.TICKETS).head(10))

    for hour in (1, 2):
        _recorded(lake, now + timedelta(hours=hour), run="this")

    drops = lake.read(CHECK_RESULTS).filter(pl.col("check") == "row_count_drop", pl.col("run_id") == "this")
    assert drops["value"].to_list() == [-50.0]


@pytest.mark.parametrize(("more", "passed"), [(1000, True), (1001, False)])
def test_unusual_growth_is_shown_and_a_small_lake_may_grow(
    lake: Lake, check: Check, now: datetime, fill: Fill, more: int, passed: bool
) -> None:
    _recorded(lake, now)
    lake.append(silver.TICKETS, fill(silver.TICKETS, [{"ticket_id": f"N{n}", "created_at": now} for n in range(more)]))

    found = check(lake, silver.TICKETS)["row_count_growth"]

    assert (found["passed"], found["severity"]) == (passed, "warn")


def test_the_first_run_has_nothing_to_compare_with(lake: Lake, check: Check) -> None:
    found = check(lake, silver.TICKETS)

    assert found["row_count"]["value"] == 20.0
    assert found["row_count_drop"]["value"] == found["row_count_growth"]["value"] == 0.0


def test_a_load_of_which_more_than_a_twentieth_is_refused_is_named(
    lake: Lake, check: Check, find: Find, fill: Fill
) -> None:
    sixth = fill(silver.QUARANTINE, [lake.read(silver.QUARANTINE).row(0, named=True) | {"quarantine_id": "sixth"}])
    lake.append(silver.QUARANTINE, sixth)

    found = check(lake, silver.QUARANTINE)["share_of_load"]

    assert (found["passed"], found["severity"], found["value"]) == (False, "warn", 1.0)
    assert find(lake, found["failing_rows_sql"]) == [
        {"kind": "tickets", "load_id": "load", "source": "file.jsonl", "records": 100, "refused": 6, "percent": 6.0}
    ]


def test_the_inbox_is_watched_however_long_ago_it_began(lake: Lake, check: Check, fill: Fill, now: datetime) -> None:
    begun = now - timedelta(days=300)
    lake.append(bronze.LOADS, fill(bronze.LOADS, [{"load_id": "inbox", "kind": "tickets", "loaded_at": begun}]))
    lake.append(bronze.TICKETS, fill(bronze.TICKETS, [{"sequence": 1, "load_id": "inbox", "position": 1}]))
    refused = lake.read(silver.QUARANTINE).row(0, named=True) | {"quarantine_id": "i", "load_id": "inbox"}
    lake.append(silver.QUARANTINE, fill(silver.QUARANTINE, [refused]))

    assert not check(lake, silver.QUARANTINE)["share_of_load"]["passed"]


def test_a_ticket_that_dbt_left_out_is_named(lake: Lake, check: Check, find: Find) -> None:
    facts = GOLD["fct_tickets"]
    lake.delete(facts, pl.DataFrame({"ticket_id": ["T07"]}))

    found = check(lake, facts)["tickets_left_out"]

    assert (found["passed"], found["severity"], found["value"]) == (False, "warn", 1.0)
    assert find(lake, found["failing_rows_sql"]) == [{"ticket_id": "T07", "load_id": "load"}]


def test_facts_without_rows_are_told(lake: Lake, check: Check) -> None:
    facts = GOLD["fct_tickets"]
    lake.replace(facts, lake.read(facts).clear())

    found = check(lake, facts)["row_count"]

    assert (found["passed"], found["severity"], found["value"]) == (False, "warn", 0.0)


def test_a_gap_between_days_is_named(lake: Lake, check: Check, find: Find, now: datetime) -> None:
    backlog = GOLD["metric_backlog_by_day"]
    gone = (now - timedelta(days=2)).date()
    lake.delete(backlog, pl.DataFrame({"day": [gone]}))

    found = check(lake, backlog)["no_day_left_out"]

    assert (found["passed"], found["severity"]) == (False, "error")
    day = timedelta(days=1)
    assert find(lake, found["failing_rows_sql"]) == [{"day": gone + day, "previous_day": gone - day}]


def test_volume_that_does_not_add_up_blocks(lake: Lake, check: Check) -> None:
    volume = GOLD["metric_volume_by_day_category_channel_region"]
    lake.delete(volume, lake.read(volume).head(1).select(volume.primary_key))

    found = check(lake, volume)["volume_is_tickets"]

    assert (found["passed"], found["severity"], found["value"]) == (False, "error", -10.0)
    assert found["detail"].endswith("expected 0, found -10.")
