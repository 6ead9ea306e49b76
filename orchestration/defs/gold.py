"""Gold: what dbt makes of silver, published as Delta tables, as JSON, and as one DuckDB file."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from graphlib import TopologicalSorter
from typing import Any

import dagster as dg
import polars as pl
from dagster_dbt import dbt_assets

from orchestration import dbt_run
from orchestration.dbt import fingerprint, parsed
from orchestration.resources import LakeResource, Results, result
from warehouse import marts, quality
from warehouse.clock import as_of
from warehouse.contracts import gold, silver
from warehouse.contracts.quality import CHECK_RESULTS
from warehouse.delta import Lake

SOURCES = (silver.TICKETS, silver.EVENTS, silver.ARTICLES, silver.SEARCH_EVENTS, silver.LABELS)
PUBLISHED = {tuple(table.key): table for table in gold.TABLES}
PARSED = parsed()


@dbt_assets(manifest=PARSED.manifest, name="dbt")
def dbt_models(context: dg.AssetExecutionContext, lake: LakeResource) -> Iterator[Any]:
    """Every model, seed and test of the dbt project, on silver as it was when the run began."""
    tables = lake.of(context)
    clock = _hour(as_of(lake.whole(), datetime.now(UTC)))  # noqa: TID251 the edge where the run begins
    versions = {source.path: tables.data_version(source) or 0 for source in SOURCES}
    progress = {**versions, "dbt_project": fingerprint(), "as_of": int(clock.timestamp())}
    if all(tables.progress(table, name) == at for table in gold.TABLES for name, at in progress.items()):
        context.log.info("sources, models and clock are those of the last run")
        yield from _as_they_are(context, tables)
        yield from dbt_run.checks(_history(lake.whole()), context)
        return
    with dbt_run.alone(tables.root):
        newest = {source.path: tables.version(source) for source in SOURCES}
        nodes = dbt_run.run(tables.root, PARSED, as_of=clock, versions=newest)
        rows = dbt_run.history(nodes, context, now=datetime.now(UTC))  # noqa: TID251
        quality.record(lake.whole(), rows)
        if failed := dbt_run.failures(nodes):
            yield from dbt_run.checks(rows, context)
            raise dg.Failure(f"dbt: {'; '.join(failed)}", allow_retries=False)
        marts.publish_gold(tables, marts.dbt_database(tables.root), progress=progress)
    for key, seconds in dbt_run.assets(nodes, context):
        written = _as_it_is(tables, key)
        yield written._replace(metadata={**(written.metadata or {}), "dbt_seconds": seconds})
    yield from dbt_run.checks(rows, context)


@dg.asset(
    key=["gold", "metrics"],
    deps=[table.key for table in gold.TABLES],
    group_name="gold",
    kinds={"duckdb", "json"},
    owners=["team:data-platform"],
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


def _history(lake: Lake) -> pl.DataFrame:
    """What dbt's tests found whenever they ran."""
    return lake.scan(CHECK_RESULTS).filter(pl.col("engine") == "dbt").collect()


def _as_they_are(context: dg.AssetExecutionContext, tables: Lake) -> Results:
    order = TopologicalSorter(context.assets_def.asset_deps).static_order()
    return (_as_it_is(tables, key) for key in order if key in context.selected_asset_keys)


def _as_it_is(tables: Lake, key: dg.AssetKey) -> dg.MaterializeResult[None]:
    table = PUBLISHED.get(tuple(key.path))
    return result(tables, table) if table else dg.MaterializeResult(asset_key=key)
