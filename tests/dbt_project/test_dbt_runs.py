"""dbt on lakes of other kinds: with little in them, at older versions, with its own database gone."""

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from warehouse import marts
from warehouse.contracts import gold, silver
from warehouse.delta import Lake

pytestmark = pytest.mark.xdist_group("dbt")

BUILD = ("build", "--exclude-resource-type", "unit_test")
ONLY_MODELS = ("--resource-type", "seed", "--resource-type", "model")


def gold_tables(lake: Lake) -> dict[str, pl.DataFrame]:
    """Every table as dbt built it, in the order of its key."""
    with duckdb.connect(str(marts.dbt_database(lake.root)), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        return {
            table.name: connection.sql(f"from gold.{table.name}").pl().sort(table.primary_key) for table in gold.TABLES
        }


def ensure_silver(lake: Lake) -> None:
    for table in silver.TABLES:
        lake.ensure(table)


def bare_tickets(n: int) -> pl.DataFrame:
    """Tickets with an identifier, a time and a subject, and nothing else."""
    rows = pl.DataFrame(
        {
            "ticket_id": [f"T{i}" for i in range(n)],
            "created_at": [datetime(2026, 1, 1 + i % 20, tzinfo=UTC) for i in range(n)],
            "subject": "Help",
            "load_id": "load",
            "record_hash": "hash",
        },
        schema_overrides={"ticket_id": pl.String, "created_at": pl.Datetime("us", "UTC")},
    )
    missing = [pl.lit(None).alias(name) for name in silver.TICKETS.schema if name not in rows.columns]
    return rows.with_columns(missing).select(silver.TICKETS.schema.names()).cast(silver.TICKETS.schema)


@pytest.mark.parametrize("n", [0, 30])
def test_a_lake_with_hardly_anything_builds_every_model(tmp_path: Path, dbt, n: int):
    lake = Lake(tmp_path)
    lake.append(silver.TICKETS, bare_tickets(n))
    ensure_silver(lake)

    statuses = dbt(tmp_path, *BUILD)

    assert set(statuses.values()) <= {"success", "pass", "no-op"}
    built = gold_tables(lake)
    assert built["fct_tickets"].height == n
    assert built["metric_volume_by_day_category_channel_region"]["tickets"].sum() == n
    assert built["metric_satisfaction_drivers_by_level"].is_empty()
    assert set(built["fct_tickets"]["category"]) <= {"unknown"}
    hours = built["metric_resolution_time_by_segment"].filter(pl.col("dimension") == "overall")["resolution_hours_p50"]
    assert hours.to_list() == ([None] if n else [])
    assert [commit.table.name for commit in marts.publish_gold(lake, marts.dbt_database(tmp_path))] == list(gold.MARTS)


def test_a_run_reads_the_versions_that_it_was_given_the_first_one_too(tmp_path: Path, dbt):
    lake = Lake(tmp_path)
    rows = bare_tickets(5)
    lake.append(silver.TICKETS, rows.head(2))
    ensure_silver(lake)
    lake.append(silver.TICKETS, rows.tail(3))

    dbt(tmp_path, "build", *ONLY_MODELS, "--select", "+fct_tickets", versions=json.dumps({"silver/tickets": 0}))

    assert lake.version(silver.TICKETS) == 1
    with duckdb.connect(str(marts.dbt_database(tmp_path)), read_only=True) as connection:
        assert connection.execute("select count(*) from gold.fct_tickets").fetchone() == (2,)


def test_gold_comes_out_the_same_after_dbt_lost_its_database(built: Lake, tmp_path: Path, dbt, as_of: datetime):
    before = gold_tables(built)
    root = tmp_path / "lake"
    shutil.copytree(built.root, root, ignore=shutil.ignore_patterns("dbt"))
    lake = Lake(root)

    dbt(root, *BUILD, as_of=as_of.isoformat())

    after = gold_tables(lake)
    for name, rows in before.items():
        assert_frame_equal(after[name], rows, check_exact=True)


def test_a_database_from_before_a_seed_got_another_column_is_brought_up(built: Lake, tmp_path: Path, dbt):
    shutil.copytree(built.root, tmp_path, dirs_exist_ok=True)
    with duckdb.connect(str(marts.dbt_database(tmp_path))) as connection:
        columns = connection.sql("from seeds.sla_targets").columns
        connection.execute(f"alter table seeds.sla_targets drop column {columns[-1]}")

    dbt(tmp_path, "seed")

    with duckdb.connect(str(marts.dbt_database(tmp_path)), read_only=True) as connection:
        assert connection.sql("from seeds.sla_targets").columns == columns


def test_tables_are_read_after_rows_were_taken_out_of_them(built: Lake, tmp_path: Path, dbt):
    shutil.copytree(built.root, tmp_path, dirs_exist_ok=True)
    lake = Lake(tmp_path)
    for table in filter(lake.exists, silver.TABLES):
        lake.delete(table, lake.read(table, columns=table.primary_key).head(1))

    statuses = dbt(tmp_path, "run")

    assert set(statuses.values()) == {"success"}


def test_gold_published_twice_changes_once(built: Lake, tmp_path: Path):
    lake = Lake(tmp_path)
    database = marts.dbt_database(built.root)

    first = marts.publish_gold(lake, database, progress={"silver/tickets": 3})
    versions = [lake.data_version(table) for table in gold.TABLES]
    second = marts.publish_gold(lake, database, progress={"silver/tickets": 3})
    third = marts.publish_gold(lake, database, progress={"silver/tickets": 4})

    assert any(commit.changed for commit in first)
    assert not any(commit.changed for commit in (*second, *third))
    assert [lake.data_version(table) for table in gold.TABLES] == versions
    assert {lake.progress(table, "silver/tickets") for table in gold.TABLES} == {4}
    assert {commit.version for commit in second} == {0}
