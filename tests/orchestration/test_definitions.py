"""The asset graph: complete, described, and one with the tables that are declared."""

import dagster as dg
import pytest

from orchestration.build import outcome
from orchestration.definitions import defs
from orchestration.resources import StepLake
from warehouse.contracts import bronze, gold, silver
from warehouse.contracts.inventory import TABLES
from warehouse.errors import BuildFailed, ContractBroken

GROUPS = {
    "bronze", "silver", "audit", "features", "gold", "models", "predictions", "errors", "release", "quality", "search",
    "graph", "indexes", "anomalies", "learning",
}  # fmt: skip
GRAPH = defs.resolve_asset_graph()


def test_every_declared_table_is_an_asset():
    assert {dg.AssetKey(table.key) for table in TABLES} <= set(GRAPH.get_all_asset_keys())


def test_every_asset_has_a_group_of_its_layer_a_description_kinds_and_an_owner():
    for key in GRAPH.get_all_asset_keys():
        node = GRAPH.get(key)
        assert node.group_name in GROUPS, key
        assert node.description, key
        assert node.kinds or key.path[0] in {"staging", "intermediate", "seeds"}, key
    owned = [key for key in GRAPH.get_all_asset_keys() if key.path[0] in GROUPS]
    assert all(GRAPH.get(key).owners for key in owned)


@pytest.mark.parametrize("table", [*bronze.TABLES, *silver.TABLES], ids=lambda table: table.path)
def test_the_column_schema_of_an_asset_is_that_of_its_table(table):
    schema = GRAPH.get(dg.AssetKey(table.key)).metadata["dagster/column_schema"]
    columns = getattr(schema, "schema", schema).columns
    assert [column.name for column in columns] == table.schema.names()
    assert all(column.description for column in columns)


def test_files_flow_through_bronze_silver_gold_and_models_into_the_release():
    def upstream(*path):
        found, new = set(), {dg.AssetKey(list(path))}
        while new:
            found |= new
            new = {parent for key in new for parent in GRAPH.get(key).parent_keys} - found
        return found

    everything = upstream("release", "current")
    assert {dg.AssetKey(table.key) for table in (*bronze.TABLES, *silver.TABLES, *gold.TABLES)} <= everything
    assert {dg.AssetKey(["models", name]) for name in ("category_baseline", "encoder", "priority")} <= everything


def test_checks_of_severity_error_block_what_follows():
    checks = {check.name: check for check in GRAPH.asset_check_keys if check.asset_key.path[0] == "silver"}
    specs = {key: GRAPH.get_check_spec(key) for key in checks.values()}
    assert any(spec.blocking for spec in specs.values())
    assert any(not spec.blocking for spec in specs.values())
    assert not specs[checks["fresh_for_wall_clock"]].blocking


@pytest.mark.parametrize("job", ["build", "learn", "study"])
def test_what_a_command_runs_is_a_job(job):
    steps = set(defs.resolve_job_def(job).graph.node_dict)
    assert {"land", "refine"} <= steps
    assert ("understand" in steps, "models__hyperparameters" in steps) == (job == "learn", job == "study")
    assert ("models__answer_quality" in steps) == (job == "learn")


def test_there_are_jobs_schedules_and_a_sensor_that_run_without_being_asked():
    repository = defs.get_repository_def()
    assert {"build", "compare", "learn", "maintain", "merge"} <= set(repository.job_names)
    assert {schedule.name for schedule in repository.schedule_defs} == {
        "nightly_build",
        "weekly_learning",
        "weekly_maintenance",
        "weekly_merge",
    }
    assert all(s.default_status == dg.DefaultScheduleStatus.RUNNING for s in repository.schedule_defs)
    assert {sensor.name for sensor in repository.sensor_defs} == {"after_sensor", "dead_runs_sensor", "landing_sensor"}
    assert all(s.default_status == dg.DefaultSensorStatus.RUNNING for s in repository.sensor_defs)


def test_a_step_is_refused_a_table_that_it_does_not_declare(tmp_path):
    lake = StepLake(tmp_path, frozenset({"silver/tickets"}))
    assert not lake.exists(silver.TICKETS)
    with pytest.raises(ContractBroken, match="bronze/tickets without declaring it"):
        lake.read(bronze.TICKETS)


def test_a_failed_report_names_the_step_and_the_reason():
    from orchestration.build import BuildReport

    report = BuildReport(run_id="r", failures=["refine: the disk is full"])
    with pytest.raises(BuildFailed, match="refine: the disk is full"):
        outcome(report)
