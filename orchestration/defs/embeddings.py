"""The encoder, exported once, and the vectors of every text it has read."""

from collections.abc import Callable
from typing import Any, NamedTuple

import dagster as dg
import polars as pl

from ml import inputs
from ml.card import library_versions
from ml.retrieve import articles
from ml.text import encoder as encoders
from ml.text import minilm_export
from ml.text.clean import digest as cleaning
from ml.text.encoder import Vectors
from ml.text.vectors import gathered, packed, text_hash
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
from warehouse.contracts.search import PASSAGES, SOLUTIONS
from warehouse.delta import Lake
from warehouse.settings import settings
from warehouse.table import Table

NAME = "models/encoder"
BATCH = 2_048
"""Texts in a commit: what a killed build has encoded so far is kept."""


class Source(NamedTuple):
    """A table whose texts are encoded: which columns they are made of, and how."""

    table: Table
    columns: list[str]
    encoded: Callable[[pl.DataFrame], pl.Series]


SOURCES = (
    Source(silver.TICKETS, ["subject", "description"], inputs.encoded),
    Source(PASSAGES, ["title", "path", "text"], articles.encoded),
    Source(SOLUTIONS, ["text"], lambda rows: rows["text"]),
    Source(silver.SEARCH_EVENTS, ["text"], lambda rows: rows["text"]),
)


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
    specs=[spec(EMBEDDINGS, deps=[*(source.table.key for source in SOURCES), NAME.split("/")])],
    ins=artifact_ins(NAME),
    retry_policy=RETRIES,
)
def embeddings(context: dg.AssetExecutionContext, lake: LakeResource, encoder: Artifact) -> Results:
    """Vectors of what tickets, passages, solutions and searches say and this encoder has not read before."""
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
    """Encode what tickets, passages, solutions and searches say and was never encoded; how many texts that were.

    Follows the change feed of each source, with progress of its own for each encoder and way to clean texts. When rows
    were deleted or texts are cleaned in another way, vectors of texts that no source has any more go, too.
    """
    digest = encoder.card["encoder"]
    progress, changes, due = {}, [pl.DataFrame(schema={"text_hash": pl.String, "text": pl.String})], False
    for source in SOURCES:
        name = f"{source.table.path}@{digest}@{cleaning()}"
        version = lake.data_version(source.table)
        since = lake.progress(EMBEDDINGS, name)
        if version is None or since == version:
            continue
        rows = lake.changes(source.table, since, version, columns=source.columns)
        changes.append(_texts(source, rows.filter(pl.col("_change_type") != "delete")))
        due = due or since is None or bool((rows["_change_type"] == "delete").any())
        progress[name] = version
    if not progress:
        return 0
    new = _unknown(lake, digest, pl.concat(changes).unique("text_hash", maintain_order=True))
    if new.height:
        model = encoders.load(encoder.path)
        for number, part in enumerate(new.iter_slices(BATCH)):
            rows = part.select("text_hash", encoder=pl.lit(digest), vector=packed(model.encode(part["text"].to_list())))
            lake.append(EMBEDDINGS, rows)
            tell(f"{number * BATCH + rows.height} of {new.height} texts encoded")
    if due:
        _forget(lake)
    lake.append(EMBEDDINGS, [], progress=progress)
    return new.height


def vectors_of(lake: Lake, encoder: Artifact, hashes: pl.Series) -> Vectors:
    """The vector of each text, (n, dimension), by its hash; zeros where there is none yet."""
    mine = pl.col("encoder") == encoder.card["encoder"]
    known = lake.scan(EMBEDDINGS).filter(mine & pl.col("text_hash").is_in(hashes.implode())).collect()
    return gathered(hashes, known, sum(encoder.card["blocks"].values()))


def compared_by(lake: Lake, encoder: Artifact, hashes: pl.Series) -> Vectors:
    """What texts of any language are compared by."""
    return encoders.shared(vectors_of(lake, encoder, hashes), encoders.read_manifest(encoder.path))


def _exported(lake: Lake, recipe: str) -> Artifact | None:
    """The newest encoder of this lake that was made from the same; one that is damaged is refused, not replaced."""
    for name, digest, _ in artifacts.stored(lake.root):
        if name == NAME:
            artifact = artifacts.load(lake.root, name, digest)
            if artifact.card["recipe"] == recipe:
                return artifact
    return None


def _texts(source: Source, rows: pl.DataFrame) -> pl.DataFrame:
    """Hash and text of what these rows say, row by row."""
    texts = source.encoded(rows)
    return pl.DataFrame({"text_hash": text_hash(texts), "text": texts})


def _unknown(lake: Lake, digest: str, texts: pl.DataFrame) -> pl.DataFrame:
    """Those that this encoder has not read."""
    known = lake.scan(EMBEDDINGS).filter(pl.col("encoder") == digest).select("text_hash").collect()
    return texts.join(known, on="text_hash", how="anti", maintain_order="left")


def _forget(lake: Lake) -> None:
    """Delete vectors of texts that no source has any more."""
    there = [source for source in SOURCES if lake.exists(source.table)]
    said = [_texts(source, lake.read(source.table, columns=source.columns)) for source in there]
    known = lake.scan(EMBEDDINGS).select(EMBEDDINGS.primary_key).collect()
    lake.delete(EMBEDDINGS, known.join(pl.concat(said), on="text_hash", how="anti"))
