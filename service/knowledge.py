"""What results cite: a canonical solution and an article, whole, as the release has them."""

from datetime import datetime

import msgspec
import polars as pl

from ml.retrieve.searcher import ARTICLES, SOLUTIONS
from service.opened import Opened


class Solution(msgspec.Struct, frozen=True, kw_only=True):
    """A remedy and how it fared everywhere. `sayings` are what agents wrote of it, the most usual first."""

    solution_id: str
    text: str
    sayings: list[str]
    code: str | None
    template: str | None
    tickets: int
    attempts: int
    successes: int
    first_at: datetime | None
    last_at: datetime | None


class Passage(msgspec.Struct, frozen=True, kw_only=True):
    """A part of an article. `path` are the headings above it."""

    passage_id: str
    path: str
    text: str


class Article(msgspec.Struct, frozen=True, kw_only=True):
    """An article of the knowledge base, its passages in order."""

    article_id: str
    title: str
    language: str | None
    product: str | None
    product_module: str | None
    created_at: datetime | None
    updated_at: datetime | None
    passages: list[Passage]


def solution(opened: Opened, solution_id: str) -> Solution | None:
    """One solution; None where there is none of that id. Raises `NotMaterialized`, and `ArtifactDamaged`."""
    remedies = opened.finding.searcher.remedies
    if remedies is None:
        raise opened.fault(SOLUTIONS)
    rows = remedies.solutions.filter(pl.col("solution_id") == solution_id)
    return msgspec.convert(rows.row(0, named=True), Solution) if rows.height else None


def article(opened: Opened, article_id: str) -> Article | None:
    """One article; None where there is none of that id. Raises `NotMaterialized`, and `ArtifactDamaged`."""
    index = opened.finding.searcher.articles
    if index is None:
        raise opened.fault(ARTICLES)
    rows = index.documents.filter(pl.Series(index.alive) & (pl.col("article_id") == article_id))
    if rows.is_empty():
        return None
    number = pl.col("passage_id").str.extract(r"#(\d+)$").cast(pl.Int64)
    told = rows.sort(number).rename({"body": "text"})
    passages = [msgspec.convert(row, Passage) for row in told.iter_rows(named=True)]
    return msgspec.convert({**told.row(0, named=True), "passages": passages}, Article)
