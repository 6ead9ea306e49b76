"""Silver: typed, deduplicated facts, and what was refused."""

import dagster as dg

from orchestration.resources import RETRIES, LakeResource, Results, expected_errors, result, spec
from warehouse import refine as refinery
from warehouse.contracts import bronze, silver


@dg.multi_asset(
    name="refine",
    specs=[spec(table, deps=[source.key for source in bronze.TABLES]) for table in silver.TABLES],
    retry_policy=RETRIES,
)
def refine(context: dg.AssetExecutionContext, lake: LakeResource) -> Results:
    """What bronze gained since the last time, typed, folded by ticket, and the rest quarantined with its reason."""
    tables = lake.of(context)
    with expected_errors():
        outcomes = refinery.refine(tables)
        quarantined = sum(counts["quarantined"] for counts in outcomes.values())
    for table in silver.TABLES:
        tables.ensure(table)
        yield result(tables, table, **({"quarantined": quarantined} if table is silver.QUARANTINE else {}))
