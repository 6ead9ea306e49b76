"""A small world: causes with words, codes, versions and remedies of their own."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from ml.graph import build, issues, summaries
from ml.graph.likeness import profiles
from ml.text.vectors import unit
from warehouse.contracts.search import ATTEMPTS, PASSAGES, PROBLEMS, SOLUTIONS

START = datetime(2026, 1, 1, tzinfo=UTC)
CAUSES = {
    "leak": ("memory grows until the worker crashes", "ERROR_MEMORY_OOM", "restart the worker nightly"),
    "tax": ("invoice shows wrong vat amount", "", "correct the invoice by hand"),
    "token": ("login token expired immediately", "ERROR_TOKEN_401", "renew the signing key"),
    "index": ("reports are slow because queries timeout", "ERROR_TIMEOUT_504", "rebuild the database index"),
}
PRODUCTS = ("DataSync Pro", "CloudBackup")
FILLER = ("please help", "we are stuck", "kind regards", "since yesterday", "thanks for looking")


class World:
    """Frames as the lake's tables hold them, with the cause of each ticket beside them."""

    def __init__(self, count=240, seed=0):
        draw = np.random.default_rng(seed)
        names = list(CAUSES)
        self.causes = [names[at] for at in draw.integers(0, len(names), count)]
        opened = [START + timedelta(hours=6 * at) for at in range(count)]
        said = [" ".join(draw.permutation(CAUSES[cause][0].split() + FILLER[at % 5].split())) for at, cause in
                enumerate(self.causes)]  # fmt: skip
        centre = {cause: draw.normal(size=32) for cause in names}
        self.vectors = unit(
            np.array([centre[c] + draw.normal(scale=0.7, size=32) for c in self.causes], dtype=np.float32)
        )
        product = [PRODUCTS[names.index(c) % 2] for c in self.causes]
        version = ["2.0.0" if c == "leak" and at % 3 else f"1.{at % 3}.0" for at, c in enumerate(self.causes)]
        resolved = [None if at >= count - 8 else when + timedelta(hours=20) for at, when in enumerate(opened)]
        self.problems = pl.DataFrame(
            {
                "ticket_id": [f"T-{at:04d}" for at in range(count)],
                "created_at": opened,
                "title": ["help"] * count,
                "body": said,
                "errors": [CAUSES[c][1] for c in self.causes],
                "language": ["en"] * count,
                "customer_id": [f"C-{at % 40}" for at in range(count)],
                "product": product,
                "product_version": version,
                "product_module": [f"{c}_module" for c in self.causes],
                "category": ["Technical"] * count,
                "subcategory": ["Money" if c == "tax" else "Machine" for c in self.causes],
                "customer_tier": ["free"] * count,
                "region": ["EU" if at % 2 else "NA" for at in range(count)],
                "resolved_at": resolved,
                "text_hash": [f"h{at}" for at in range(count)],
            },
            schema=PROBLEMS.schema,
        )
        solution = {cause: f"SOL-{cause}" for cause in names}
        rows = []
        for at, (cause, when) in enumerate(zip(self.causes, resolved, strict=True)):
            if when is not None:
                wrong = names[(names.index(cause) + 1) % len(names)]
                ticket = f"T-{at:04d}"
                rows.append((ticket, solution[cause], at % 10 != 0, when, CAUSES[cause][2]))
                if at % 4 == 0:
                    rows.append((ticket, solution[wrong], False, when, CAUSES[wrong][2]))
        self.attempts = pl.DataFrame(rows, schema=ATTEMPTS.schema, orient="row")
        grouped = self.attempts.group_by("solution_id").agg(
            text=pl.col("saying").first(),
            sayings=pl.col("saying").unique().sort(),
            tickets=pl.len().cast(pl.Int64),
            attempts=pl.len().cast(pl.Int64),
            successes=pl.col("succeeded").sum().cast(pl.Int64),
            first_at=pl.col("at").min(),
            last_at=pl.col("at").max(),
        )
        blank = [pl.lit(None, pl.String).alias(name) for name in ("code", "template")]
        self.solutions = grouped.with_columns(*blank, text_hash=pl.lit("h")).select(SOLUTIONS.schema.names())
        self.passages = pl.DataFrame(
            {
                "passage_id": ["KB-1#1", "KB-2#1"],
                "article_id": ["KB-1", "KB-2"],
                "title": ["Slow reports", "Bills"],
                "path": ["", ""],
                "text": ["When reports crawl, Rebuild the database index.", "How bills are made."],
                "created_at": [START, START],
                "text_hash": ["p1", "p2"],
            }
        )
        blank = [pl.lit(None, PASSAGES.schema[name]).alias(name) for name in ("language", "product", "product_module")]
        self.passages = self.passages.with_columns(*blank, updated_at="created_at").select(PASSAGES.schema.names())
        links = [
            [f"T-{at - 4:04d}"] if at > 8 and self.causes[at] == self.causes[at - 4] else [] for at in range(count)
        ]
        self.outcomes = pl.DataFrame(
            {
                "ticket_id": self.problems["ticket_id"],
                "resolved_at": self.problems["resolved_at"],
                "resolution_code": ["DUPLICATE" if at % 5 == 0 else "FIXED" for at in range(count)],
                "related_tickets": pl.Series(links, dtype=pl.List(pl.String)),
                "kb_articles_helpful": pl.Series(
                    [["KB-1"] if c == "index" else [] for c in self.causes], dtype=pl.List(pl.String)
                ),
            }
        )
        self.profiles = profiles(self.problems, self.vectors, self.attempts)
        self.links = issues.pairs(self.problems, self.outcomes)

    def build(self):
        """Issues, edges and nodes."""
        self.labels = issues.clustered(self.profiles, self.links)
        names = issues.named(self.problems["ticket_id"], self.labels, {})
        self.members = issues.members(self.problems, self.labels, names)
        self.terms = pl.Series("term", ["memory", "invoice", "reports", "queries", "crashes", "token", "amount"])
        self.tickets = build.ticket_edges(self.problems, self.outcomes, self.attempts, self.terms)
        self.edges = build.whole(self.tickets, self.members, self.problems, self.solutions, self.passages)
        self.issues = summaries.summaries(self.problems, self.members, self.tickets, self.attempts, self.vectors)
        self.nodes = build.nodes(self.edges, self.problems, self.solutions, self.passages, self.issues)
        return self


@pytest.fixture(scope="session")
def world():
    return World().build()
