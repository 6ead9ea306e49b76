"""The learnability audit: before anything is trained."""

from hashlib import blake2b
from pathlib import Path

import dagster as dg

from ml import audit
from orchestration.resources import RETRIES, LakeResource, Results, expected_errors, result, spec
from warehouse.contracts import silver
from warehouse.contracts.audit import COLUMNS as COLUMN_SCORES
from warehouse.contracts.audit import TABLES, TARGETS
from warehouse.delta import Lake

REPORT = Path("reports") / "learnability"


class Auditing(dg.Config):
    """How the audit draws, and when it is due again."""

    seed: int = 7
    sample: int = audit.SAMPLE
    growth: float = 0.1
    """Audit again when closed tickets grew by this share since the last time."""


@dg.multi_asset(
    name="learnability",
    specs=[spec(table, deps=[silver.TICKETS.key]) for table in TABLES],
    retry_policy=RETRIES,
)
def learnability(context: dg.AssetExecutionContext, config: Auditing, lake: LakeResource) -> Results:
    """For each target whether anything can be learned from what is known at opening, and which columns leak."""
    tables = lake.of(context)
    with expected_errors():
        for table in TABLES:
            tables.ensure(table)
        page = tables.root / REPORT / "README.md"
        if due(tables, config) or not page.exists():
            run(tables, config)
    for table in TABLES:
        written = result(tables, table)
        yield written._replace(metadata={**(written.metadata or {}), "report": dg.MetadataValue.path(str(page))})


def due(lake: Lake, config: Auditing) -> bool:
    """Whether the audit's code or settings changed, or tickets grew enough."""
    version, since = lake.data_version(silver.TICKETS), lake.progress(TARGETS, _source(config))
    if version is None or since == version:
        return False
    if since is None:
        return True
    closed = lake.scan(silver.TICKETS).select("resolved_at").count().collect().item()
    known = lake.scan(TARGETS).select("sampled_from").max().collect().item() or 0
    return bool(closed > known * (1 + config.growth))


def run(lake: Lake, config: Auditing) -> None:
    """Audit the tickets as they are now; tables first, then the page."""
    version = lake.data_version(silver.TICKETS)
    if version is None:
        return
    columns = [field.name for field in silver.TICKET_FIELDS]
    found = audit.audit(lake.read(silver.TICKETS, columns=columns), seed=config.seed, sample=config.sample)
    lake.replace(COLUMN_SCORES, audit.column_rows(found))
    lake.replace(TARGETS, audit.target_rows(found), progress={_source(config): version})
    audit.write(found, lake.root / REPORT)


def _source(config: Auditing) -> str:
    """Names the tickets, the code of the audit and its settings: what a result depends on."""
    digest = blake2b(f"{config.seed}/{config.sample}".encode(), digest_size=8)
    for file in sorted(Path(audit.__path__[0]).glob("*.py")):
        digest.update(file.read_bytes())
    return f"{silver.TICKETS.path}@{digest.hexdigest()}"
