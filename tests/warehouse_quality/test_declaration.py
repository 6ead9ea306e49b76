"""What the contracts declare, known without running anything."""

import json
import re
import subprocess
import sys
from importlib.resources import files
from typing import Any

import jsonschema
import pytest
import yaml

from warehouse import quality
from warehouse.contracts import silver
from warehouse.contracts.inventory import TABLES
from warehouse.contracts.quality import CHECK_RESULTS
from warehouse.errors import ContractBroken
from warehouse.payloads import VERSIONS
from warehouse.quality.declaration import FILES, parse

DOCUMENTS = {file.stem: yaml.safe_load(file.read_text(encoding="utf-8")) for file in sorted(FILES.glob("*.yml"))}

BASE = """
dataset: lake/silver/articles
columns:
  - name: article_id
    checks:
      - missing: {qualifier: article_id_missing, name: Every article has an identifier}
"""


def test_every_file_belongs_to_a_declared_table() -> None:
    assert set(DOCUMENTS) <= {f"{table.layer}_{table.name}" for table in TABLES}
    assert {f"silver_{table.name}" for table in silver.TABLES} <= set(DOCUMENTS)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_contract_names_only_columns_of_its_table(name: str) -> None:
    table = next(table for table in TABLES if f"{table.layer}_{table.name}" == name)

    assert {column["name"] for column in DOCUMENTS[name]["columns"]} <= set(table.schema.names())


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_contract_is_one_by_soda_s_own_schema(name: str) -> None:
    schema = json.loads(files("soda_core.contracts").joinpath("soda_data_contract_json_schema_1_0_0.json").read_text())

    jsonschema.validate(_without_now_variable(DOCUMENTS[name]), schema)


def _without_now_variable(node: Any) -> Any:
    """Soda reads `now_variable` of a freshness check, and its schema does not know it."""
    if isinstance(node, dict):
        return {key: _without_now_variable(value) for key, value in node.items() if key != "now_variable"}
    return [_without_now_variable(value) for value in node] if isinstance(node, list) else node


def test_names_serve_as_names_of_asset_checks() -> None:
    declared = quality.declared(TABLES)

    assert len({(check.table, check.name) for check in declared}) == len(declared)
    assert all(re.fullmatch(r"[A-Za-z0-9_]+", check.name) for check in declared)
    assert all(check.description[0].isupper() and not check.description.endswith(".") for check in declared)


def test_what_would_make_metrics_wrong_blocks_and_freshness_does_not() -> None:
    severity = {check.name: check.severity for check in quality.declared([silver.TICKETS])}

    blocking = {name for name, level in severity.items() if level == "error"}
    assert blocking == {
        "ticket_id_missing",
        "ticket_id_duplicate",
        "created_at_missing",
        "created_at_plausible",
        "row_count_drop",
    }
    assert severity["fresh_for_business"] == severity["fresh_for_wall_clock"] == "warn"


def test_a_table_without_a_contract_declares_nothing() -> None:
    assert quality.declared([CHECK_RESULTS]) == []


def test_the_types_of_events_are_those_that_we_accept() -> None:
    (column,) = [column for column in DOCUMENTS["silver_events"]["columns"] if column["name"] == "type"]

    assert set(column["checks"][0]["invalid"]["valid_values"]) == set(VERSIONS)


def test_declaring_imports_neither_soda_nor_duckdb_nor_delta() -> None:
    code = """
import sys
from warehouse import quality
from warehouse.contracts import silver
assert quality.declared(silver.TABLES)
print([name for name in ("soda_core", "duckdb", "deltalake", "pyarrow") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            BASE.replace("name: Every", "treshold: {must_be: 1}, name: Every"),
            "missing takes no treshold, expected name",
        ),
        (BASE.replace("- missing", "- schema"), "no check of kind schema is supported"),
        (BASE.replace("silver/articles", "silver/tickets"), "expected lake/silver/articles"),
        (BASE + BASE.split("checks:\n")[1], "qualifier article_id_missing is used twice"),
    ],
)
def test_what_soda_would_pass_over_in_silence_is_refused(text: str, message: str) -> None:
    assert parse(silver.ARTICLES, BASE).checks

    with pytest.raises(ContractBroken, match=message):
        parse(silver.ARTICLES, text)


def test_a_contract_may_not_look_into_a_table_that_nobody_declared() -> None:
    contract = parse(silver.ARTICLES, BASE.replace("Every article", "Nothing of silver.nowhere"))

    with pytest.raises(ContractBroken, match="silver/nowhere is no declared table"):
        _ = contract.references
