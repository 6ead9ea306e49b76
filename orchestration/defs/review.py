"""What people should look at first: what models doubt, and a fair sample of what they said."""

from collections.abc import Mapping
from hashlib import blake2b

import dagster as dg
import polars as pl

from ml.card import fits
from ml.classify.champion import Champion
from ml.inputs import WORDS, encoded
from ml.review.asking import COLUMNS, scores
from ml.review.queue import queue
from ml.text.encoder import Vectors
from ml.text.vectors import text_hash
from orchestration.defs.embeddings import NAME as ENCODER
from orchestration.defs.embeddings import compared_by
from orchestration.defs.predictions import BATCH, inputs_of
from orchestration.resources import RETRIES, LakeResource, Results, artifact_ins, expected_errors, result, spec
from orchestration.standing import NAMES
from warehouse.artifacts import Artifact
from warehouse.contracts import predictions, silver, ticket_features
from warehouse.contracts.features import EMBEDDINGS
from warehouse.contracts.review import QUEUE, SCORES
from warehouse.delta import Lake
from warehouse.recorded import as_text

SAMPLE = 1_000
"""Tickets that stand for the pool when density is measured."""
VOICES = 2
"""People who are asked about a member of the fair sample, so that their agreement is known."""
_PARTS = (*(NAMES[target] for target in COLUMNS), ENCODER)
_READ = (predictions.TICKETS, silver.TICKETS, ticket_features.TICKETS, EMBEDDINGS)


@dg.multi_asset(
    name="review",
    specs=[
        spec(SCORES, deps=[*(table.key for table in _READ), *(part.split("/") for part in _PARTS)]),
        spec(QUEUE, deps=[SCORES.key, silver.LABELS.key, silver.TICKETS.key, EMBEDDINGS.key, ENCODER.split("/")]),
    ],
    ins=artifact_ins(*_PARTS),
    retry_policy=RETRIES,
)
def review(context: dg.AssetExecutionContext, lake: LakeResource, **models: Artifact | None) -> Results:
    """New predictions are scored by what it would be worth to ask; the best of what nobody settled are the queue."""
    tables, encoder = lake.of(context), models.pop("encoder")
    with expected_errors():
        tables.ensure(SCORES)
        tables.ensure(QUEUE)
        if encoder is not None:
            score(tables, encoder, {name: model for name, model in models.items() if model is not None})
            refresh(tables, encoder)
    for table in (SCORES, QUEUE):
        yield result(tables, table)


def score(lake: Lake, encoder: Artifact, models: Mapping[str, Artifact]) -> int:
    """Bring the scores up to what these champions predicted of tickets that they were not chosen on; how many."""
    models = {name: model for name, model in models.items() if fits(model.card, encoder.card["encoder"])}
    digests = {name: model.digest for name, model in models.items()}
    made = blake2b(repr(sorted(digests.items())).encode(), digest_size=8).hexdigest()
    source = f"{predictions.TICKETS.path}@{made}"
    with lake.lock(SCORES):
        version, since = lake.data_version(predictions.TICKETS), lake.progress(SCORES, source)
        if version is None or since == version or not models:
            return 0
        columns = ["ticket_id", "target", "model", "part"]
        changes = lake.changes(predictions.TICKETS, since, version, columns=columns, before=True)
        if since is None:
            _forget(lake, ~pl.col("model").is_in(list(digests.values())))
        now = lake.scan(predictions.TICKETS, version=version).filter(
            pl.col("model").is_in(list(digests.values())) & (pl.col("part") != "validation")
        )
        touched = changes.select("ticket_id").unique()
        answered = now.select("ticket_id").unique().collect().join(touched, on="ticket_id", how="semi")
        gone = touched.join(answered, on="ticket_id", how="anti")
        _forget(lake, pl.col("ticket_id").is_in(gone["ticket_id"].implode()))
        champions = {name: (Champion.load(model.path), model.digest) for name, model in models.items()}
        pool = compared_by(lake, encoder, _sample(lake))
        rows = answered.sort("ticket_id")
        found = [_scored(lake, encoder, part, champions, pool) for part in rows.iter_slices(BATCH)]
        lake.merge(SCORES, pl.concat([pl.DataFrame(schema=SCORES.schema), *found]), progress={source: version})
        return rows.height


def refresh(lake: Lake, encoder: Artifact) -> None:
    """Make the queue of what is scored and nobody settled; at once where neither changed."""
    sources = (SCORES, silver.LABELS)
    versions = {table.path: lake.data_version(table) for table in sources}
    progress = {path: version for path, version in versions.items() if version is not None}
    with lake.lock(QUEUE):
        if all(lake.progress(QUEUE, path) == version for path, version in progress.items()):
            return
        open_ = lake.read(SCORES).join(settled(lake), on=["ticket_id", "field"], how="anti")
        made = queue(open_, lambda rows: compared_by(lake, encoder, rows["text_hash"]), known=known(lake))
        lake.replace(QUEUE, made, progress=progress)


def known(lake: Lake) -> dict[str, dict[str, int]]:
    """Of how many tickets each label is known, by field."""
    labels = lake.scan(silver.TICKETS).select(as_text(field).alias(field) for field in COLUMNS.values()).collect()
    return {name: dict(labels[name].drop_nulls().value_counts().iter_rows()) for name in labels.columns}


def settled(lake: Lake) -> pl.DataFrame:
    """Tickets and fields of which people said enough: two of the fair sample, one of the others."""
    if not lake.exists(silver.LABELS):
        return pl.DataFrame(schema={"ticket_id": pl.String, "field": pl.String})
    said = lake.scan(silver.LABELS).filter(pl.col("source") != "recorded")
    voices = said.group_by("ticket_id", "field").agg(
        pl.col("actor_id").n_unique().alias("voices"),
        pl.col("review_id").str.starts_with("RND-").any().fill_null(False).alias("sampled"),
    )
    enough = pl.when("sampled").then(VOICES).otherwise(1)
    return voices.filter(pl.col("voices") >= enough).select("ticket_id", "field").collect()


def _sample(lake: Lake) -> pl.Series:
    """The texts of so many of the newest tickets."""
    rows = lake.scan(silver.TICKETS).select("ticket_id", "created_at", *WORDS)
    last = rows.sort("created_at", "ticket_id", descending=True).head(SAMPLE).collect()
    return text_hash(encoded(last))


def _scored(
    lake: Lake,
    encoder: Artifact,
    ids: pl.DataFrame,
    champions: Mapping[str, tuple[Champion, str]],
    pool: Vectors,
) -> pl.DataFrame:
    rows = lake.matching(silver.TICKETS, ids).select("ticket_id", "created_at", "customer_tier", *WORDS)
    rows = rows.sort("ticket_id")
    hashes = text_hash(encoded(rows))
    tickets = rows.select("ticket_id", "created_at", "customer_tier").with_columns(hashes)
    near = (compared_by(lake, encoder, hashes), pool)
    return scores(tickets, inputs_of(lake, encoder, rows), champions, near)


def _forget(lake: Lake, which: pl.Expr) -> None:
    """Delete scores: of models that answer no more, and of tickets that are gone."""
    keys = lake.scan(SCORES).filter(which).select(SCORES.primary_key).collect()
    if keys.height:
        lake.delete(SCORES, keys)
