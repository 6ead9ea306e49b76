"""How people feel about products and modules, day by day, against the weeks before."""

from datetime import date, timedelta

import dagster as dg
import polars as pl

from ml.anomaly import drawn, mood
from ml.anomaly.windows import REACH
from ml.targets import SENTIMENT
from orchestration.daily import altered, bring, concerned, versions
from orchestration.pictures import shown
from orchestration.resources import RETRIES, LakeResource, Results, expected_errors, result, spec
from warehouse.contracts import predictions, silver
from warehouse.contracts.anomalies import MOOD
from warehouse.delta import Lake

PREDICTED = ("ticket_id", "target", "model", "created_at", "label")
_READ = (silver.TICKETS, predictions.TICKETS)


@dg.multi_asset(name="moods", specs=[spec(MOOD, deps=[table.key for table in _READ])], retry_policy=RETRIES)
def moods(context: dg.AssetExecutionContext, lake: LakeResource) -> Results:
    """Shifts of sentiment by product and module in seven days, of those days that new and changed tickets concern."""
    tables = lake.of(context)
    with expected_errors():
        tables.ensure(MOOD)
        changed = follow(tables)
        picture = shown(tables.root, "mood", lambda: drawn.moods(tables.read(MOOD)), changed=bool(changed))
    written = result(tables, MOOD, days=changed)
    yield written._replace(metadata={**(written.metadata or {}), **picture})


def follow(lake: Lake) -> int:
    """Bring `anomalies/mood` up to the tickets; how many days were looked at."""
    with lake.lock(MOOD):
        now, code = versions(lake, _READ), mood.digest()
        since = {path: lake.progress(MOOD, f"{path}@{code}") for path in now}
        tickets, said = silver.TICKETS, predictions.TICKETS
        if tickets.path not in now or since == now:
            return 0
        told = altered(lake, tickets, since[tickets.path], now[tickets.path], mood.READ)
        silent = lake.scan(tickets).filter(mood.level("customer_sentiment").is_null()).select("ticket_id").collect()
        heard = altered(lake, said, since.get(said.path), now.get(said.path), PREDICTED)
        heard = heard.filter(target=SENTIMENT.name).join(silent, on="ticket_id", how="semi")
        newest = lake.scan(tickets).select(pl.col("created_at").max().dt.date()).collect().item()
        opened = pl.concat([told["created_at"], heard["created_at"]]).dt.date()
        days = concerned(lake, MOOD, opened, newest)
        rows = mood.mood(_since(lake, days), _current(lake), days)
        bring(lake, MOOD, rows, days, {f"{path}@{code}": version for path, version in now.items()})
        return len(days)


def _since(lake: Lake, days: list[date]) -> pl.DataFrame:
    """The tickets that rows of these days are made of."""
    first = days[0] - timedelta(days=REACH) if days else date.max
    return lake.scan(silver.TICKETS).filter(pl.col("created_at").dt.date() > first).select(mood.READ).collect()


def _current(lake: Lake) -> pl.DataFrame:
    """What was predicted of each ticket."""
    if not lake.exists(predictions.TICKETS):
        return pl.DataFrame(schema={name: predictions.TICKETS.schema[name] for name in PREDICTED})
    found = lake.scan(predictions.TICKETS).filter(target=SENTIMENT.name).select(PREDICTED)
    return mood.current(found.collect())
