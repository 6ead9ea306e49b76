"""Features of tickets, and the histories of customers and products that they look up."""

from hashlib import blake2b

import dagster as dg
import polars as pl

from ml import features
from ml.features.opened import EXPRESSIONS
from ml.text import clean, entities
from orchestration.resources import RETRIES, LakeResource, Results, expected_errors, result, spec
from warehouse.contracts import silver
from warehouse.contracts.ticket_features import CUSTOMERS, OPENED, PRODUCTS, TABLES, TICKETS
from warehouse.delta import Lake
from warehouse.reading import newest
from warehouse.table import Table

FOLLOWED = list(dict.fromkeys((*features.READ, *features.NARROW)))


@dg.multi_asset(
    name="ticket_features",
    specs=[spec(table, deps=[silver.TICKETS.key]) for table in TABLES],
    retry_policy=RETRIES,
)
def ticket_features(context: dg.AssetExecutionContext, lake: LakeResource) -> Results:
    """What was known of new and changed tickets when they were opened, and of later ones whose past changed."""
    tables = lake.of(context)
    with expected_errors():
        for table in TABLES:
            tables.ensure(table)
        follow_histories(tables, CUSTOMERS, features.CUSTOMERS)
        follow_histories(tables, PRODUCTS, features.PRODUCTS)
        follow_tickets(tables)
    for table in TABLES:
        yield result(tables, table)


def follow_tickets(lake: Lake) -> int:
    """Bring `features/tickets` up to `silver/tickets`; how many tickets were computed, text and all.

    Text is read of the changed tickets alone; of the others only the fields that history is made of.
    """
    source = f"{silver.TICKETS.path}@{_definitions()}"
    with lake.lock(TICKETS):
        version, since = lake.data_version(silver.TICKETS), lake.progress(TICKETS, source)
        if version is None or since == version:
            return 0
        changes = lake.changes(silver.TICKETS, since, version, columns=FOLLOWED, before=True)
        past = lake.read(silver.TICKETS, columns=features.NARROW, version=version)
        changed = _last(changes)
        gone = changes.filter(pl.col("_change_type") == "delete").select("ticket_id").unique()
        gone = gone.join(changed, on="ticket_id", how="anti")
        rows = features.ticket_features(changed.select(features.READ), past)
        if since is not None:
            rows = pl.concat([rows, _later(lake, past, changes)])
            rows = rows.unique("ticket_id", keep="first", maintain_order=True)
        if gone.height:
            lake.delete(TICKETS, gone)
        lake.merge(TICKETS, rows, progress={source: version})
        return changed.height


def follow_histories(lake: Lake, table: Table, levels: tuple[str, ...]) -> None:
    """Bring the intervals of one kind of history up to `silver/tickets`: those of keys that changed are made anew."""
    source = f"{silver.TICKETS.path}@{_definitions()}"
    with lake.lock(table):
        version, since = lake.data_version(silver.TICKETS), lake.progress(table, source)
        if version is None or since == version:
            return
        # As they were, too: a ticket that is another customer's now has left the history of the one before.
        changes = lake.changes(silver.TICKETS, since, version, columns=features.NARROW, before=True)
        past = lake.read(silver.TICKETS, columns=features.NARROW, version=version)
        touched = {level: changes.select(key=features.KEYS[level]).drop_nulls().unique() for level in levels}
        rows = pl.concat(
            features.states(past.join(touched[level], left_on=features.KEYS[level], right_on="key", how="semi"), level)
            for level in levels
        )
        keys = pl.concat([touched[level].select("key") for level in levels])
        known = lake.scan(table).select(table.primary_key).join(keys.lazy(), on="key", how="semi").collect()
        lake.exchange(table, known, rows, progress={source: version})


def _last(changes: pl.DataFrame) -> pl.DataFrame:
    """Each changed ticket as its last change left it, without those that were deleted."""
    return newest(changes, "ticket_id").filter(pl.col("_change_type") != "delete")


def _later(lake: Lake, past: pl.DataFrame, changes: pl.DataFrame) -> pl.DataFrame:
    """Rows of tickets opened after a changed one of the same customer or product, their histories looked up again."""
    behind = pl.lit(False)
    for name in ("customer_id", "product"):
        first = changes.group_by(name).agg(pl.col("created_at").min().alias(f"{name}_first")).drop_nulls()
        past = past.join(first, on=name, how="left", maintain_order="left")
        behind = behind | (pl.col("created_at") > pl.col(f"{name}_first"))
    later = past.filter(behind.fill_null(False))
    kept = lake.read(TICKETS, columns=["ticket_id", "created_at", *(feature.name for feature in OPENED)])
    found = later.select(features.NARROW).join(kept.select("ticket_id"), on="ticket_id", how="semi")
    own = found.select("ticket_id").join(kept, on="ticket_id", how="left", maintain_order="left")
    return pl.concat([own, features.past_features(found, past)], how="horizontal")


def _definitions() -> str:
    """Changes when a feature is defined otherwise: then every ticket is computed again."""
    said = [repr(feature) for feature in features.FEATURES] + [f"{k}={v}" for k, v in EXPRESSIONS.items()]
    said += [clean.digest(), entities.digest()]
    return blake2b("\n".join(said).encode(), digest_size=8).hexdigest()
