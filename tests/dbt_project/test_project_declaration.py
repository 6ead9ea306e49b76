"""What the project declares: contracts, grains, definitions, keys. Read from the manifest of a real build."""

import json
from typing import Any

import duckdb
import polars as pl
import pytest

from warehouse import marts
from warehouse.contracts import gold, silver
from warehouse.delta import Lake

pytestmark = pytest.mark.xdist_group("dbt")

WITHOUT_FORMULA = {"metric_resolution_time_by_day", "metric_volume_by_day_category_channel_region"}
FREE_TEXT = {"subject", "description", "error_logs", "stack_trace", "resolution", "feedback_text", "body", "payload"}


@pytest.fixture(scope="module")
def manifest(built: Lake) -> dict[str, Any]:
    return json.loads((built.root / "dbt" / "target" / "manifest.json").read_text())


@pytest.fixture(scope="module")
def models(manifest: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {node["name"]: node for node in manifest["nodes"].values() if node["resource_type"] == "model"}


def test_every_model_has_an_enforced_contract_and_describes_itself(models):
    for name, model in models.items():
        assert model["config"]["contract"]["enforced"], name
        assert model["description"].rindex("One row") > len(model["description"]) - 130, name
        assert model["description"].endswith((".", "'.")), name
        assert all(column["description"] and column["data_type"] for column in model["columns"].values()), name


def test_every_metric_has_a_definition_a_unit_and_an_owner(models):
    metrics = {name: model for name, model in models.items() if name.startswith("metric_")}

    assert len(metrics) >= 15
    for name, model in metrics.items():
        meta = model["config"]["meta"]
        assert meta["definition"], name
        assert meta["unit"], name
        assert meta["owner"], name


def test_names_say_the_layer(models):
    prefixes = {"staging": "stg_", "intermediate": "int_", "marts": ("dim_", "fct_"), "metrics": "metric_"}

    for name, model in models.items():
        assert name.startswith(prefixes[model["fqn"][1]]), name
        assert name.startswith(("stg_", "int_", "dim_", "fct_")) or "_by_" in name


def test_every_formula_has_a_unit_test(manifest, models):
    tested = {test["model"] for test in manifest["unit_tests"].values()}

    assert {name for name in models if name.startswith("metric_")} - tested <= WITHOUT_FORMULA
    assert {"stg_tickets", "stg_events", "fct_tickets", "int_promises_judged"} <= tested


def test_every_gold_table_is_exposed(manifest):
    exposed = {node for exposure in manifest["exposures"].values() for node in exposure["depends_on"]["nodes"]}

    assert exposed == {f"model.ticketlake.{table.name}" for table in gold.TABLES}


def test_assets_have_the_keys_and_groups_of_the_house(manifest):
    from dagster_dbt import DagsterDbtTranslator

    translator = DagsterDbtTranslator()
    specs = {
        node["name"]: translator.get_asset_spec(manifest, unique_id, None)
        for unique_id, node in {**manifest["nodes"], **manifest["sources"]}.items()
        if node["resource_type"] in ("model", "seed", "source")
    }

    for table in (*gold.TABLES, silver.TICKETS, silver.EVENTS, silver.ARTICLES, silver.SEARCH_EVENTS, silver.LABELS):
        assert specs[table.name].key.path == table.key
    assert specs["stg_tickets"].key.path == ["staging", "stg_tickets"]
    assert specs["sla_targets"].key.path == ["seeds", "sla_targets"]
    owned = {name: spec for name, spec in specs.items() if spec.key.path[0] != "silver"}
    assert {spec.group_name for spec in owned.values()} == {"gold"}
    assert all(spec.owners for spec in owned.values())


def test_gold_tables_are_declared_as_dbt_builds_them(built):
    with duckdb.connect(str(marts.dbt_database(built.root)), read_only=True) as connection:
        found = connection.execute(
            "select table_name, column_name, lower(data_type) from duckdb_columns() "
            "where schema_name = 'gold' order by all"
        ).fetchall()

    declared = [
        (table.name, name, next(sql for sql, known in gold.TYPES.items() if known == dtype))
        for table in gold.TABLES
        for name, dtype in table.schema.items()
    ]
    assert found == sorted(declared)


def test_gold_tables_have_a_key_and_a_grain():
    for table in gold.TABLES:
        assert table.primary_key, table.name
        assert set(table.primary_key) <= set(table.schema), table.name
        assert table.grain.startswith("One row per"), table.name


def test_sources_are_the_tables_of_silver(manifest):
    sources = {source["name"]: source for source in manifest["sources"].values()}

    for table in (silver.TICKETS, silver.EVENTS, silver.ARTICLES, silver.SEARCH_EVENTS, silver.LABELS):
        assert sources[table.name]["description"] == table.grain
        assert sources[table.name]["schema"] == table.layer


def test_no_free_text_reaches_gold():
    for table in gold.TABLES:
        assert not FREE_TEXT & set(table.schema), table.name
        assert all(dtype != pl.List(pl.String) for dtype in table.schema.values()), table.name
