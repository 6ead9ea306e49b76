"""An encoder whose vectors can be read, and a desk whose causes are known."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

import numpy as np
import polars as pl
import pytest

from ml.retrieve.index import Index
from ml.retrieve.past import Past
from ml.retrieve.ranker import learn
from ml.retrieve.remedies import Remedies
from ml.retrieve.searcher import Searcher
from ml.text.encoder import Vectors
from warehouse.contracts.search import ATTEMPTS, PROBLEMS, SOLUTIONS


class Letters:
    """Counts letters: texts of the same letters point the same way."""

    name = "letters"
    dimension = 27
    blocks = MappingProxyType({"letters": slice(0, 27)})

    def __init__(self, digest: str = "letters") -> None:
        self.digest = digest

    def encode(self, texts: Sequence[str]) -> Vectors:
        found = np.full((len(texts), 27), 1e-3, dtype=np.float32)
        for row, text in zip(found, texts, strict=True):
            np.add.at(row, [ord(letter) - 96 for letter in text.lower() if "a" <= letter <= "z"], 1)
        length = np.linalg.norm(found, axis=1, keepdims=True)
        return found / length

    def shared(self, vectors: Vectors) -> Vectors:
        return vectors


@pytest.fixture
def letters():
    return Letters


START = datetime(2026, 1, 1, tzinfo=UTC)
SAID = (
    "export",
    "login",
    "invoice",
    "report",
    "sync",
    "backup",
    "password",
    "column",
    "queue",
    "token",
    "printer",
    "calendar",
)
IDLE = (
    "since",
    "yesterday",
    "nothing",
    "works",
    "please",
    "help",
    "we",
    "tried",
    "twice",
    "again",
    "today",
    "machine",
    "here",
)
PRODUCTS = ("DataSync Pro", "CloudBackup")
CATEGORIES = ("Technical", "Money", "Access")


class Desk:
    """Tickets of 12 causes. What solves a cause differs by product, and neither words nor vectors tell the product."""

    key, encoder = "ticket_id", "planted"

    def __init__(self, count: int = 480, seed: int = 0, dimension: int = 24) -> None:
        draw = np.random.default_rng(seed)
        self.causes = draw.integers(0, len(SAID), count)
        self.products = draw.integers(0, 2, count)
        centres = np.random.default_rng(1).normal(size=(len(SAID), dimension))
        vectors = centres[self.causes] + draw.normal(scale=0.8, size=(count, dimension))
        self.vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
        opened = [START + timedelta(hours=at) for at in range(count)]
        words = [" ".join([*draw.choice(IDLE, 5), SAID[cause], *draw.choice(IDLE, 4)]) for cause in self.causes]
        names = [f"T-{at:05d}" for at in range(count)]
        known = {
            "ticket_id": names,
            "created_at": opened,
            "title": [SAID[cause] if at % 2 else "help" for at, cause in enumerate(self.causes)],
            "body": words,
            "errors": [f"ERROR_{SAID[cause].upper()}" if at % 3 == 0 else "" for at, cause in enumerate(self.causes)],
            "language": ["en"] * count,
            "product": [PRODUCTS[at] for at in self.products],
            "product_version": [f"1.{at % 3}.0" for at in range(count)],
            "category": [CATEGORIES[cause // 4] for cause in self.causes],
            "text_hash": names,
        }
        blanks = [pl.lit(None, dtype).alias(name) for name, dtype in PROBLEMS.schema.items() if name not in known]
        self.problems = (
            pl.DataFrame(known)
            .with_columns(blanks)
            .select(pl.col(name).cast(dtype) for name, dtype in PROBLEMS.schema.items())
        )
        rows = []
        for at, name in enumerate(names):
            when = opened[at] + timedelta(hours=5)
            rows.append((name, self.right(at), bool(draw.random() < 0.9), when, "said"))
            if draw.random() < 0.5:
                rows.append((name, self.right(at, other=True), False, when, "said"))
        self.attempts = pl.DataFrame(rows, schema=ATTEMPTS.schema, orient="row")
        told = self.attempts.group_by("solution_id").agg(
            text=pl.format("Did {}.", pl.col("solution_id").first()),
            sayings=pl.col("saying").unique(),
            tickets=pl.len().cast(pl.Int64),
            attempts=pl.len().cast(pl.Int64),
            successes=pl.col("succeeded").sum().cast(pl.Int64),
            first_at=pl.col("at").min(),
            last_at=pl.col("at").max(),
        )
        blank = [pl.lit(None, pl.String).alias(name) for name in ("code", "template")]
        made = told.with_columns(*blank, text_hash="solution_id").sort("solution_id")
        self.solutions = made.select(SOLUTIONS.schema.names())

    def right(self, at: int, *, other: bool = False) -> str:
        """What solves the ticket; `other`: what would on the other product."""
        return f"SOL-{SAID[self.causes[at]]}-{(self.products[at] + other) % 2}"

    def past(self, **changed: Any) -> Past:
        """All of it, to learn from."""
        known: dict[str, Any] = {
            "problems": self.problems,
            "solutions": self.solutions,
            "attempts": self.attempts,
            "vectors": self.vectors,
            "shared": self.vectors,
            "said": pl.DataFrame(schema=dict.fromkeys(("ticket_id", "target", "label", "confidence"), pl.String)),
            "encoder": self.encoder,
        }
        return Past(**{**known, **changed})

    def index(self, rows: slice = slice(None)) -> Index:
        """Of these tickets."""
        return Index.of(self.problems[rows], self.vectors[rows], key=self.key, encoder=self.encoder)

    def remedies(self, rows: slice = slice(None), attempts: pl.DataFrame | None = None) -> Remedies:
        """Beside that index."""
        return Remedies(self.solutions, self.attempts if attempts is None else attempts, self.problems[rows])


@pytest.fixture(scope="session")
def desk():
    return Desk


@pytest.fixture(scope="session")
def desked():
    """One of them, to read."""
    return Desk()


@pytest.fixture(scope="session")
def learned(desked):
    """A ranker of the first three quarters."""
    return learn(desked.past().until(START + timedelta(hours=360)), seed=1)[0]


@pytest.fixture(scope="session")
def searcher(desked, learned):
    """With a ranker; the first three quarters are searched, the rest ask."""
    rows = slice(0, 360)
    return Searcher(desked.index(rows), None, desked.remedies(rows), learned, None, {})


@pytest.fixture(scope="session")
def asking(desked):
    """The tickets that ask, and what solves each."""
    rows = range(360, 480)
    return list(zip(desked.past().questions(rows), [desked.right(at) for at in rows], strict=True))
