"""The table that keeps what every check found."""

from datetime import datetime, timedelta
from typing import Any

import polars as pl

from warehouse import quality
from warehouse.contracts import bronze, silver
from warehouse.contracts.quality import CHECK_RESULTS
from warehouse.delta import Lake


def _verified(lake: Lake, now: datetime, run: str) -> pl.DataFrame:
    return quality.verify(lake, silver.TABLES, run_id=run, now=now, as_of=now)


def test_the_history_grows_by_a_line_for_each_check_and_run(lake: Lake, now: datetime) -> None:
    for hour, run in enumerate(("first", "second")):
        commit = quality.record(lake, _verified(lake, now + timedelta(hours=hour), run))
        assert commit.inserted == len(quality.declared(silver.TABLES))

    counted = lake.read(CHECK_RESULTS).group_by("run_id").len().sort("run_id").rows()
    assert counted == [("first", commit.inserted), ("second", commit.inserted)]


def test_a_run_that_checks_again_replaces_its_own_lines(lake: Lake, now: datetime) -> None:
    quality.record(lake, _verified(lake, now, "run"))
    lake.delete(silver.TICKETS, pl.DataFrame({"ticket_id": ["T00"]}))

    quality.record(lake, _verified(lake, now, "run"))

    history = lake.read(CHECK_RESULTS)
    assert history.height == len(quality.declared(silver.TABLES))
    assert history.filter(pl.col("check") == "row_count", pl.col("table") == "silver/tickets")["value"].item() == 19


def test_what_dbt_found_is_kept_beside_it_and_is_no_row_count(lake: Lake, now: datetime) -> None:
    quality.record(lake, _verified(lake, now, "run"))
    told: dict[str, Any] = {
        "run_id": "dbt run",
        "table": "silver/tickets",
        "check": "row_count",
        "engine": "dbt",
        "checked_at": now + timedelta(hours=1),
        "passed": True,
        "severity": "error",
        "value": 1000.0,
        "detail": "found what was expected",
        "failing_rows_sql": None,
    }

    commit = quality.record(lake, pl.DataFrame([told], schema=CHECK_RESULTS.schema))

    assert (commit.inserted, commit.updated) == (1, 0)
    again = _verified(lake, now + timedelta(hours=2), "next").filter(pl.col("check") == "row_count_drop")
    assert again["value"].to_list() == [0.0]


def test_what_was_checked_is_current_until_it_changes(lake: Lake, now: datetime) -> None:
    assert not quality.is_current(lake, silver.TABLES)

    quality.record(lake, _verified(lake, now, "run"), progress=quality.inputs(lake, silver.TABLES))
    assert quality.is_current(lake, silver.TABLES)
    assert quality.is_current(lake, [silver.EVENTS])

    lake.delete(silver.TICKETS, pl.DataFrame({"ticket_id": ["T00"]}))
    assert not quality.is_current(lake, silver.TABLES)
    assert not quality.is_current(lake, [silver.EVENTS])  # they refer to tickets
    assert quality.is_current(lake, [silver.ARTICLES])


def test_only_rows_that_change_make_a_table_worth_checking(lake: Lake, now: datetime) -> None:
    quality.record(lake, _verified(lake, now, "run"), progress=quality.inputs(lake, silver.TABLES))

    lake.append(silver.TICKETS, lake.read(silver.TICKETS).clear(), progress={"inbox": 7})
    lake.open(silver.TICKETS).optimize.compact()

    assert quality.is_current(lake, silver.TABLES)


def test_a_changed_contract_is_an_input(lake: Lake) -> None:
    versions = quality.inputs(lake, [silver.QUARANTINE])

    assert versions.keys() == {
        "contract/silver/quarantine",
        silver.QUARANTINE.path,
        bronze.LOADS.path,
        bronze.TICKETS.path,
    }
    assert 0 < versions["contract/silver/quarantine"] < 2**63


def test_what_fails_now_is_what_the_newest_run_over_each_table_found(lake: Lake, now: datetime) -> None:
    assert quality.failing(lake) == []
    faulty = lake.read(silver.EVENTS).with_columns(ticket_id=pl.lit("T99"))
    lake.replace(silver.EVENTS, faulty)
    quality.record(lake, _verified(lake, now, "first"))
    quality.record(lake, _verified(lake, now + timedelta(days=3), "second").filter(pl.col("table") == "silver/tickets"))

    assert [(row["table"], row["check"]) for row in quality.failing(lake)] == [
        ("silver/events", "ticket_id_known"),
        ("silver/tickets", "fresh_for_wall_clock"),
    ]

    lake.replace(silver.EVENTS, faulty.with_columns(ticket_id=pl.lit("T01")))
    quality.record(lake, _verified(lake, now + timedelta(hours=1), "third"))
    assert [row["check"] for row in quality.failing(lake)] == ["fresh_for_wall_clock"]


def test_what_blocks_is_told_first(lake: Lake, now: datetime) -> None:
    results = _verified(lake, now, "run").with_columns(passed=pl.lit(False))
    quality.record(lake, results)

    severities = [row["severity"] for row in quality.failing(lake)]
    assert severities == sorted(severities)
    assert set(severities) == {"error", "warn"}
