"""A lake made larger without a build of hours: its tickets again and again, each time said a little otherwise.

A new ticket takes its fields and its attempts from one ticket, a third of its words from another of the same
subcategory and language, and its vectors from between the two, with noise. Its edges in the graph, and its issue, are
those of the first. Nothing of how well anything is found can be told from such a lake, only how quickly.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ml.graph.index import NAME as GRAPH
from ml.retrieve.searcher import SOLUTIONS, TICKETS
from ml.text.encoder import Vectors, read_manifest
from ml.text.vectors import gathered, packed, text_hash
from orchestration.defs import graph as graphs
from orchestration.defs.indexes import INDEXED, KNOWN, brought_up, knowledge
from warehouse import artifacts, releases
from warehouse.artifacts import Artifact
from warehouse.contracts import graph, search
from warehouse.contracts.features import EMBEDDINGS
from warehouse.delta import Lake

ENCODER = "models/encoder"
GROWN = (search.PROBLEMS, search.ATTEMPTS, EMBEDDINGS, graph.NODES, graph.EDGES, graph.ISSUE_MEMBERS)
SLICE = 10_000
TAKEN, BETWEEN, NOISE = 0.33, 0.35, 0.25
"""Share of words of the other ticket, share of its vectors, and length of the noise beside blocks of unit length."""
Ints = NDArray[np.int64]


def larger(root: Path, tickets: int) -> dict[str, float]:
    """Give the lake at `root` so many tickets and a release with indexes of all of them; seconds of each index."""
    lake, release = Lake(root), releases.open_release(root)
    encoder = release.artifact(ENCODER)
    enlarge(lake, encoder, tickets - lake.row_count(search.PROBLEMS))
    kept = {name: part for name, part in release.artifacts.items() if name not in (TICKETS, SOLUTIONS, GRAPH)}
    publish(lake, kept)
    began = perf_counter()
    kept[TICKETS], _, _ = brought_up(lake, INDEXED[0], encoder)
    indexed = perf_counter()
    known = knowledge(lake)
    inputs = {table.path: lake.data_version(table) for table in KNOWN}
    kept[SOLUTIONS] = artifacts.stage(root, SOLUTIONS, known.save, {"inputs": inputs})
    known_at = perf_counter()
    made, _ = graphs.publish(lake)
    took = {TICKETS: indexed - began, SOLUTIONS: known_at - indexed, GRAPH: perf_counter() - known_at}
    publish(lake, kept if made is None else {**kept, GRAPH: made})
    return took


def publish(lake: Lake, parts: Mapping[str, Artifact]) -> None:
    """Make these parts, and the tables as they are, the current release."""
    held = releases.current(lake.root)
    if held is None:
        raise SystemExit(f"{lake.root} has no release: run `ticketlake build`")
    tables = {**held.tables, **{table.path: lake.data_version(table) or 0 for table in GROWN}}
    now = datetime.now(UTC)  # noqa: TID251 when it was published
    releases.publish(lake, parts.values(), tables, held.inbox_seq, expected=held.id, now=now)


def enlarge(lake: Lake, encoder: Artifact, more: int, seed: int = 7) -> pl.DataFrame:
    """Append so many tickets to problems, attempts, embeddings and the graph; those problems."""
    rng = np.random.default_rng(seed)
    known = lake.read(search.PROBLEMS).filter(~pl.col("ticket_id").str.starts_with("B-")).sort("ticket_id")
    vectors = gathered(known["text_hash"], lake.read(EMBEDDINGS), sum(encoder.card["blocks"].values()))
    ends = np.cumsum([block.dimension for block in read_manifest(encoder.path).blocks])[:-1]
    first = rng.integers(known.height, size=more)
    other = _like(known, first, rng)
    before = lake.row_count(search.PROBLEMS)
    ids = pl.Series("ticket_id", [f"B-{before + place:07d}" for place in range(more)])
    made = known[first].with_columns(
        ids,
        title=_resampled(known["title"], first, other, rng),
        body=_resampled(known["body"], first, other, rng),
        created_at=pl.col("created_at") + pl.Series(rng.integers(3600, size=more) * 1_000_000).cast(pl.Duration("us")),
        text_hash=text_hash(ids),
    )
    for start in range(0, more, SLICE):
        some = slice(start, start + SLICE)
        moved = _between(vectors[first[some]], vectors[other[some]], ends.tolist(), rng)
        rows = pl.DataFrame({"text_hash": made["text_hash"][some], "vector": packed(moved)})
        name = pl.lit(encoder.card["encoder"]).alias("encoder")
        lake.append(EMBEDDINGS, rows.with_columns(name).select(EMBEDDINGS.schema.names()))
    lake.append(search.PROBLEMS, made)
    came = pl.DataFrame({"old": known["ticket_id"].gather(first), "new": ids})
    for table in (search.ATTEMPTS, graph.ISSUE_MEMBERS):
        lake.append(table, _renamed(lake.read(table), "ticket_id", came))
    nodes = came.select(pl.concat_str(pl.lit("Ticket:"), name).alias(name) for name in ("old", "new"))
    lake.append(graph.NODES, _renamed(lake.read(graph.NODES), "node_id", nodes))
    lake.append(graph.EDGES, _renamed(lake.read(graph.EDGES), "source", nodes))
    return made


def _like(known: pl.DataFrame, first: Ints, rng: np.random.Generator) -> Ints:
    """For each ticket another of the same subcategory and language; itself where it is alone."""
    places = known.select("subcategory", "language").with_row_index("place").cast({"place": pl.Int64})
    groups = places.group_by("subcategory", "language").agg(alike="place")
    alike = places.join(groups, on=["subcategory", "language"], how="left", nulls_equal=True, maintain_order="left")
    lists = alike["alike"].to_list()
    return np.array([rng.choice(lists[place]) for place in first.tolist()], dtype=np.int64)


def _resampled(texts: pl.Series, first: Ints, other: Ints, rng: np.random.Generator) -> pl.Series:
    """Texts in which some words are replaced by words of another one."""
    words = [text.split(" ") for text in texts]
    made = []
    for one, two in zip(first.tolist(), other.tolist(), strict=True):
        own, given = words[one], words[two]
        taken = rng.random(len(own)) < TAKEN
        drawn = rng.integers(len(given), size=len(own)).tolist()
        pairs = zip(own, drawn, taken.tolist(), strict=True)
        made.append(" ".join(given[place] if there else word for word, place, there in pairs))
    return pl.Series(texts.name, made, dtype=pl.String)


def _between(one: Vectors, two: Vectors, ends: Sequence[int], rng: np.random.Generator) -> Vectors:
    """Vectors somewhere between, with noise; each block of each row of unit length again."""
    share = rng.random((len(one), 1), dtype=np.float32) * np.float32(BETWEEN)
    blocks = []
    for a, b in zip(np.split(one, ends, axis=1), np.split(two, ends, axis=1), strict=True):
        away = rng.standard_normal(a.shape, dtype=np.float32) * np.float32(NOISE / np.sqrt(a.shape[1]))
        moved = (1 - share) * a + share * b + away
        blocks.append(moved / np.linalg.norm(moved, axis=1, keepdims=True))
    return np.concatenate(blocks, axis=1, dtype=np.float32)


def _renamed(rows: pl.DataFrame, column: str, came: pl.DataFrame) -> pl.DataFrame:
    """The rows of the old tickets, under the names of the new ones."""
    found = rows.join(came, left_on=column, right_on="old").with_columns(pl.col("new").alias(column))
    return found.select(rows.columns)
