import json
from datetime import date

import duckdb
import polars as pl
import pytest

from warehouse import marts
from warehouse.contracts import gold
from warehouse.errors import NotMaterialized

TICKETS = gold.MARTS["fct_tickets"].table
VOLUME = gold.MARTS["metric_volume_by_day_category_channel_region"].table


def test_gold_holds_what_dbt_built(lake, build):
    marts.publish_gold(lake, build(rows=7))

    assert all(lake.row_count(table) == 7 for table in gold.TABLES)
    assert lake.read(TICKETS)["ticket_id"].sort().to_list() == [f"value's {i:04}" for i in range(7)]


def test_facts_change_row_by_row_and_what_is_gone_is_deleted(lake, build):
    marts.publish_gold(lake, build(rows=20))
    before = lake.version(TICKETS)

    database = build(rows=20)
    with duckdb.connect(str(database)) as connection:
        connection.execute("update gold.fct_tickets set status = 'changed' where ticket_id = 'value''s 0003'")
        connection.execute("delete from gold.fct_tickets where ticket_id = 'value''s 0007'")
    marts.publish_gold(lake, database)

    changes = lake.changes(TICKETS, before).sort("ticket_id")
    assert changes["ticket_id"].to_list() == ["value's 0003", "value's 0007"]
    assert changes["_change_type"].to_list() == ["update_postimage", "delete"]


def test_a_second_publication_of_the_same_commits_nothing(lake, build):
    marts.publish_gold(lake, build(), progress={"silver/tickets": 1})
    versions = [lake.version(table) for table in gold.TABLES]

    commits = marts.publish_gold(lake, build(), progress={"silver/tickets": 1})

    assert not any(commit.changed for commit in commits)
    assert [lake.version(table) for table in gold.TABLES] == versions


def test_progress_is_committed_with_every_table(lake, build):
    marts.publish_gold(lake, build(), progress={"silver/tickets": 5, "as_of": 9})

    assert {lake.progress(table, "silver/tickets") for table in gold.TABLES} == {5}
    assert {lake.progress(table, "as_of") for table in gold.TABLES} == {9}


def test_a_table_that_dbt_did_not_build_stops_publication_before_anything_is_written(lake, build):
    with pytest.raises(NotMaterialized, match="metric_backlog_by_day"):
        marts.publish_gold(lake, build(without="metric_backlog_by_day"))

    assert not any(lake.exists(table) for table in gold.TABLES)


def test_without_a_database_of_dbt_gold_is_not_materialized(lake):
    with pytest.raises(NotMaterialized, match=r"warehouse\.duckdb"):
        marts.publish_gold(lake, marts.dbt_database(lake.root))


def test_exports_hold_rows_with_iso_dates_and_their_meaning(lake, build):
    marts.publish_gold(lake, build(rows=3))

    files = {file.stem: json.loads(file.read_text()) for file in marts.publish_export(lake)}

    assert set(files) == {name for name, mart in gold.MARTS.items() if mart.exported}
    assert "fct_tickets" not in files
    assert "dim_customers" not in files
    backlog = files["metric_backlog_by_day"]
    assert backlog["rows"][0]["day"] == date(2026, 1, 1).isoformat()
    assert backlog["unit"] == "tickets"
    assert backlog["grain"] == "One row per day (UTC)."
    assert [column["name"] for column in backlog["columns"]] == list(backlog["rows"][0])
    assert files["dim_agents"]["rows"][0]["first_ticket_at"].endswith("Z")


def test_exports_of_the_same_rows_are_the_same_bytes_and_are_not_touched(lake, build):
    marts.publish_gold(lake, build())
    files = marts.publish_export(lake)
    before = [(file.read_bytes(), file.stat().st_mtime_ns) for file in files]
    (lake.root / "gold" / "export" / "metric_of_old.json").write_text("{}")

    assert marts.publish_export(lake) == files
    assert [(file.read_bytes(), file.stat().st_mtime_ns) for file in files] == before
    assert sorted((lake.root / "gold" / "export").iterdir()) == sorted(files)


def test_an_export_of_no_rows_is_valid(lake, build):
    marts.publish_gold(lake, build(rows=0))

    assert all(json.loads(file.read_text())["rows"] == [] for file in marts.publish_export(lake))


def test_metrics_are_replaced_as_a_whole(lake, build):
    marts.publish_gold(lake, build(rows=4, seed=1))
    marts.publish_gold(lake, build(rows=4, seed=2))

    assert lake.read(VOLUME).height == 4
    assert lake.read(VOLUME).select(pl.col("tickets").sum()).item() != 0
