"""How classification goes, day by day, against the weeks before."""

from datetime import date, timedelta

import dagster as dg
import polars as pl

from ml.anomaly import categorisation, drawn
from ml.anomaly.windows import REACH
from ml.classify.decisions import NAME as POLICY
from ml.classify.decisions import Policy
from orchestration.daily import altered, bring, concerned, versions
from orchestration.pictures import shown
from orchestration.resources import RETRIES, LakeResource, Results, artifact_ins, expected_errors, result, spec
from warehouse.artifacts import Artifact
from warehouse.contracts import predictions, silver
from warehouse.contracts.anomalies import CATEGORISATION
from warehouse.delta import Lake

PREDICTED = ("ticket_id", "target", "model", "created_at", "label", "confidence")
_READ = (silver.TICKETS, predictions.TICKETS)


@dg.multi_asset(
    name="classification_watched",
    specs=[spec(CATEGORISATION, deps=[*(table.key for table in _READ), POLICY.split("/")])],
    ins=artifact_ins(POLICY),
    retry_policy=RETRIES,
)
def classification_watched(
    context: dg.AssetExecutionContext, lake: LakeResource, decision_policy: Artifact | None
) -> Results:
    """Confidence, abstentions, confusions and the mix of labels in seven days, of those days that changes concern."""
    tables = lake.of(context)
    with expected_errors():
        tables.ensure(CATEGORISATION)
        changed = follow(tables, decision_policy)
        picture = shown(
            tables.root,
            "categorisation",
            lambda: drawn.classification(tables.read(CATEGORISATION)),
            changed=bool(changed),
        )
    written = result(tables, CATEGORISATION, days=changed)
    yield written._replace(metadata={**(written.metadata or {}), **picture})


def follow(lake: Lake, policy: Artifact | None) -> int:
    """Bring `anomalies/categorisation` up to answers, records and the policy; how many days were looked at."""
    with lake.lock(CATEGORISATION):
        now = versions(lake, _READ)
        kind = f"{categorisation.digest()}/{policy.digest if policy is not None else ''}"
        since = {path: lake.progress(CATEGORISATION, f"{path}@{kind}") for path in now}
        tickets, said = silver.TICKETS, predictions.TICKETS
        if len(now) < len(_READ) or since == now:
            return 0
        answered = altered(lake, said, since[said.path], now[said.path], PREDICTED)
        recorded = altered(lake, tickets, since[tickets.path], now[tickets.path], categorisation.READ)
        happened = pl.concat([answered["created_at"], recorded["created_at"], recorded["resolved_at"]]).dt.date()
        first = lake.scan(said).select(pl.col("created_at").min().dt.date()).collect().item()
        newest = lake.scan(tickets).select(pl.col("created_at").max().dt.date()).collect().item()
        days = [day for day in concerned(lake, CATEGORISATION, happened, newest) if first is not None and day >= first]
        rows = categorisation.categorisation(_answers(lake, days, policy), days)
        bring(lake, CATEGORISATION, rows, days, {f"{path}@{kind}": version for path, version in now.items()})
        return len(days)


def _answers(lake: Lake, days: list[date], policy: Artifact | None) -> pl.DataFrame:
    """What rows of these days are made of: tickets that were opened or closed in the days up to them."""
    first = days[0] - timedelta(days=REACH) if days else date.max
    late = pl.any_horizontal(pl.col("created_at", "resolved_at").dt.date() > first)
    tickets = lake.scan(silver.TICKETS).filter(late).select(categorisation.READ).collect()
    said = lake.scan(predictions.TICKETS).select(PREDICTED).collect()
    thresholds = Policy.load(policy.path).thresholds if policy is not None else None
    return categorisation.answered(said, tickets, thresholds)
