"""Tickets that need a person now, flagged once they are known."""

import dagster as dg
import polars as pl

from ml.anomaly import drawn, escalation
from ml.anomaly.escalation import FEATURES, escalations, rows
from ml.anomaly.mood import current, models
from ml.classify.decisions import NAME as POLICY
from ml.classify.decisions import Policy
from ml.inputs import encoded
from ml.targets import ESCALATION
from orchestration.daily import altered, versions
from orchestration.pictures import shown
from orchestration.resources import RETRIES, LakeResource, Results, artifact_ins, expected_errors, result, spec
from warehouse.artifacts import Artifact
from warehouse.contracts import predictions, silver, ticket_features
from warehouse.contracts.anomalies import ESCALATIONS
from warehouse.delta import Lake
from warehouse.table import Table

BATCH = 4_096
"""Tickets whose words are in memory together."""
RISK = "least risk"
"""Under this the table records the threshold by which risks were judged, in millionths."""
_FOLLOWED: dict[Table, tuple[str, ...]] = {
    silver.TICKETS: (*escalation.READ, "subject", "description"),
    ticket_features.TICKETS: ("ticket_id", *FEATURES),
    predictions.TICKETS: ("ticket_id", "target", "model", "created_at", "label", "confidence"),
}


@dg.multi_asset(
    name="pressing_tickets",
    specs=[spec(ESCALATIONS, deps=[*(table.key for table in _FOLLOWED), POLICY.split("/")])],
    ins=artifact_ins(POLICY),
    retry_policy=RETRIES,
)
def pressing_tickets(
    context: dg.AssetExecutionContext, lake: LakeResource, decision_policy: Artifact | None
) -> Results:
    """Why new and changed tickets need a person now: what they say, whose they are, and their risk of escalation."""
    tables = lake.of(context)
    with expected_errors():
        tables.ensure(ESCALATIONS)
        read = follow(tables, decision_policy)
        picture = shown(
            tables.root, "escalations", lambda: drawn.pressing(tables.read(ESCALATIONS)), changed=bool(read)
        )
    written = result(tables, ESCALATIONS, tickets_read=read)
    yield written._replace(metadata={**(written.metadata or {}), **picture})


def follow(lake: Lake, policy: Artifact | None) -> int:
    """Bring `anomalies/escalations` up to the tickets; how many were read.

    With another threshold of risk those tickets are read again that it may concern.
    """
    with lake.lock(ESCALATIONS):
        now, least, code = versions(lake, list(_FOLLOWED)), _least(policy), escalation.digest()
        since = {path: lake.progress(ESCALATIONS, f"{path}@{code}") for path in now}
        was, held = lake.progress(ESCALATIONS, RISK), _millionths(least)
        if silver.TICKETS.path not in now or (since == now and was == held):
            return 0
        changed = [
            altered(lake, table, since.get(table.path), now.get(table.path), columns).select("ticket_id")
            for table, columns in _FOLLOWED.items()
        ]
        if was is not None and was != held:
            changed.append(_risky(lake, min(was, held)))
        ids = pl.concat(changed).unique("ticket_id").sort("ticket_id")
        known, found = models(_answers(lake)), [pl.DataFrame(schema=ESCALATIONS.schema)]
        found += [_flagged(lake, some, least, known) for some in ids.iter_slices(BATCH)]
        flagged = pl.concat(found)
        progress = {f"{path}@{code}": version for path, version in now.items()}
        lake.exchange(ESCALATIONS, lake.matching(ESCALATIONS, ids), flagged, progress={**progress, RISK: held})
        return ids.height


def _millionths(least: float | None) -> int:
    """The threshold as a table records it; of none, one that no probability reaches."""
    return round(1_000_000 * (2.0 if least is None else least))


def _risky(lake: Lake, least: int) -> pl.DataFrame:
    """Tickets whose predicted risk of escalation is about as high as that (millionths), or higher."""
    sure = pl.when(pl.col("label") == ESCALATION.order[-1]).then("confidence").otherwise(1 - pl.col("confidence"))
    return _answers(lake).filter(1_000_000 * sure >= least - 1).select("ticket_id").unique().collect()


def _least(policy: Artifact | None) -> float | None:
    """The risk of escalation from which on the policy acts."""
    return escalation.threshold(Policy.load(policy.path).thresholds) if policy is not None else None


def _flagged(lake: Lake, ids: pl.DataFrame, least: float | None, known: pl.DataFrame) -> pl.DataFrame:
    """Rows of those of these tickets that need a person."""
    tickets = lake.matching(silver.TICKETS, ids)
    past = _read(lake, ticket_features.TICKETS).filter(_among(ids)).collect()
    said = current(_answers(lake).filter(_among(ids)).collect(), known)
    joined = tickets.select("ticket_id").join(said, on="ticket_id", how="left", maintain_order="left")
    answers = joined.select("label", "confidence").iter_rows()
    risks = pl.Series([escalation.risk(*answer) for answer in answers], dtype=pl.Float64)
    features = tickets.select("ticket_id").join(past, on="ticket_id", how="left", maintain_order="left")
    return rows(tickets, escalations(tickets, encoded(tickets), features, risks, least))


def _answers(lake: Lake) -> pl.LazyFrame:
    """What was predicted of escalations."""
    return _read(lake, predictions.TICKETS).filter(target=ESCALATION.name)


def _among(ids: pl.DataFrame) -> pl.Expr:
    return pl.col("ticket_id").is_in(ids["ticket_id"].implode())


def _read(lake: Lake, table: Table) -> pl.LazyFrame:
    found = lake.scan(table) if lake.exists(table) else pl.LazyFrame(schema=table.schema)
    return found.select(_FOLLOWED[table])
