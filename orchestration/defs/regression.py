"""Tickets that are kept apart for good: every later model is asked the same ones."""

import dagster as dg
import polars as pl

from ml.evaluate.splits import time_split
from ml.learning.parts import freeze
from ml.targets import TARGETS
from orchestration.past import newest
from orchestration.resources import RETRIES, LakeResource, Results, expected_errors, result, spec
from warehouse.contracts import silver
from warehouse.contracts.learning import REGRESSION
from warehouse.delta import Lake


@dg.multi_asset(
    name="freeze_regression",
    specs=[spec(REGRESSION, deps=[silver.TICKETS.key])],
    retry_policy=RETRIES,
)
def freeze_regression(context: dg.AssetExecutionContext, lake: LakeResource) -> Results:
    """Half of the newest tickets as they were before the first training; what is erased leaves, nothing comes."""
    tables = lake.of(context)
    with expected_errors():
        follow(tables)
    yield result(tables, REGRESSION)


def follow(lake: Lake) -> None:
    """Freeze once; afterwards only forget tickets that silver has no more."""
    with lake.lock(REGRESSION):
        if lake.exists(REGRESSION) and lake.row_count(REGRESSION):
            version = lake.data_version(silver.TICKETS)
            if lake.progress(REGRESSION, silver.TICKETS.path) != version:
                known = lake.read(REGRESSION, columns=["ticket_id", "target"])
                held = lake.scan(silver.TICKETS).select("ticket_id").collect()
                gone = known.join(held, on="ticket_id", how="anti")
                lake.delete(REGRESSION, gone, progress={silver.TICKETS.path: version or 0})
            return
        columns = ["ticket_id", "created_at", "resolved_at", *(target.column for target in TARGETS)]
        version = lake.data_version(silver.TICKETS) or 0
        rows = newest(lake, columns)
        split = time_split(rows["created_at"])
        lake.ensure(REGRESSION)
        if split is not None:
            lake.merge(REGRESSION, _labels(freeze(rows, split), version), progress={silver.TICKETS.path: version})


def _labels(rows: pl.DataFrame, version: int) -> pl.DataFrame:
    found = [
        rows.select("ticket_id", "created_at", label=target.labels(), target=pl.lit(target.name)).drop_nulls("label")
        for target in TARGETS
    ]
    return pl.concat(found).with_columns(version=pl.lit(version, pl.Int64)).select(REGRESSION.schema.names())
