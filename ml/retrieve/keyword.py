"""Search by words: BM25 over weighted fields, read from memory-mapped files.

Robertson, Zaragoza and Taylor, "Simple BM25 extension to multiple weighted fields" (2004): a term counts as often in a
document as it occurs in its fields, each occurrence times the field's weight, before it saturates. Scores are computed
when the index is built (Lù, "BM25S", 2024) and summed when it is asked. An index may be built beside another that
does not change: its terms count as they do there, so that scores of both compare.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from ml.retrieve.analysis import counted, terms
from warehouse.errors import ArtifactDamaged, FormatMismatch

FORMAT = 2
WEIGHTS: Mapping[str, int] = {"title": 3, "body": 1, "errors": 1}
"""How often a term of each field counts."""
K1, B = 1.2, 0.75
SETTINGS = "keyword.json"
NOTHING = ""
"""A term that no text has, so that there is one."""
SPOKEN = 0.01
"""Share of the documents from which a language is one of the index; fewer are taken for mistakes of its detection."""
Scores = NDArray[np.float32]


class _Made(msgspec.Struct, frozen=True):
    format: int


class _Settings(_Made, frozen=True):
    weights: dict[str, int]
    languages: list[str]
    mean_length: float


class Query(msgspec.Struct, frozen=True):
    """Columns of the index, each once, and how much each counts."""

    terms: NDArray[np.int64]
    weights: NDArray[np.float32]


class Keyword:
    """An index over n documents that does not change."""

    def __init__(self, index: Any, weights: Mapping[str, int], languages: Sequence[str], mean_length: float) -> None:
        """`index` is what `bm25s` built or loaded; `languages` are those of the documents, the most frequent first."""
        self._index = index
        self._weights = dict(weights)
        self._languages = list(languages)
        self._mean_length = mean_length
        self._columns: Mapping[str, int] = index.vocab_dict
        self.documents = int(index.scores["num_docs"])

    @classmethod
    def build(cls, documents: pl.DataFrame, weights: Mapping[str, int] = WEIGHTS) -> Self:
        """`documents` has the fields of `weights`, and `language`: ISO 639-1, or null."""
        languages = _spoken(documents["language"])
        said = _counted(documents, weights, languages)
        vocabulary = pl.concat([pl.Series("term", [NOTHING]), said["term"].unique().sort()])
        places = pl.DataFrame({"term": vocabulary, "column": np.arange(len(vocabulary))})
        numbered = said.join(places, on="term").sort("text", "column")
        repeated = numbered.select("text", pl.col("column").repeat_by("weight")).explode("column")
        rows = repeated.group_by("text").agg("column")
        all_rows = pl.DataFrame({"text": np.arange(documents.height)}).join(rows, on="text", how="left").sort("text")
        ids = all_rows["column"].fill_null([]).to_list()
        index = _bm25()
        with np.errstate(invalid="ignore"):  # the mean length of documents that all say nothing
            index.index((ids, dict(zip(vocabulary, range(len(vocabulary)), strict=True))), show_progress=False)
        mean = float(said["weight"].sum() / documents.height) if documents.height else 0.0
        return cls(index, weights, languages, mean)

    def beside(self, documents: pl.DataFrame) -> Self:
        """An index of other documents, whose terms are as rare, and whose lengths as usual, as they are in this one."""
        said = _counted(documents, self._weights, self._languages)
        vocabulary = pl.concat([pl.Series("term", [NOTHING]), said["term"].unique().sort()])
        places = pl.DataFrame({"term": vocabulary, "column": np.arange(len(vocabulary))})
        lengths = said.group_by("text").agg(length=pl.col("weight").sum())
        rows = said.join(places, on="term").join(lengths, on="text").sort("column", "text")
        own = np.bincount(rows["column"].to_numpy(), minlength=len(vocabulary))
        frequency = self._frequencies(vocabulary) + own
        total = self.documents + documents.height
        rarity = np.log(1 + (total - frequency + 0.5) / (frequency + 0.5))
        counts = rows["weight"].to_numpy().astype(np.float64)
        usual = rows["length"].to_numpy() / max(self._mean_length, 1.0)
        index = _bm25()
        index.vocab_dict, index.nonoccurrence_array = dict(zip(vocabulary, range(len(vocabulary)), strict=True)), None
        index.scores = {
            "data": (rarity[rows["column"]] * counts / (counts + K1 * (1 - B + B * usual))).astype(np.float32),
            "indices": rows["text"].to_numpy().astype(np.int32),
            "indptr": np.concatenate([[0], np.cumsum(own)]).astype(np.int32),
            "num_docs": documents.height,
        }
        return type(self)(index, self._weights, self._languages, self._mean_length)

    def queries(self, asked: pl.DataFrame) -> list[Query]:
        """What each row asks for, in the fields that documents have; terms that no document has are left out."""
        usual = self._languages[0] if self._languages else None
        fields = zip(*(asked[name].to_list() for name in (*self._weights, "language")), strict=True)
        return [self._query(said, language if language in self._languages else usual) for *said, language in fields]

    def _query(self, said: Sequence[str | None], language: str | None) -> Query:
        found = counted(tuple(zip(said, self._weights.values(), strict=True)), language)
        known = {column: count for term, count in found.items() if (column := self._columns.get(term)) is not None}
        columns = np.fromiter(known.keys(), np.int64, len(known))
        return Query(columns, np.fromiter(known.values(), np.float32, len(known)))

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
        settings = _Settings(FORMAT, self._weights, self._languages, self._mean_length)
        (folder / SETTINGS).write_bytes(msgspec.json.encode(settings))

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Open what `save` wrote; its arrays are mapped, not read.

        Raises `ArtifactDamaged` for what is no such index, and `FormatMismatch` for one of another format.
        """
        import bm25s

        try:
            said = (folder / SETTINGS).read_bytes()
            made = msgspec.json.decode(said, type=_Made).format
            if made != FORMAT:
                found = f"{folder} has format {made}, expected {FORMAT}."
                raise FormatMismatch(f"{found} Run `ticketlake build` to make it again.")
            settings = msgspec.json.decode(said, type=_Settings)
            index = bm25s.BM25.load(str(folder), mmap=True)
            return cls(index, settings.weights, settings.languages, settings.mean_length)
        except (OSError, ValueError, msgspec.DecodeError) as error:
            message = f"{folder} is no keyword index: {error}."
            raise ArtifactDamaged(f"{message} Delete that directory and run `ticketlake build`.") from None

    def _frequencies(self, terms: pl.Series) -> NDArray[np.int64]:
        """In how many documents each term is."""
        starts = np.asarray(self._index.scores["indptr"], dtype=np.int64)
        columns = pl.Series([self._columns.get(term) for term in terms], dtype=pl.Int64)
        there = columns.is_not_null().to_numpy()
        found = np.zeros(len(terms), dtype=np.int64)
        known = columns.drop_nulls().to_numpy()
        found[there] = starts[known + 1] - starts[known]
        return found


def _bm25() -> Any:
    import bm25s

    return bm25s.BM25(k1=K1, b=B, method="lucene")


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
