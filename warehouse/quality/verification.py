"""Tables held against their contracts, with a line for each check that says what was expected and what was found."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import polars as pl

from warehouse.contracts.quality import CHECK_RESULTS
from warehouse.delta import Lake
from warehouse.errors import NotMaterialized
from warehouse.quality import soda
from warehouse.quality.declaration import Check, contracts
from warehouse.quality.history import rows_before
from warehouse.quality.rows import failing_rows_sql
from warehouse.quality.soda import Outcome
from warehouse.quality.views import views
from warehouse.table import Table

WORDS = {
    "must_be": "{}",
    "must_not_be": "anything but {}",
    "must_be_greater_than": "more than {}",
    "must_be_greater_than_or_equal": "at least {}",
    "must_be_less_than": "less than {}",
    "must_be_less_than_or_equal": "at most {}",
}


def verify(lake: Lake, tables: Sequence[Table], *, run_id: str, now: datetime, as_of: datetime) -> pl.DataFrame:
    """One row of `quality/check_results` for each check that the tables' contracts declare; nothing is recorded.

    `now` is the wall clock, `as_of` the business clock, both with a time zone. Raises `NotMaterialized` for a table
    that is not there; one that is only referred to counts as empty.
    """
    chosen = contracts(tables)
    for contract in chosen:
        if not lake.exists(contract.table):
            raise NotMaterialized(contract.table.path)
    counted = rows_before(lake, run_id=run_id)
    seen = {table.path: table for contract in chosen for table in (*contract.references, contract.table)}
    rows: list[dict[str, Any]] = []
    with views(lake, seen.values()) as connection:
        for contract in chosen:
            variables = {
                "now": now.isoformat(),
                "as_of": as_of.isoformat(),
                "rows_before": str(counted.get(contract.table.path, "null")),
            }
            outcomes = soda.run(contract, connection, variables)
            rows += [_row(check, outcomes[check.name], variables) for check in contract.checks]
    frame = pl.DataFrame(rows, schema={name: CHECK_RESULTS.schema[name] for name in _COLUMNS})
    told = frame.with_columns(
        run_id=pl.lit(run_id), engine=pl.lit("soda"), checked_at=pl.lit(now).cast(CHECK_RESULTS.schema["checked_at"])
    )
    return told.select(CHECK_RESULTS.schema.names())


_COLUMNS = ("table", "check", "passed", "severity", "value", "detail", "failing_rows_sql")


def _row(check: Check, outcome: Outcome, variables: Mapping[str, str]) -> dict[str, Any]:
    return {
        "table": check.table.path,
        "check": check.name,
        "passed": outcome.passed,
        "severity": check.severity,
        "value": outcome.value,
        "detail": _detail(check, outcome),
        "failing_rows_sql": None if outcome.passed else failing_rows_sql(check, variables),
    }


def _detail(check: Check, outcome: Outcome) -> str:
    if outcome.fault:
        return f"{check.description}: could not be evaluated: {outcome.fault}"
    if check.kind in ("metric", "row_count", "freshness"):
        found = "no value" if outcome.value is None else _number(outcome.value) + _unit(check)
        return f"{check.description}: expected {_expected(check)}, found {found}."
    of = "" if outcome.rows is None or "query" in check.body else f" of {outcome.rows:,}"
    rows = "failing rows" if check.kind != "duplicate" else "rows that repeat another"
    return f"{check.description}: expected {_expected(check)} {rows}, found {_number(outcome.value or 0)}{of}."


def _expected(check: Check) -> str:
    bounds = [WORDS[name].format(_number(value)) for name, value in check.threshold.items() if name in WORDS]
    return " and ".join(bounds or ["0"]) + _unit(check)


def _unit(check: Check) -> str:
    return f" {check.threshold['unit']}s" if "unit" in check.threshold else ""


def _number(value: float) -> str:
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.1f}"
