"""Error analysis: where champions err on tickets that they did not learn from."""

from collections.abc import Callable, Mapping
from datetime import datetime
from hashlib import blake2b
from pathlib import Path

import dagster as dg

from ml import errors
from ml.card import fits
from ml.classify.champion import Champion
from ml.duration import RESOLUTION_TIME, ResolutionTime
from ml.errors.answered import Answered
from ml.text import encoder as encoders
from orchestration.defs.embeddings import NAME as ENCODER
from orchestration.past import PAST, read_past
from orchestration.resources import RETRIES, LakeResource, Results, artifact_ins, expected_errors, result, spec
from orchestration.standing import NAMES
from warehouse.artifacts import Artifact
from warehouse.contracts import silver
from warehouse.contracts.errors import CONFUSIONS, TABLES
from warehouse.delta import Lake

REPORT = Path("reports") / "errors"
_PARTS = (*NAMES.values(), ENCODER)


@dg.multi_asset(
    name="errors",
    specs=[spec(table, deps=[*(t.key for t in PAST), *(part.split("/") for part in _PARTS)]) for table in TABLES],
    ins=artifact_ins(*_PARTS),
    retry_policy=RETRIES,
)
def analyse(context: dg.AssetExecutionContext, lake: LakeResource, **models: Artifact | None) -> Results:
    """Confusions, confidence, hardest tickets and slices of each champion, with a page in `reports/errors`."""
    tables, encoder = lake.of(context), models.pop("encoder")
    known = {
        name: model for name, model in models.items() if model and encoder and fits(model.card, encoder.card["encoder"])
    }
    page = tables.root / REPORT / "README.md"
    with expected_errors():
        for table in TABLES:
            tables.ensure(table)
        version, source = tables.data_version(silver.TICKETS), source_of(known)
        if version is not None and (tables.progress(CONFUSIONS, source) != version or not page.exists()):
            answers = judge(tables, encoder, known, context.log.info) if encoder and known else []
            rows = errors.table_rows(answers)
            errors.write(answers, rows, tables.root / REPORT)
            for table in reversed(TABLES):
                tables.replace(table, rows[table], progress={source: version} if table is CONFUSIONS else None)
    for table in TABLES:
        written = result(tables, table)
        yield written._replace(metadata={**(written.metadata or {}), "report": dg.MetadataValue.path(str(page))})


def judge(
    lake: Lake, encoder: Artifact, models: Mapping[str, Artifact], tell: Callable[[str], object]
) -> list[Answered]:
    """The answers of these models, by target, for tickets since the day from which each was tested."""
    past, tickets = read_past(lake, encoder), lake.read(silver.TICKETS, columns=errors.READ)
    since = {name: datetime.fromisoformat(model.card["split"]["test_from"]) for name, model in models.items()}
    digests = {name: model.digest for name, model in models.items()}
    champions = {name: Champion.load(model.path) for name, model in models.items() if name != RESOLUTION_TIME}
    found = errors.answered(
        past, tickets, champions, digests, since, encode=encoders.load(encoder.path).encode, tell=tell
    )
    if RESOLUTION_TIME in models:
        time = ResolutionTime.load(models[RESOLUTION_TIME].path)
        found.append(errors.resolution_answered(past, tickets, time, digests[RESOLUTION_TIME], since[RESOLUTION_TIME]))
    return found


def source_of(models: Mapping[str, Artifact]) -> str:
    """Names what an analysis depends on beside the tickets: the models and the code of the analysis."""
    digest = blake2b(digest_size=8)
    for name, model in sorted(models.items()):
        digest.update(f"{name}={model.digest};".encode())
    for file in sorted(Path(errors.__path__[0]).glob("*.py")):
        digest.update(file.read_bytes())
    return f"{silver.TICKETS.path}@{digest.hexdigest()}"
