"""Gold: what dbt makes of silver, published as Delta tables, as JSON, and as one DuckDB file."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from graphlib import TopologicalSorter
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtCliRuntimeError, DbtCliResource, dbt_assets

from orchestration.dbt import PROJECT, check_rows, fingerprint, manifest
from orchestration.resources import LakeResource, Results, result
from warehouse import marts, quality
from warehouse.clock import as_of
from warehouse.contracts import gold, silver
from warehouse.delta import Lake

# Unit tests prove the formulas, whatever the data: they belong to `make test`.
BUILD = ("build", "--exclude-resource-type", "unit_test")
SOURCES = (silver.TICKETS, silver.EVENTS, silver.ARTICLES)
PUBLISHED = {tuple(table.key): table for table in gold.TABLES}


@dbt_assets(manifest=manifest(), project=PROJECT, name="dbt", pool="gold")
def dbt_models(context: dg.AssetExecutionContext, dbt: DbtCliResource, lake: LakeResource) -> Iterator[Any]:
    """Every model, seed and test of the dbt project, on silver as it was when the run began."""
    tables = lake.of(context)
    clock = _hour(as_of(lake.whole(), datetime.now(UTC)))  # noqa: TID251 the edge where the run begins
    versions = {source.path: tables.data_version(source) or 0 for source in SOURCES}
    progress = {**versions, "dbt_project": fingerprint(), "as_of": int(clock.timestamp())}
    if all(tables.progress(table, name) == at for table in gold.TABLES for name, at in progress.items()):
        context.log.info("sources, models and clock are those of the last run")
        yield from _as_they_are(context, tables)
        return
    variables = {"as_of": clock.isoformat()} | {
        f"{source.layer}_{source.name}_version": tables.version(source) for source in SOURCES
    }
    events: list[Any] = []
    target = tables.root / "dbt" / "target"
    target.mkdir(parents=True, exist_ok=True)
    invocation = dbt.cli([*BUILD, "--vars", json.dumps(variables)], context=context, target_path=target)
    try:
        events.extend(invocation.stream())
    except DagsterDbtCliRuntimeError as error:
        raise dg.Failure(f"dbt: {_reason(events) or error}", allow_retries=False) from error
    finally:
        checks = [event for event in events if isinstance(event, dg.AssetCheckResult)]
        rows = check_rows(checks, run_id=context.run_id, now=datetime.now(UTC))  # noqa: TID251
        quality.record(lake.whole(), rows)
    marts.publish_gold(tables, marts.dbt_database(tables.root), progress=progress)
    for event in events:
        yield _published(context, tables, event) if isinstance(event, dg.Output) else event


@dg.asset(
    key=["gold", "metrics"],
    deps=[table.key for table in gold.TABLES],
    group_name="gold",
    kinds={"duckdb", "json"},
    owners=["team:data-platform"],
    pool="gold",
)
def metrics(context: dg.AssetExecutionContext, lake: LakeResource) -> dg.MaterializeResult[None]:
    """Every mart and metric in one read-only DuckDB file, `metrics.duckdb`; the metrics as JSON in `gold/export/`."""
    tables = lake.of(context)
    file = marts.publish_metrics(tables)
    exported = marts.publish_export(tables)
    metadata: dict[str, Any] = {
        "file": dg.MetadataValue.path(str(file)),
        "bytes": file.stat().st_size,
        "exports": len(exported),
    }
    return dg.MaterializeResult(metadata=metadata, data_version=dg.DataVersion(file.stem))


def _hour(moment: datetime) -> datetime:
    """The end of the hour: the clock that a run is given moves once an hour, so idle builds stay idle."""
    return moment.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1, microseconds=-1)


def _as_they_are(context: dg.AssetExecutionContext, tables: Lake) -> Results:
    order = TopologicalSorter(context.assets_def.asset_deps).static_order()
    for key in filter(context.selected_asset_keys.__contains__, order):
        table = PUBLISHED.get(tuple(key.path))
        yield result(tables, table) if table else dg.MaterializeResult(asset_key=key)


def _published(context: dg.AssetExecutionContext, tables: Lake, output: dg.Output[Any]) -> dg.Output[Any]:
    """dbt's own output with what the Delta table holds."""
    table = PUBLISHED.get(tuple(context.asset_key_for_output(output.output_name).path))
    if table is None:
        return output
    written = result(tables, table)
    return dg.Output(
        output.value,
        output.output_name,
        metadata={**output.metadata, **(written.metadata or {})},
        data_version=written.data_version,
    )


def _reason(events: list[Any]) -> str:
    checks = [event for event in events if isinstance(event, dg.AssetCheckResult)]
    failed = [check for check in checks if not check.passed and check.severity == dg.AssetCheckSeverity.ERROR]
    return "; ".join(
        f"{check.asset_key.to_user_string() if check.asset_key else ''}: {check.check_name}" for check in failed
    )
