"""What solved past tickets: agents' notes folded into canonical solutions, followed as notes arrive."""

from collections.abc import Callable, Sequence
from functools import cache

import dagster as dg
import polars as pl

from ml.retrieve import attempts, canonical, notes
from ml.retrieve.attempts import Remedies
from ml.retrieve.canonical import Encode, spelled
from ml.text import encoder as encoders
from ml.text.entities import Catalogue
from ml.text.vectors import packed, unit, unpacked
from orchestration.defs.embeddings import NAME as ENCODER
from orchestration.resources import RETRIES, LakeResource, Results, artifact_ins, expected_errors, result, spec
from warehouse.artifacts import Artifact
from warehouse.contracts import silver
from warehouse.contracts.search import ATTEMPTS, SAYINGS, SOLUTIONS
from warehouse.delta import Lake
from warehouse.reading import newest

TABLES = (SAYINGS, ATTEMPTS, SOLUTIONS)
GROWTH = 0.1
"""Notes are learned from again when there are so many more."""
FOLLOWED = [*notes.COLUMNS, "resolution_helpful", "resolved_at", "updated_at", "created_at"]
KNOWN = ("pattern", "kind", "solution_id")


@dg.multi_asset(
    name="canonical_solutions",
    specs=[spec(table, deps=[silver.TICKETS.key, ENCODER.split("/")]) for table in TABLES],
    ins=artifact_ins(ENCODER),
    retry_policy=RETRIES,
)
def canonical_solutions(context: dg.AssetExecutionContext, lake: LakeResource, encoder: Artifact) -> Results:
    """What agents tried, from the notes of new and changed tickets, and how each remedy fared."""
    tables = lake.of(context)
    with expected_errors():
        for table in TABLES:
            tables.ensure(table)
        fold(tables, encoder, context.log.info)
    for table in TABLES:
        yield result(tables, table)


def fold(lake: Lake, encoder: Artifact, tell: Callable[[str], object]) -> int:
    """Bring sayings, attempts and solutions up to `silver/tickets`; how many notes were read."""
    made = f"{attempts.digest()}@{encoder.card['encoder']}"
    dimension = sum(encoder.card["blocks"].values())
    model = cache(lambda: encoders.load(encoder.path))

    def encode(texts: Sequence[str]) -> encoders.Vectors:
        return unit(model().encode(texts))

    with lake.lock(*TABLES):
        learned = learn(lake, made, encode, tell)
        read = follow_attempts(lake, f"{made}@{learned}", dimension, encode)
        follow_solutions(lake, made)
    return read


def learn(lake: Lake, made: str, encode: Encode, tell: Callable[[str], object]) -> int:
    """Learn what notes say where there are many more of them than the last time; by how many it was learned."""
    count = int(lake.scan(silver.TICKETS).select(pl.col("resolution").count()).collect().item()) if _there(lake) else 0
    source = f"notes@{made}"
    learned = lake.progress(SAYINGS, source)
    if not count or (learned is not None and count <= learned * (1 + GROWTH)):
        return learned or 0
    columns = list(dict.fromkeys([*notes.COLUMNS, *canonical.LABELS]))
    rows = lake.scan(silver.TICKETS).select(columns).filter(pl.col("resolution").is_not_null()).collect()
    said = notes.spoken(rows, _catalogue(lake))
    slots = notes.slots(said["pattern"])
    before = lake.read(SAYINGS).filter(pl.col("kind").is_in(["remedy", "other"]))
    known = before.with_columns(pattern=notes.slotted(before["pattern"], slots)).unique("pattern", maintain_order=True)
    found = canonical.learn(notes.with_slots(said, slots), rows.select(canonical.LABELS), known, encode)
    table = pl.concat([_sayings(found, encode), _slots(slots)]).unique("pattern", keep="first", maintain_order=True)
    lake.exchange(SAYINGS, lake.read(SAYINGS, columns=["pattern"]), table, progress={source: count})
    tell(
        f"{count} notes: {found['solution_id'].drop_nulls().n_unique()} solutions in {found.height} kinds of sentences"
    )
    return count


def follow_attempts(lake: Lake, made: str, dimension: int, encode: Encode) -> int:
    """Bring `search/attempts` up to `silver/tickets`; how many notes were read."""
    source = f"{silver.TICKETS.path}@{made}"
    version, since = lake.data_version(silver.TICKETS), lake.progress(ATTEMPTS, source)
    if version is None or since == version:
        return 0
    changes = newest(lake.changes(silver.TICKETS, since, version, columns=FOLLOWED), "ticket_id")
    rows = changes.filter(pl.col("_change_type") != "delete", pl.col("resolution").is_not_null()).sort("ticket_id")
    known = lake.read(SAYINGS)
    slots = notes.of_slots(known["pattern"])
    said = notes.with_slots(notes.spoken(rows, _catalogue(lake)), slots)
    named = known.filter(pl.col("kind") == "remedy")
    remedies = Remedies(
        named["pattern"].to_list(), named["solution_id"].to_list(), unpacked(named["vector"], dimension)
    )
    helped = rows.select("ticket_id", "resolution_helpful")
    found, new = attempts.read(said, helped, known.filter(pl.col("kind") != "slot").select(KNOWN), remedies, encode)
    at = rows.select("ticket_id", at=pl.coalesce("resolved_at", "updated_at", "created_at"))
    tried = found.join(at, on="ticket_id").select(ATTEMPTS.schema.names())
    new = new.join(known, on="pattern", how="anti")
    if new.height:
        lake.merge(SAYINGS, _with_vectors(new, encode))
    before = lake.scan(ATTEMPTS).select(ATTEMPTS.primary_key)
    if since is not None:
        before = before.filter(pl.col("ticket_id").is_in(changes["ticket_id"].implode()))
    lake.exchange(ATTEMPTS, before.collect(), tried, progress={source: version})
    return rows.height


def follow_solutions(lake: Lake, made: str) -> None:
    """Count anew the solutions whose attempts changed; those that no ticket has any more go, and their sayings."""
    source = f"{ATTEMPTS.path}@{made}"
    version, since = lake.data_version(ATTEMPTS), lake.progress(SOLUTIONS, source)
    if version is None or since == version:
        return
    changes = lake.changes(ATTEMPTS, since, version, columns=["solution_id"], before=True)
    before = lake.scan(SOLUTIONS).select("solution_id")
    tried = lake.scan(ATTEMPTS)
    if since is not None:
        touched = pl.col("solution_id").is_in(changes["solution_id"].unique().implode())
        before, tried = before.filter(touched), tried.filter(touched)
    rows = tried.collect()
    patterns = notes.masked(rows["saying"], _catalogue(lake)).rename({"sentence": "saying"})
    labels = lake.scan(silver.TICKETS).select("ticket_id", "resolution_code", "resolution_template_used")
    known = labels.join(rows.lazy().select("ticket_id"), on="ticket_id", how="semi").collect()
    found = attempts.solutions(rows.join(patterns, on="saying"), known).select(SOLUTIONS.schema.names())
    counted = before.collect()
    _forget(lake, pl.concat([counted, found.select("solution_id")]), patterns["pattern"])
    lake.exchange(SOLUTIONS, counted, found, progress={source: version})


def _forget(lake: Lake, touched: pl.DataFrame, said: pl.Series) -> None:
    """Delete sayings of these solutions that no attempt holds any more."""
    known = lake.scan(SAYINGS).select(KNOWN).filter(pl.col("kind").is_in(["remedy", "failed"])).collect()
    held = known.join(touched, on="solution_id", how="semi")
    gone = held.filter(~pl.col("pattern").is_in(sorted(notes.spelled_out(said))))
    if gone.height:
        lake.delete(SAYINGS, gone.select(SAYINGS.primary_key))


def _there(lake: Lake) -> bool:
    return lake.exists(silver.TICKETS)


def _catalogue(lake: Lake) -> Catalogue:
    names = lake.scan(silver.TICKETS)
    products, modules = (names.select(pl.col(name).unique()).collect()[name] for name in ("product", "product_module"))
    return Catalogue.of(products, modules)


def _sayings(found: pl.DataFrame, encode: Encode) -> pl.DataFrame:
    kind = pl.when(pl.col("solution_id").is_null()).then(pl.lit("other")).otherwise(pl.lit("remedy"))
    return _with_vectors(found.with_columns(kind=kind), encode)


def _slots(patterns: list[str]) -> pl.DataFrame:
    named = pl.DataFrame({"pattern": patterns}, schema={"pattern": pl.String})
    rows = named.with_columns(
        kind=pl.lit("slot"),
        solution_id=pl.lit(None, pl.String),
        tickets=pl.lit(0, pl.Int64),
        vector=pl.lit(None, pl.Binary),
    )
    return rows.select(SAYINGS.schema.names())


def _with_vectors(rows: pl.DataFrame, encode: Encode) -> pl.DataFrame:
    named = rows.filter(pl.col("kind") == "remedy")["pattern"].to_list()
    vectors = packed(encode(spelled(named))) if named else pl.Series("vector", [], dtype=pl.Binary)
    table = pl.DataFrame({"pattern": pl.Series(named, dtype=pl.String), "vector": vectors})
    return rows.join(table, on="pattern", how="left").select(SAYINGS.schema.names())
