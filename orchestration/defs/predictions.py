"""What the champions say of tickets that they did not learn from: later ones, each once a version of the model."""

from collections.abc import Mapping
from hashlib import blake2b

import dagster as dg
import polars as pl

from ml.card import fits
from ml.classify.champion import Champion
from ml.classify.learner import Inputs
from ml.duration import RESOLUTION_TIME, ResolutionTime
from ml.inputs import WORDS, assemble, encoded
from ml.predicted import Known, predictions
from ml.text.vectors import text_hash
from orchestration.defs.embeddings import NAME as ENCODER
from orchestration.past import taught
from orchestration.resources import RETRIES, LakeResource, Results, artifact_ins, expected_errors, result, spec
from orchestration.standing import NAMES
from warehouse.artifacts import Artifact
from warehouse.contracts import silver, ticket_features
from warehouse.contracts.features import EMBEDDINGS
from warehouse.contracts.predictions import TICKETS
from warehouse.delta import Lake
from warehouse.reading import newest

FOLLOWED = ["ticket_id", "created_at", *WORDS]
BATCH = 2_048
"""Tickets that are predicted together: their vectors are in memory."""
_PARTS = (*NAMES.values(), ENCODER)
_READ = (silver.TICKETS, silver.LABELS, ticket_features.TICKETS, EMBEDDINGS)


@dg.multi_asset(
    name="predict",
    specs=[spec(TICKETS, deps=[*(table.key for table in _READ), *(part.split("/") for part in _PARTS)])],
    ins=artifact_ins(*_PARTS),
    retry_policy=RETRIES,
)
def predict(context: dg.AssetExecutionContext, lake: LakeResource, **models: Artifact | None) -> Results:
    """New and changed tickets, and with a new champion all since its validation part began."""
    tables, encoder = lake.of(context), models.pop("encoder")
    with expected_errors():
        tables.ensure(TICKETS)
        if encoder is not None:
            follow(tables, encoder, {name: model for name, model in models.items() if model is not None})
    yield result(tables, TICKETS)


def follow(lake: Lake, encoder: Artifact, models: Mapping[str, Artifact]) -> int:
    """Bring `predictions/tickets` up to `silver/tickets` for these models; how many tickets were predicted."""
    models = {name: model for name, model in models.items() if fits(model.card, encoder.card["encoder"])}
    digest = blake2b(repr(sorted((name, model.digest) for name, model in models.items())).encode(), digest_size=8)
    source = f"{silver.TICKETS.path}@{digest.hexdigest()}"
    with lake.lock(TICKETS):
        version, since = lake.data_version(silver.TICKETS), lake.progress(TICKETS, source)
        if version is None or since == version or not models:
            return 0
        known = {name: Known.of(model.digest, model.card["split"]) for name, model in models.items()}
        changes = newest(lake.changes(silver.TICKETS, since, version, columns=FOLLOWED), "ticket_id")
        _forget(lake, changes.filter(pl.col("_change_type") == "delete"))
        later = pl.col("created_at") >= min(one.since for one in known.values())
        there = (pl.col("_change_type") != "delete") & ~pl.col("ticket_id").is_in(taught(lake))
        rows = changes.filter(there & later)
        champions = {name: Champion.load(model.path) for name, model in models.items() if name != RESOLUTION_TIME}
        time = ResolutionTime.load(models[RESOLUTION_TIME].path) if RESOLUTION_TIME in models else None
        found = [
            predictions(part, inputs_of(lake, encoder, part), champions, time, known)
            for part in rows.iter_slices(BATCH)
        ]
        lake.merge(TICKETS, pl.concat([pl.DataFrame(schema=TICKETS.schema), *found]), progress={source: version})
        return rows.height


def inputs_of(lake: Lake, encoder: Artifact, rows: pl.DataFrame) -> Inputs:
    """What champions are given of these tickets (`ticket_id` and `WORDS`), as the lake has it."""
    texts = encoded(rows)
    keys = pl.DataFrame({"text_hash": text_hash(texts), "encoder": encoder.card["encoder"]})
    features = lake.matching(ticket_features.TICKETS, rows.select("ticket_id"))
    return assemble(rows, texts, features, lake.matching(EMBEDDINGS, keys), sum(encoder.card["blocks"].values()))


def _forget(lake: Lake, gone: pl.DataFrame) -> None:
    """An erased ticket leaves no prediction."""
    if gone.height:
        keys = lake.scan(TICKETS).filter(pl.col("ticket_id").is_in(gone["ticket_id"].implode()))
        lake.delete(TICKETS, keys.select(TICKETS.primary_key).collect())
