"""New issue types: sentences that nobody said before, and the groups of them that grow."""

from collections.abc import Callable, Mapping
from datetime import datetime

import dagster as dg
import numpy as np
import polars as pl

from ml.anomaly import candidates, novel, usual
from ml.anomaly.candidates import Past
from ml.anomaly.drawn_topics import drawn_issues
from ml.anomaly.known import MOST_MEMBERS, Issues
from ml.anomaly.sentences import sentences
from ml.anomaly.usual import RECENT, Usual, kept
from ml.text import encoder as encoders
from ml.text.encoder import Joined, Vectors
from ml.text.vectors import packed, unit, unpacked
from orchestration.defs.embeddings import NAME as ENCODER
from orchestration.defs.embeddings import compared_by
from orchestration.pictures import shown
from orchestration.resources import RETRIES, LakeResource, Results, artifact_ins, expected_errors, result, spec
from warehouse.artifacts import Artifact
from warehouse.contracts.anomalies import NEW_ISSUES, SENTENCES, STRANGE_SENTENCES
from warehouse.contracts.features import EMBEDDINGS
from warehouse.contracts.graph import ISSUE_MEMBERS
from warehouse.contracts.search import PROBLEMS
from warehouse.delta import Lake
from warehouse.reading import newest

BATCH = 2_048
"""Sentences in a commit: what a killed build has encoded so far is kept."""
FOLLOWED = ["ticket_id", "created_at", "title", "body", "customer_id", "product", "product_version"]
_MADE = (SENTENCES, STRANGE_SENTENCES, NEW_ISSUES)
_READ = (PROBLEMS, EMBEDDINGS, ISSUE_MEMBERS)


@dg.multi_asset(
    name="new_issues",
    specs=[spec(table, deps=[*(source.key for source in _READ), ENCODER.split("/")]) for table in _MADE],
    ins=artifact_ins(ENCODER),
    retry_policy=RETRIES,
)
def new_issues(context: dg.AssetExecutionContext, lake: LakeResource, encoder: Artifact) -> Results:
    """What several customers say that nobody said before: sentences of new tickets, each encoded once."""
    tables = lake.of(context)
    with expected_errors():
        for table in _MADE:
            tables.ensure(table)
        read = follow(tables, encoder, context.log.info)
        picture = shown(tables.root, "new_issues", lambda: drawn_issues(tables.read(NEW_ISSUES)), changed=bool(read))
    for table in _MADE[:-1]:
        yield result(tables, table)
    written = result(tables, NEW_ISSUES, tickets_read=read)
    yield written._replace(metadata={**(written.metadata or {}), **picture})


def follow(lake: Lake, encoder: Artifact, tell: Callable[[str], object]) -> int:
    """Bring the three tables up to `search/problems`; how many tickets were read."""
    source = f"{PROBLEMS.path}@{encoder.card['encoder']}"
    with lake.lock(*_MADE):
        version, since = lake.data_version(PROBLEMS), lake.progress(NEW_ISSUES, source)
        if version is None or since == version:
            return 0
        changes = newest(lake.changes(PROBLEMS, since, version, columns=FOLLOWED), "ticket_id")
        there = changes.filter(pl.col("_change_type") != "delete").sort("created_at", "ticket_id")
        said = _said(there)
        _encode(lake, encoder, said, tell)
        _mark(lake, encoder, changes.select("ticket_id"), said)
        if there.height < changes.height:
            _forget(lake)
        _candidates(lake, encoder, {source: version})
        return changes.height


def _said(problems: pl.DataFrame) -> pl.DataFrame:
    """Sentences of these problems, each once a ticket, in the order of opening."""
    texts = problems.select(pl.concat_str("title", pl.lit("\n"), "body")).to_series()
    version = pl.concat_str("product", "product_version", separator=" ")
    tickets = problems.select("ticket_id", "created_at", "customer_id", version=version).with_row_index("text")
    return sentences(texts).join(tickets.cast({"text": pl.Int64}), on="text", maintain_order="left").drop("text")


def _encode(lake: Lake, encoder: Artifact, said: pl.DataFrame, tell: Callable[[str], object]) -> None:
    """Vectors and verdicts of sentences that were never said before, day by day."""
    known = _sentences(lake, encoder)
    first = said.group_by("text_hash").agg(pl.col("sentence").first(), first_at=pl.col("created_at").min())
    new = first.join(known, on="text_hash", how="anti").sort("first_at", "text_hash")
    if new.is_empty():
        return
    model, judge, done = encoders.load(encoder.path), _usual(encoder, known), 0
    for part in _days(new):
        vectors = _read(model, part["sentence"])
        judged = judge.judge(part.select("text_hash", "first_at"), vectors).with_columns(vector=packed(vectors))
        rows = judged.with_columns(pl.when(kept()).then("vector"), encoder=pl.lit(encoder.card["encoder"]))
        lake.append(SENTENCES, rows.select(SENTENCES.schema.names()))
        done += part.height
        tell(f"{done} of {new.height} sentences encoded")


def _days(new: pl.DataFrame) -> list[pl.DataFrame]:
    """Whole days, together until they are a batch."""
    sizes = new.group_by(day=pl.col("first_at").dt.truncate("1d"), maintain_order=True).len()
    batch = (sizes["len"].cum_sum() - sizes["len"]) // BATCH
    placed = new.with_columns(day=pl.col("first_at").dt.truncate("1d")).join(
        sizes.select("day", batch=batch), on="day", maintain_order="left"
    )
    return [part.drop("day", "batch") for part in placed.partition_by("batch", maintain_order=True)]


def _read(model: Joined, texts: pl.Series) -> Vectors:
    return unit(model.shared(model.encode(texts.to_list())))


def _mark(lake: Lake, encoder: Artifact, tickets: pl.DataFrame, said: pl.DataFrame) -> None:
    """Which sentences of changed tickets are strange: as long as they are new."""
    known = _sentences(lake, encoder).filter("strange").select("text_hash", "first_at")
    mine = said.join(known, on="text_hash", maintain_order="left")
    rows = mine.filter(pl.col("created_at") <= pl.col("first_at") + RECENT).select(STRANGE_SENTENCES.schema.names())
    before = lake.scan(STRANGE_SENTENCES).filter(pl.col("ticket_id").is_in(tickets["ticket_id"].implode())).collect()
    lake.exchange(STRANGE_SENTENCES, before, rows)


def _forget(lake: Lake) -> None:
    """Delete sentences that no ticket says any more."""
    known = lake.read(SENTENCES, columns=["text_hash", "encoder"])
    lake.delete(SENTENCES, known.join(_said(lake.read(PROBLEMS, columns=FOLLOWED)), on="text_hash", how="anti"))


def _candidates(lake: Lake, encoder: Artifact, progress: Mapping[str, int]) -> None:
    strange = lake.read(STRANGE_SENTENCES).sort("created_at", "ticket_id", "text_hash")
    known = _sentences(lake, encoder)
    strange = strange.join(known.select("text_hash"), on="text_hash", how="semi", maintain_order="left")
    own = strange.select("text_hash").join(known, on="text_hash", how="left", maintain_order="left")["vector"]
    vectors = unpacked(own, _dimension(encoder))
    opened = lake.read(PROBLEMS, columns=["created_at"])["created_at"].sort()
    found = novel.groups(strange, vectors, opened, _usual(encoder, known)) if strange.height else []
    now = opened.max()
    rows = pl.DataFrame(schema=NEW_ISSUES.schema)
    if found and isinstance(now, datetime):
        rows = candidates.rows(found, strange, vectors, Past(_tickets(lake, encoder), _issues(lake, encoder), now))
    lake.exchange(NEW_ISSUES, lake.read(NEW_ISSUES, columns=["candidate_id"]), rows, progress=progress)


def _sentences(lake: Lake, encoder: Artifact) -> pl.DataFrame:
    """What is known of sentences, in the order in which they were judged."""
    mine = lake.scan(SENTENCES).filter(pl.col("encoder") == encoder.card["encoder"]).drop("encoder")
    return mine.collect().sort("first_at", "text_hash")


def _usual(encoder: Artifact, known: pl.DataFrame) -> Usual:
    own = known.filter(kept())["vector"]
    return Usual(known.select(list(usual.SCHEMA)), unpacked(own, _dimension(encoder)))


def _dimension(encoder: Artifact) -> int:
    """Numbers of what texts are compared by."""
    whole = np.zeros((0, sum(encoder.card["blocks"].values())), dtype=np.float32)
    return int(encoders.shared(whole, encoders.read_manifest(encoder.path)).shape[1])


def _tickets(lake: Lake, encoder: Artifact) -> Callable[[pl.Series], Vectors]:
    """The vectors of tickets."""

    def vectors(tickets: pl.Series) -> Vectors:
        rows = lake.matching(PROBLEMS, tickets.alias("ticket_id").to_frame())
        return unit(compared_by(lake, encoder, rows["text_hash"]))

    return vectors


def _issues(lake: Lake, encoder: Artifact) -> Issues:
    """The first tickets of every issue, which stand for it."""
    if not lake.exists(ISSUE_MEMBERS):
        return Issues.none(1)
    members = lake.read(ISSUE_MEMBERS).sort("issue_id", "since", "ticket_id")
    members = members.filter(pl.int_range(pl.len()).over("issue_id") < MOST_MEMBERS)
    texts = lake.read(PROBLEMS, columns=["ticket_id", "text_hash"])
    rows = members.join(texts, on="ticket_id", maintain_order="left")
    return Issues(rows.select("issue_id", "since"), unit(compared_by(lake, encoder, rows["text_hash"])))
