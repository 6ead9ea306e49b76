"""One search at a time inside this process: how long each stage takes, what a bare search takes, what HNSW misses."""

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any, NamedTuple
from uuid import uuid4

import numpy as np
import polars as pl
from threadpoolctl import threadpool_limits

from api.drafts import drafts
from ml.graph.link import Linker
from ml.graph.walk import Walk
from ml.inputs import encoded
from ml.retrieve import problems, searcher
from ml.retrieve.index import CANDIDATES, Index
from ml.retrieve.searcher import TICKETS, Searcher
from ml.retrieve.segment import Segment
from ml.text.encoder import Joined, Vectors
from operations.inbox import Inbox
from operations.store import open_store
from service import finding, searches
from service import opened as opening
from service.serving import Serving
from warehouse.releases import open_release

TIMED: Sequence[tuple[str, Any, str]] = (
    ("history of customer and product", opening, "_features"),
    ("cleaned, redacted, errors named", problems, "problems"),
    ("forward of the encoder", Joined, "encode"),
    ("category and subcategory", finding, "answer"),
    ("keyword, of tickets and articles", Index, "_keyword"),
    ("nearest, of tickets and articles", Index, "_nearest"),
    ("names linked to the graph", Linker, "link"),
    ("walk through the graph", Walk, "walk"),
    ("evidence", searcher, "evidence"),
    ("ranker", Searcher, "shares"),
    ("solutions told", searcher, "_solutions"),
)
"""What is timed, and where it is called from; none of them calls another."""
THREADS = 2


class Staged(NamedTuple):
    """Median milliseconds by stage; the questions' vectors in the space that languages share, and their words."""

    took: dict[str, float]
    vectors: Vectors
    texts: list[str]


def stages(root: Path, tickets: Sequence[dict[str, Any]]) -> Staged:
    """Searches through what the API calls, each written down in the inbox as it does."""
    serves, inbox = Serving(root), Inbox(open_store(f"sqlite:///{root / 'operations' / 'store.db'}"))
    opened = serves.opened()
    now = datetime.now(UTC)  # noqa: TID251 when they are asked
    rows = [drafts([one], ["$"], now) for one in tickets]
    took: dict[str, list[float]] = {name: [] for name, _, _ in TIMED}
    whole, kept = [], []
    for row in rows[: len(rows) // 4]:
        serves.find(row, inbox)
    with _timed(took):
        for row in rows:
            for values in took.values():
                values.append(0.0)
            began = perf_counter()
            found = serves.find(row, inbox)
            whole.append((perf_counter() - began) * 1e3)
            asked = searches.Question(kind="solutions", text=row["description"][0] or "", k=10)
            began = perf_counter()
            made = searches.search_made(asked, found, search_id=uuid4().hex, made_at=now, latency_ms=whole[-1])
            searches.record_search(inbox, made)
            kept.append((perf_counter() - began) * 1e3)
    by_stage = {name: median(values) for name, values in took.items()}
    rest = median(one - sum(parts) for one, *parts in zip(whole, *took.values(), strict=True))
    by_stage |= {
        "the rest of finding": rest,
        "written down": median(kept),
        "all but HTTP": median(whole) + median(kept),
    }
    encoder = opened.models.encoder
    assert encoder is not None
    texts = [encoded(row).item() for row in rows]
    return Staged(by_stage, encoder.shared(encoder.encode(texts)), texts)


@contextmanager
def _timed(took: dict[str, list[float]]) -> Iterator[None]:
    """Adds what each stage takes to the last number of its list."""

    def clocked(name: str, work: Callable[..., Any]) -> Callable[..., Any]:
        def run(*arguments: Any, **named: Any) -> Any:
            began = perf_counter()
            try:
                return work(*arguments, **named)
            finally:
                took[name][-1] += (perf_counter() - began) * 1e3

        return run

    before = [(owner, name, getattr(owner, name)) for _, owner, name in TIMED]
    for (told, owner, name), (_, _, work) in zip(TIMED, before, strict=True):
        setattr(owner, name, clocked(told, work))
    try:
        yield
    finally:
        for owner, name, work in before:
            setattr(owner, name, work)


def bare(root: Path, asked: Vectors, texts: Sequence[str]) -> dict[str, float]:
    """Median milliseconds of the least that others offer: all cosines in NumPy, and bm25s as it comes."""
    import bm25s

    segment = _segment(root)
    vectors = np.array(segment.vectors)

    def exact(place: int) -> None:
        np.argpartition(-(vectors @ asked[place]), CANDIDATES)[:CANDIDATES]

    joined = pl.concat_str("title", "body", "errors", separator="\n")
    plain = bm25s.BM25()
    plain.index(
        bm25s.tokenize(segment.documents.select(joined).to_series().to_list(), show_progress=False), show_progress=False
    )

    def words(place: int) -> None:
        query = bm25s.tokenize(texts[place], show_progress=False)
        plain.retrieve(query, k=CANDIDATES, show_progress=False)

    found = {}
    gc.collect()
    with threadpool_limits(THREADS, "blas"):
        for name, work in ((f"exact cosines in NumPy, {THREADS} threads", exact), ("bm25s", words)):
            found[name] = median(_milliseconds(work, place) for place in range(len(asked)))
    return found


def recall(root: Path, asked: Vectors) -> dict[str, float]:
    """Of the ten nearest the share that is found: when ten are asked for, and when as many as a search asks for."""
    segment = _segment(root)
    exact = [np.argpartition(-(segment.vectors @ one), 10)[:10] for one in asked]
    found = {}
    for k in (10, CANDIDATES):
        shares = []
        for one, best in zip(asked, exact, strict=True):
            places = segment.nearest(one, k, None)
            nearest = places[np.argsort(-(segment.vectors[places] @ one))[:10]]
            shares.append(len(np.intersect1d(nearest, best)) / 10)
        found[f"recall at 10 of {k}"] = float(np.mean(shares))
    return found


def _segment(root: Path) -> Segment:
    return Segment.load(open_release(root).artifact(TICKETS).path)


def _milliseconds(work: Callable[[int], object], place: int) -> float:
    began = perf_counter()
    work(place)
    return (perf_counter() - began) * 1e3
