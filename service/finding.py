"""What is found for a ticket or a text: by one release, with what its classifiers think of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from typing import Any

import polars as pl

from ml.answer.injection import without_orders
from ml.answers import Given, answer
from ml.features import READ
from ml.graph.broad import Broad
from ml.graph.index import DATABASE, SCOPES
from ml.graph.index import NAME as GRAPH
from ml.graph.store import Store
from ml.graph.walker import Walker
from ml.inputs import encoded, of_one
from ml.retrieve import problems
from ml.retrieve.documents import READ as LONGEST
from ml.retrieve.index import Index
from ml.retrieve.knowledge import Knowledge
from ml.retrieve.question import Question
from ml.retrieve.ranker import NAME as RANKER
from ml.retrieve.ranker import Ranker
from ml.retrieve.remedies import Remedies
from ml.retrieve.searcher import ARTICLES, SOLUTIONS, TICKETS, Searcher
from ml.retrieve.segment import Segment
from service.loading import Loading
from service.models import Failed, Models
from warehouse.artifacts import Artifact
from warehouse.errors import ArtifactDamaged

DELTA = "_delta"
PARTS = (TICKETS, TICKETS + DELTA, ARTICLES, ARTICLES + DELTA, SOLUTIONS, RANKER, GRAPH)
PRIORS = ("category", "subcategory")
ASKED = [*dict.fromkeys((*READ, *problems.COLUMNS))]
"""What is read of a ticket that solutions are looked for: what is known when it is opened, and what past ones have."""
LIKELY = 0.01
"""Probability below which a category is no prior."""


class Graph:
    """The graph of one release: walks, broad questions, and neighbourhoods, these one at a time."""

    def __init__(self, artifact: Artifact) -> None:
        """Open a private copy."""
        self.walker, self.broad = Walker.load(artifact.path), Broad.load(artifact.path / SCOPES)
        self._place = TemporaryDirectory(prefix="ticketlake-kuzu-", ignore_cleanup_errors=True)
        self._store = Store(artifact.path / DATABASE, Path(self._place.name))
        self._asking = Lock()

    def ask(self, question: Callable[[Store], Any]) -> Any:
        """What `question` asks of the database."""
        with self._asking:
            return question(self._store)


@dataclass(frozen=True)
class Finding:
    """What one release finds with."""

    searcher: Searcher
    graph: Graph | None
    versions: Mapping[str, str]
    attempts: pl.DataFrame | None = None
    """Rows of `search/attempts`, as the release has them."""

    @classmethod
    def load(cls, loading: Loading, models: Models) -> "Finding":
        """Load what changed. An index of another encoder than the release's is none."""
        encoder = models.encoder.digest if models.encoder is not None else None
        tickets, articles = _index(loading, TICKETS, encoder), _index(loading, ARTICLES, encoder)
        known = loading.part(SOLUTIONS, lambda artifact: Knowledge.load(artifact.path))
        ranker = loading.part(RANKER, lambda artifact: Ranker.load(artifact.path))
        graph = loading.part(GRAPH, Graph)
        searcher = Searcher(
            tickets=tickets,
            articles=articles,
            remedies=Remedies(known.solutions, known.attempts, tickets.documents) if known and tickets else None,
            ranker=ranker if ranker is not None and ranker.encoder == encoder else None,
            walk=graph.walker if graph is not None else None,
            issue_of=dict(known.members.select("ticket_id", "issue_id").iter_rows()) if known else {},
            faults={name.removesuffix(DELTA): str(fault) for name, fault in loading.faults.items() if name in PARTS},
        )
        versions = {name: loading.loaded[name][0] for name in PARTS if name in loading.loaded}
        return cls(searcher, graph, versions, known.attempts if known else None)


def shortened(ticket: pl.DataFrame) -> pl.DataFrame:
    """With as much of each text as a search reads, and of what was written without what speaks to a language model."""
    row = ticket.with_columns(pl.col(name).str.slice(0, LONGEST) for name in problems.WORDS if name in ticket.columns)
    names = [name for name in ("subject", "description") if name in row.columns]
    written = {name: [_asking(text) for text in row[name]] for name in names}
    return row.with_columns(pl.Series(name, texts, dtype=pl.String) for name, texts in written.items())


def _asking(text: str | None) -> str | None:
    """A text that says nothing else stays as it is."""
    kept, left = without_orders(text or "")
    return kept if left and kept.strip() else text


def asked(models: Models, tickets: pl.DataFrame, features: pl.DataFrame, failed: Failed) -> list[Question]:
    """Tickets (columns `ASKED`) as questions: encoded once, and with the categories that classifiers think of."""
    texts = encoded(tickets)
    rows = problems.problems(tickets, texts)
    vectors, shared, given = None, None, dict[str, Given]()
    if models.encoder is not None:
        vectors = models.encoder.encode(texts.to_list())
        shared = models.encoder.shared(vectors)
        champions = {name: one for name, one in models.champions.items() if name in PRIORS}
        given = answer(champions, of_one(tickets, texts, features, vectors), failed)
    words = rows.select("title", "body", "errors", "language")
    found = []
    for place, known in enumerate(rows.iter_rows(named=True)):
        likely = {name: _likely(one.classes, one.probabilities[place].tolist()) for name, one in given.items()}
        question = Question(
            asked=words[place],
            vector=None if vectors is None else vectors[place],
            shared=None if shared is None else shared[place],
            product=known["product"],
            product_version=known["product_version"],
            product_module=known["product_module"],
            categories=likely.get("category", {}),
            subcategories=likely.get("subcategory", {}),
            at=known["created_at"],
            ticket_id=known["ticket_id"],
        )
        found.append(question)
    return found


def _likely(classes: list[str], probabilities: list[float]) -> Mapping[str, float]:
    return {name: value for name, value in zip(classes, probabilities, strict=True) if value >= LIKELY}


def _index(loading: Loading, name: str, encoder: str | None) -> Index | None:
    """None also where the delta cannot be read: the base alone would show what was erased."""
    base = _segment(loading, name)
    delta = _segment(loading, name + DELTA)
    lost = delta is None and name + DELTA in loading.release.manifest.artifacts
    if base is None or lost or (encoder is not None and base.encoder != encoder):
        return None
    return Index([base] if delta is None else [base, delta])


def _segment(loading: Loading, name: str) -> Segment | None:
    """Of a damaged one its words, where these are sound; None where there is nothing."""
    found = loading.part(name, lambda artifact: Segment.load(artifact.path))
    place = loading.place(name)
    if found is not None or place is None:
        return found
    try:
        return Segment.load_words(place)
    except ArtifactDamaged:
        return None
