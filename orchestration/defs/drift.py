"""Drift: what comes now beside what the champions learned from, day by day."""

import base64
from collections.abc import Mapping
from datetime import date
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple

import dagster as dg
import polars as pl

from ml import plots
from ml.anomaly import drift as room
from ml.anomaly.drift import parts, picture, report
from ml.anomaly.drift.history import Asked
from ml.anomaly.drift.parts import Learned
from ml.anomaly.drift.retraining import asks_for_retraining
from ml.anomaly.drift.tables import Pair
from ml.card import fits
from orchestration.defs.embeddings import NAME as ENCODER
from orchestration.defs.embeddings import vectors_of
from orchestration.resources import RETRIES, LakeResource, Results, artifact_ins, expected_errors, result, spec
from orchestration.standing import NAMES
from warehouse.artifacts import Artifact
from warehouse.contracts import silver, ticket_features
from warehouse.contracts.anomalies import DRIFT
from warehouse.contracts.features import EMBEDDINGS
from warehouse.contracts.predictions import TICKETS
from warehouse.contracts.search import PROBLEMS
from warehouse.delta import Lake
from warehouse.table import Table

REPORT = Path("reports") / "drift"
PICTURE = "history.png"
CHECK = "asks_for_no_retraining"
FOLLOWED = {
    "input": (ticket_features.TICKETS, "created_at"),
    "embedding": (PROBLEMS, "created_at"),
    "prediction": (TICKETS, "created_at"),
    "quality": (silver.TICKETS, "resolved_at"),
}
"""By part, the table whose rows are compared, and the moment that gives the day of a row."""
_PARTS = (*NAMES.values(), ENCODER)
_READ = (*(table for table, _ in FOLLOWED.values()), EMBEDDINGS)


class Watched(NamedTuple):
    """Champions, what each was made from, and what they read texts with."""

    encoder: Artifact
    models: Mapping[str, Artifact]
    learned: Mapping[str, Learned]

    @classmethod
    def of(cls, encoder: Artifact, models: Mapping[str, Artifact | None]) -> "Watched":
        """Those that can be given vectors of this encoder."""
        fitting = {name: model for name, model in models.items() if model and fits(model.card, encoder.card["encoder"])}
        return cls(encoder, fitting, {name: Learned.of(model.card["split"]) for name, model in fitting.items()})


@dg.multi_asset(
    name="drift",
    specs=[spec(DRIFT, deps=[*(table.key for table in _READ), *(part.split("/") for part in _PARTS)])],
    ins=artifact_ins(*_PARTS),
    check_specs=[
        dg.AssetCheckSpec(CHECK, asset=DRIFT.key, description="Nothing asks for champions to be trained anew.")
    ],
    retry_policy=RETRIES,
)
def drift(context: dg.AssetExecutionContext, lake: LakeResource, **models: Artifact | None) -> Results:
    """Inputs, vectors, predictions and quality of each day's window against what champions were made from."""
    tables, encoder = lake.of(context), models.pop("encoder")
    watched = Watched.of(encoder, models) if encoder is not None else None
    reason = None
    with expected_errors():
        tables.ensure(DRIFT)
        if watched is not None and watched.models:
            if watch(tables, watched) or not (tables.root / REPORT / PICTURE).exists():
                show(tables, watched)
            reason = asked(tables, watched)
    written = result(tables, DRIFT)
    yield written._replace(metadata={**(written.metadata or {}), **_pictured(tables.root)})
    yield dg.AssetCheckResult(
        asset_key=DRIFT.key,
        check_name=CHECK,
        passed=reason is None,
        severity=dg.AssetCheckSeverity.WARN,
        description=reason or "no reason found",
    )


def watch(lake: Lake, watched: Watched) -> int:
    """Bring `anomalies/drift` up to what it compares; how many rows that took. Windows whose rows did not change since
    they were compared with the same models are not compared again.
    """
    digest = _digest(watched)
    with lake.lock(DRIFT):
        due: dict[str, set[date] | None] = {}
        progress: dict[str, int] = {}
        for part, (table, moment) in FOLLOWED.items():
            source, version = f"{table.path}@{part}@{digest}", lake.data_version(table)
            since = lake.progress(DRIFT, source)
            if version is not None and since != version:
                due[part] = None if since is None else _days(lake, table, moment, since, version)
                progress[source] = version
        if not progress:
            return 0
        newest = lake.scan(silver.TICKETS).select(pl.col("created_at").max().dt.date()).collect().item()
        found = [_compare(lake, watched, part, Asked(newest, days)) for part, days in due.items()]
        rows = pl.concat([pl.DataFrame(schema=DRIFT.schema), *found])
        lake.merge(DRIFT, rows, progress=progress)
        return rows.height


def show(lake: Lake, watched: Watched) -> None:
    """Evidently's reports of the newest window, with our thresholds, and the history as a picture."""
    rows, folder = lake.read(DRIFT), lake.root / REPORT
    for part in ("input", "prediction"):
        own = rows.filter(pl.col("part") == part)
        newest = own.filter(pl.col("day") == pl.col("day").max())
        if newest.height:
            names = newest.select(pl.when(model="*").then("name").otherwise(pl.format("{}: {}", "model", "name")))
            limits = dict(zip(names.to_series(), newest["threshold"], strict=True))
            pairs = [pair for pair in _newest(lake, watched, part, newest["day"][0]) if pair.name in limits]
            if pairs:
                report.write(pairs, limits, folder / f"{part}s.html")
    drawn = picture.figure(rows)
    folder.mkdir(parents=True, exist_ok=True)
    plots.save(drawn, folder / "history.svg")
    (folder / PICTURE).write_bytes(picture.png(drawn))


def asked(lake: Lake, watched: Watched) -> str | None:
    """Why the champions should be trained again; None where nothing asks for it."""
    return asks_for_retraining(lake.read(DRIFT), max(one.last for one in watched.learned.values()))


def _compare(lake: Lake, watched: Watched, part: str, wanted: Asked) -> pl.DataFrame:
    learned = watched.learned
    if part == "input":
        return parts.inputs(_features(lake), parts.common(learned.values()), wanted)
    if part == "embedding":
        said = lake.read(PROBLEMS, columns=["created_at", "text_hash"])
        vectors = vectors_of(lake, watched.encoder, said["text_hash"])
        return parts.embeddings(said["created_at"], vectors, parts.common(learned.values()), wanted)
    if part == "prediction":
        return parts.predictions(_told(lake, watched), learned, wanted)
    tickets = lake.read(silver.TICKETS, columns=list(parts.READ))
    return parts.quality(_told(lake, watched), tickets, learned, wanted)


def _newest(lake: Lake, watched: Watched, part: str, day: date) -> list[Pair]:
    """What the report shows: the window that ends with this day, beside what it was compared with."""
    if part == "input":
        return parts.newest_inputs(_features(lake), parts.common(watched.learned.values()), day)
    return parts.newest_predictions(_told(lake, watched), watched.learned, day)


def _features(lake: Lake) -> pl.DataFrame:
    return lake.read(ticket_features.TICKETS).drop("ticket_id")


def _told(lake: Lake, watched: Watched) -> pl.DataFrame:
    digests = [model.digest for model in watched.models.values()]
    return lake.scan(TICKETS).filter(pl.col("model").is_in(digests)).collect()


def _days(lake: Lake, table: Table, moment: str, since: int, version: int) -> set[date]:
    """Days whose rows changed, those that rows were moved from included."""
    changes = lake.changes(table, since, version, columns=[moment], before=True)
    return set(changes[moment].drop_nulls().dt.date().unique())


def _digest(watched: Watched) -> str:
    """Changes with the models, and with how drift is judged."""
    digest = blake2b(watched.encoder.digest.encode(), digest_size=8)
    for name, model in sorted(watched.models.items()):
        digest.update(f"{name}={model.digest};".encode())
    for file in sorted(Path(room.__path__[0]).glob("*.py")):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _pictured(root: Path) -> dict[str, Any]:
    """The history as a picture, and where the reports are."""
    folder = root / REPORT
    pages = {page.stem: dg.MetadataValue.path(str(page)) for page in sorted(folder.glob("*.html"))}
    drawn = folder / PICTURE
    if not drawn.exists():
        return pages
    image = base64.b64encode(drawn.read_bytes()).decode()
    return {**pages, "history": dg.MetadataValue.md(f"![distance / threshold](data:image/png;base64,{image})")}
