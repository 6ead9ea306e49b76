"""The encoder, exported once, and the vectors of every text it has read."""

from collections.abc import Callable
from typing import Any

import dagster as dg
import polars as pl

from ml.card import library_versions
from ml.inputs import encoded
from ml.text import encoder as encoders
from ml.text import minilm_export
from ml.text.clean import digest as cleaning
from ml.text.vectors import packed, text_hash
from orchestration.resources import (
    RETRIES,
    LakeResource,
    Results,
    artifact_ins,
    artifact_result,
    expected_errors,
    result,
    spec,
)
from warehouse import artifacts
from warehouse.artifacts import Artifact
from warehouse.contracts import silver
from warehouse.contracts.features import EMBEDDINGS
from warehouse.delta import Lake
from warehouse.settings import settings

NAME = "models/encoder"
SAID = ["subject", "description"]
BATCH = 2_048
"""Texts in a commit: what a killed build has encoded so far is kept."""


@dg.asset(
    key=NAME.split("/"),
    group_name="models",
    kinds={"python", "openvino"},
    owners=["team:machine-learning"],
    retry_policy=RETRIES,
    io_manager_key="artifacts",
)
def encoder(context: dg.AssetExecutionContext, lake: LakeResource) -> dg.MaterializeResult[Artifact]:
    """Texts as vectors: the models of `ENCODER`, exported once in 8 bit, the same bytes whatever the lake holds."""
    tables, names = lake.of(context), settings().encoder.split(",")
    with expected_errors():
        recipe = minilm_export.recipe(names)
        artifact, status = _exported(tables, recipe), "up to date"
        if artifact is None:
            artifact, status = export(tables, names), "exported"
    return artifact_result(NAME, artifact, status)


@dg.multi_asset(
    name="embed",
    specs=[spec(EMBEDDINGS, deps=[silver.TICKETS.key, NAME.split("/")])],
    ins=artifact_ins(NAME),
    retry_policy=RETRIES,
)
def embeddings(context: dg.AssetExecutionContext, lake: LakeResource, encoder: Artifact) -> Results:
    """Vectors of the texts of tickets that are new or changed, and that this encoder has not read before."""
    tables = lake.of(context)
    with expected_errors():
        tables.ensure(EMBEDDINGS)
        with tables.lock(EMBEDDINGS):
            embed(tables, encoder, context.log.info)
    yield result(tables, EMBEDDINGS)


def export(lake: Lake, names: list[str]) -> Artifact:
    """Export these models into an artifact. Raises `ContractBroken` when 8 bit would change their vectors."""
    card: dict[str, Any] = {"name": NAME, "libraries": library_versions(minilm_export.LIBRARIES)}

    def write(folder: Any) -> None:
        manifest = minilm_export.export(folder, names)
        card["encoder"] = manifest.digest
        card["recipe"] = manifest.recipe
        card["blocks"] = {block.name: block.dimension for block in manifest.blocks}
        card["least_cosine_to_original"] = manifest.fidelity

    return artifacts.stage(lake.root, NAME, write, card)


def embed(lake: Lake, encoder: Artifact, tell: Callable[[str], object]) -> int:
    """Encode what the lake's tickets say and was never encoded; how many texts that were.

    Follows the change feed of `silver/tickets`, with progress of its own for each encoder and way to clean texts. When
    tickets were deleted or texts are cleaned in another way, vectors of texts that no ticket has any more go, too.
    """
    digest = encoder.card["encoder"]
    source = f"{silver.TICKETS.path}@{digest}@{cleaning()}"
    version = lake.data_version(silver.TICKETS)
    since = lake.progress(EMBEDDINGS, source)
    if version is None or since == version:
        return 0
    changes = lake.changes(silver.TICKETS, since, version, columns=SAID)
    new = _unknown(lake, digest, changes.filter(pl.col("_change_type") != "delete"))
    if new.height:
        model = encoders.load(encoder.path)
        for part in new.iter_slices(BATCH):
            rows = part.select("text_hash", encoder=pl.lit(digest), vector=packed(model.encode(part["text"].to_list())))
            lake.append(EMBEDDINGS, rows)
            tell(f"{rows.height} of {new.height} texts encoded")
    if since is None or (changes["_change_type"] == "delete").any():
        _forget(lake, version)
    lake.append(EMBEDDINGS, [], progress={source: version})
    return new.height


def _exported(lake: Lake, recipe: str) -> Artifact | None:
    """The newest encoder of this lake that was made from the same; one that is damaged is refused, not replaced."""
    for name, digest, _ in artifacts.stored(lake.root):
        if name == NAME:
            artifact = artifacts.load(lake.root, name, digest)
            if artifact.card["recipe"] == recipe:
                return artifact
    return None


def _unknown(lake: Lake, digest: str, rows: pl.DataFrame) -> pl.DataFrame:
    """Hash and text of what these rows say and this encoder has not read, each once."""
    texts = encoded(rows)
    found = pl.DataFrame({"text_hash": text_hash(texts), "text": texts}).unique("text_hash", maintain_order=True)
    known = lake.scan(EMBEDDINGS).filter(pl.col("encoder") == digest).select("text_hash").collect()
    return found.join(known, on="text_hash", how="anti", maintain_order="left")


def _forget(lake: Lake, version: int) -> None:
    """Delete vectors of texts that no ticket of this version has."""
    kept = text_hash(encoded(lake.read(silver.TICKETS, columns=SAID, version=version)))
    known = lake.scan(EMBEDDINGS).select(EMBEDDINGS.primary_key).collect()
    lake.delete(EMBEDDINGS, known.filter(~pl.col("text_hash").is_in(kept.implode())))
