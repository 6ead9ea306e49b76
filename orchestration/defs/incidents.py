"""Incidents for those who ask in SQL: a mirror of what the worker keeps."""

import dagster as dg

from operations.incidents import IncidentStore
from orchestration.resources import RETRIES, LakeResource, Results, expected_errors, result, spec
from service.incident_table import markdown, table_rows
from warehouse.contracts.anomalies import INCIDENTS, SIGNALS
from warehouse.delta import Lake

SOURCE = "operations/incidents"
NOBODYS = ("forming", "lapsed")
"""States that are not shown."""


@dg.multi_asset(name="incidents", specs=[spec(INCIDENTS, deps=[SIGNALS.key])], retry_policy=RETRIES)
def mirrored_incidents(context: dg.AssetExecutionContext, lake: LakeResource) -> Results:
    """Incidents that changed since the last time, as they are now; the worker alone opens and closes them."""
    tables = lake.of(context)
    with expected_errors():
        tables.ensure(INCIDENTS)
        follow(tables, lake.incidents())
    written = result(tables, INCIDENTS)
    newest = dg.MetadataValue.md(markdown(tables.read(INCIDENTS)))
    yield written._replace(metadata={**(written.metadata or {}), "newest": newest})


def follow(lake: Lake, store: IncidentStore) -> int:
    """Bring the table up to the store; how many incidents were read. A store that began anew is taken whole."""
    with lake.lock(INCIDENTS):
        until, since = store.turn().turn, lake.progress(INCIDENTS, SOURCE) or 0
        if until == since:
            return 0
        changed = [row for row in store.changed(since if until > since else 0) if row.state not in NOBODYS]
        rows = table_rows(changed, store.signals(row.incident_id for row in changed))
        write = lake.merge if until > since else lake.replace
        write(INCIDENTS, rows, progress={SOURCE: until})
        return rows.height
