"""Soda's contracts as asset checks: they watch what was written, block what would go wrong, and keep their history."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import dagster as dg

from orchestration.resources import LakeResource
from warehouse import quality
from warehouse.clock import as_of
from warehouse.contracts import gold, silver
from warehouse.contracts.quality import CHECK_RESULTS
from warehouse.delta import Lake
from warehouse.table import Table


def checks_of(name: str, tables: Sequence[Table]) -> dg.AssetChecksDefinition:
    """One step that runs the contracts of these tables; a failing check of severity error blocks what follows."""
    paths = {table.path: table for table in tables}
    specs = [
        dg.AssetCheckSpec(
            check.name, asset=paths[check.table].key, description=check.description, blocking=check.severity == "error"
        )
        for check in quality.declared(tables)
    ]

    @dg.multi_asset_check(name=name, specs=specs, can_subset=True)
    def run(context: dg.AssetCheckExecutionContext, lake: LakeResource) -> Iterator[dg.AssetCheckResult]:
        whole, now = lake.whole(), datetime.now(UTC)  # noqa: TID251 the edge where checking begins
        results = quality.latest(whole, tables, now=now)
        if results is None:
            inputs = quality.inputs(whole, tables)
            results = quality.verify(whole, tables, run_id=context.run.run_id, now=now, as_of=as_of(whole, now))
            quality.record(whole, results, progress=inputs)
            context.op_execution_context.log_event(_history(whole))
        for row in filter(lambda row: _key(row) in context.selected_asset_check_keys, results.iter_rows(named=True)):
            yield dg.AssetCheckResult(
                asset_key=paths[row["table"]].key,
                check_name=row["check"],
                passed=row["passed"],
                severity=dg.AssetCheckSeverity(row["severity"].upper()),
                description=row["detail"],
                metadata={name: row[name] for name in ("value", "failing_rows_sql") if row[name] is not None},
            )

    return run


def _key(row: dict[str, Any]) -> dg.AssetCheckKey:
    return dg.AssetCheckKey(dg.AssetKey(row["table"].split("/")), row["check"])


def _history(lake: Lake) -> dg.AssetMaterialization:
    """The history of all checks, longer by this run."""
    return dg.AssetMaterialization(CHECK_RESULTS.key, metadata={"dagster/row_count": lake.row_count(CHECK_RESULTS)})


silver_checks = checks_of("check_silver", silver.TABLES)
gold_checks = checks_of("check_gold", gold.TABLES)
