"""Search by words: BM25 over weighted fields, read from memory-mapped files.

Robertson, Zaragoza and Taylor, "Simple BM25 extension to multiple weighted fields" (2004): a term counts as often in a
document as it occurs in its fields, each occurrence times the field's weight, before it saturates. Scores are computed
when the index is built (Lù, "BM25S", 2024) and summed when it is asked.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Self

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from ml.retrieve.analysis import terms
from warehouse.errors import ArtifactDamaged, FormatMismatch

FORMAT = 1
WEIGHTS: Mapping[str, int] = {"title": 3, "body": 1, "errors": 1}
"""How often a term of each field counts."""
K1, B = 1.2, 0.75
SETTINGS = "keyword.json"
NOTHING = ""
"""A term that no text has, so that there is one."""
SPOKEN = 0.01
"""Share of the documents from which a language is one of the index; fewer are taken for mistakes of its detection."""
Scores = NDArray[np.float32]


class _Settings(msgspec.Struct, frozen=True):
    format: int
    weights: dict[str, int]
    languages: list[str]


class Query(msgspec.Struct, frozen=True):
    """Columns of the index, each once, and how much each counts."""

    terms: NDArray[np.int64]
    weights: NDArray[np.float32]


class Keyword:
    """An index over n documents that does not change."""

    def __init__(self, index: Any, weights: Mapping[str, int], languages: Sequence[str]) -> None:
        """`index` is what `bm25s` built or loaded; `languages` are those of the documents, the most frequent first."""
        self._index = index
        self._weights = dict(weights)
        self._languages = list(languages)
        self._columns: Mapping[str, int] = index.vocab_dict
        self.documents = int(index.scores["num_docs"])

    @classmethod
    def build(cls, documents: pl.DataFrame, weights: Mapping[str, int] = WEIGHTS) -> Self:
        """`documents` has the fields of `weights`, and `language`: ISO 639-1, or null."""
        import bm25s

        languages = _spoken(documents["language"])
        said = _counted(documents, weights, languages)
        vocabulary = pl.concat([pl.Series("term", [NOTHING]), said["term"].unique().sort()])
        places = pl.DataFrame({"term": vocabulary, "column": np.arange(len(vocabulary))})
        numbered = said.join(places, on="term").sort("text", "column")
        repeated = numbered.select("text", pl.col("column").repeat_by("weight")).explode("column")
        rows = repeated.group_by("text").agg("column")
        all_rows = pl.DataFrame({"text": np.arange(documents.height)}).join(rows, on="text", how="left").sort("text")
        ids = all_rows["column"].fill_null([]).to_list()
        index = bm25s.BM25(k1=K1, b=B, method="lucene")
        with np.errstate(invalid="ignore"):  # the mean length of documents that all say nothing
            index.index((ids, dict(zip(vocabulary, range(len(vocabulary)), strict=True))), show_progress=False)
        return cls(index, weights, languages)

    def queries(self, asked: pl.DataFrame) -> list[Query]:
        """What each row asks for, in the fields that documents have; terms that no document has are left out."""
        counted = _counted(asked, self._weights, self._languages)
        known = counted["term"].replace_strict(self._columns, default=None, return_dtype=pl.Int64)
        rows = counted.with_columns(column=known).drop_nulls("column").sort("text", "column")
        text, column, weight = (rows[name].to_numpy() for name in ("text", "column", "weight"))
        ends = np.searchsorted(text, np.arange(asked.height + 1))
        return [Query(column[start:end], weight[start:end].astype(np.float32)) for start, end in pairwise(ends)]

    def scores(self, query: Query) -> Scores:
        """How well each document fits, (n,); 0 for one that has none of the terms."""
        scores = self._index.scores
        data, indices, starts = scores["data"], scores["indices"], scores["indptr"]
        spans = [slice(starts[term], starts[term + 1]) for term in query.terms]
        if not spans:
            return np.zeros(self.documents, dtype=np.float32)
        rows = np.concatenate([indices[span] for span in spans])
        each = np.repeat(query.weights, [span.stop - span.start for span in spans])
        parts = np.concatenate([data[span] for span in spans]) * each
        return np.bincount(rows, weights=parts, minlength=self.documents).astype(np.float32)

    def save(self, folder: Path) -> None:
        """Write the index: arrays, and JSON."""
        self._index.save(str(folder), show_progress=False)
        settings = _Settings(FORMAT, self._weights, self._languages)
        (folder / SETTINGS).write_bytes(msgspec.json.encode(settings))

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Open what `save` wrote; its arrays are mapped, not read.

        Raises `ArtifactDamaged` for what is no such index, and `FormatMismatch` for one of another format.
        """
        import bm25s

        try:
            settings = msgspec.json.decode((folder / SETTINGS).read_bytes(), type=_Settings)
            if settings.format != FORMAT:
                found = f"{folder} has format {settings.format}, expected {FORMAT}."
                raise FormatMismatch(f"{found} Run `ticketlake build` to make it again.")
            return cls(bm25s.BM25.load(str(folder), mmap=True), settings.weights, settings.languages)
        except (OSError, ValueError, msgspec.DecodeError) as error:
            message = f"{folder} is no keyword index: {error}."
            raise ArtifactDamaged(f"{message} Delete that directory and run `ticketlake build`.") from None


def _counted(rows: pl.DataFrame, weights: Mapping[str, int], languages: Sequence[str]) -> pl.DataFrame:
    """text, term, weight: how often each term counts in each text."""
    usual = languages[0] if languages else None
    known = rows["language"].is_in(list(languages))
    spoken = rows["language"].zip_with(
        known.fill_null(False), pl.repeat(usual, rows.height, dtype=pl.String, eager=True)
    )
    fields: Sequence[pl.DataFrame] = [
        terms(rows[field], spoken).with_columns(weight=pl.lit(weight, dtype=pl.Int64))
        for field, weight in weights.items()
    ]
    return pl.concat(fields).group_by("text", "term").agg(pl.col("weight").sum())


def _spoken(languages: pl.Series) -> list[str]:
    """Languages of more than a few texts, the most frequent first."""
    counted = (
        languages.alias("language").drop_nulls().value_counts(name="n").sort("n", "language", descending=[True, False])
    )
    return counted.filter(pl.col("n") >= SPOKEN * len(languages))["language"].to_list()
