"""Bronze: files and the inbox, as received."""

from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
from pydantic import Field

from operations.drain import drain
from orchestration.resources import RETRIES, LakeResource, Results, expected_errors, result, spec
from warehouse import dropped, landing
from warehouse.contracts import bronze


class Landing(dg.Config):
    """What to take in besides what lies in `landing/`."""

    files: list[str] = Field(default_factory=list)
    mapping: str | None = None


READABLE = dg.AssetCheckSpec(
    "dropped_files_are_readable", asset=bronze.LOADS.key, description="No file dropped into landing/ had to be refused."
)


@dg.multi_asset(
    name="land", specs=[spec(table) for table in bronze.TABLES], check_specs=[READABLE], retry_policy=RETRIES
)
def land(context: dg.AssetExecutionContext, config: Landing, lake: LakeResource) -> Results:
    """Files that were named, files that were dropped into `landing/`, and the inbox, kept as they were received."""
    tables = lake.of(context)
    now = datetime.now(UTC)  # noqa: TID251 the edge where loading begins
    with expected_errors():
        for file in config.files:
            landing.land(tables, Path(file), now=now, mapping=config.mapping)
        refused = dropped.take(tables, now=now)
        drain(lake.inbox(), tables)
    for table in bronze.TABLES:
        tables.ensure(table)
        yield result(tables, table)
    yield dg.AssetCheckResult(
        passed=not refused,
        check_name=READABLE.name,
        asset_key=READABLE.asset_key,
        description="; ".join(refused) or None,
    )
