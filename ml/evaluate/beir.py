"""Anyone's retrieval data in BEIR's layout: documents and queries as JSON lines, judgements as tab-separated values.

Thakur et al., "BEIR: a heterogeneous benchmark for zero-shot evaluation of information retrieval models" (2021).
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import polars as pl

from ml.evaluate.lines import lines_of
from warehouse.errors import SourceUnreadable

TEXTS: dict[str, pl.DataType | type[pl.DataType]] = {
    "id": pl.String,
    "title": pl.String,
    "text": pl.String,
    "created_at": pl.Datetime("us", "UTC"),
}
JUDGED: dict[str, pl.DataType | type[pl.DataType]] = {"query": pl.String, "document": pl.String, "grade": pl.Float64}


class _Line(msgspec.Struct):
    id: str | int = msgspec.field(name="_id")
    text: str | None = None
    title: str | None = None
    created_at: datetime | None = None


@dataclass(frozen=True)
class Collection:
    """`corpus` and `queries` are `TEXTS`, an id each once; `judged` is `JUDGED`, of queries and documents there are."""

    corpus: pl.DataFrame
    queries: pl.DataFrame
    judged: pl.DataFrame
    unknown: int
    """Judgements that name a query or a document that is not there."""


def read(corpus: Path, queries: Path, qrels: Path, *, as_of: bool = False) -> Collection:
    """Read three files, plain or gzip. Raises `SourceUnreadable` with the first bad line's number.

    With `as_of` every text must say when it was created, and judgements of documents that are not older than their
    query are left out.
    """
    documents, asked = _texts(corpus, dated=as_of), _texts(queries, dated=as_of)
    judged = _judgements(qrels)
    known = judged.join(
        asked.select(pl.col("id").alias("query"), pl.col("created_at").alias("asked")), on="query"
    ).join(documents.select(pl.col("id").alias("document"), "created_at"), on="document")
    unknown = judged.height - known.height
    kept = known.filter((pl.col("grade") > 0) & (pl.col("query") != pl.col("document")))
    if as_of:
        kept = kept.filter(pl.col("created_at") < pl.col("asked"))
    if kept.is_empty():
        expected = "expected at least one document of the corpus that answers a query"
        raise SourceUnreadable(f"{qrels}: no judgement can be used, {expected}; {unknown} name what is not there.")
    return Collection(documents, asked, kept.select(list(JUDGED)).sort("query", "document"), unknown)


def _texts(path: Path, *, dated: bool) -> pl.DataFrame:
    rows: list[tuple[str, str, str, datetime | None]] = []
    seen: set[str] = set()
    for number, line in lines_of(path, "text"):
        try:
            found = msgspec.json.decode(line, type=_Line)
        except msgspec.DecodeError as error:
            expected = 'expected a JSON object with "_id", "title" and "text"'
            raise SourceUnreadable(f"{path}, line {number}: {error}; {expected} on each line.") from None
        name = str(found.id)
        if name in seen:
            raise SourceUnreadable(f'{path}, line {number}: a second "_id" {name!r}; expected each once.')
        if dated and found.created_at is None:
            raise SourceUnreadable(f'{path}, line {number}: no "created_at"; expected one on each line with --as-of.')
        seen.add(name)
        rows.append((name, found.title or "", found.text or "", _utc(found.created_at)))
    if not rows:
        raise SourceUnreadable(f"{path}: no lines; expected one JSON object a line.")
    return pl.DataFrame(rows, schema=TEXTS, orient="row")


def _judgements(path: Path) -> pl.DataFrame:
    """Query, document and grade, the best where a pair is judged twice; a first line without a number is a header."""
    rows: list[tuple[str, str, float]] = []
    for number, line in lines_of(path, "text"):
        parts: list[Any] = line.decode("utf-8", "replace").rstrip("\r").split("\t")
        try:
            query, document, grade = parts[0], parts[-2], float(parts[-1])
            if len(parts) not in (3, 4):
                raise ValueError
        except (ValueError, IndexError):
            if number == 1:
                continue
            expected = "expected query-id, corpus-id and score, separated by tabs"
            raise SourceUnreadable(f"{path}, line {number}: {len(parts)} columns; {expected}.") from None
        rows.append((query, document, grade))
    return pl.DataFrame(rows, schema=JUDGED, orient="row").group_by("query", "document").agg(pl.col("grade").max())


def _utc(moment: datetime | None) -> datetime | None:
    """A time without a zone is taken for UTC."""
    return moment.replace(tzinfo=UTC) if moment is not None and moment.tzinfo is None else moment
