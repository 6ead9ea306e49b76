"""Search by names: how many rare ones a document shares with who asks."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Self

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from ml.retrieve.mentions import mentions
from warehouse.errors import ArtifactDamaged, FormatMismatch

FORMAT = 1
SETTINGS, STARTS, COLUMNS = "entities.json", "starts.npy", "columns.npy"
Scores = NDArray[np.float32]


class _Settings(msgspec.Struct, frozen=True):
    format: int
    names: list[str]


class Entities:
    """The bipartite graph of n documents and the names that they mention."""

    def __init__(self, names: Sequence[str], starts: NDArray[np.int64], columns: NDArray[np.int32]) -> None:
        """`columns[starts[i] : starts[i + 1]]` are the names of document i, ascending."""
        from scipy.sparse import csr_matrix

        self.names = list(names)
        self.documents = len(starts) - 1
        self._places = {name: place for place, name in enumerate(names)}
        ones = np.ones(len(columns), dtype=np.float32)
        self.graph: csr_matrix = csr_matrix((ones, columns, starts), shape=(self.documents, len(names)))
        frequency = np.bincount(columns, minlength=len(names))
        self.rarity: NDArray[np.float32] = np.log(1 + self.documents / (1 + frequency)).astype(np.float32)
        self._weighted = self.graph.multiply(self.rarity).tocsr()
        length = np.sqrt(np.asarray(self._weighted.multiply(self._weighted).sum(axis=1)).ravel())
        self._length = np.maximum(length, np.finfo(np.float32).tiny).astype(np.float32)

    @classmethod
    def build(cls, texts: pl.Series) -> Self:
        """From what the documents say."""
        said = mentions(texts)
        names = said["name"].unique().sort()
        placed = said.join(pl.DataFrame({"name": names, "column": np.arange(len(names))}), on="name")
        rows = placed.sort("text", "column")
        starts = np.searchsorted(rows["text"].to_numpy(), np.arange(len(texts) + 1))
        return cls(names.to_list(), starts.astype(np.int64), rows["column"].to_numpy().astype(np.int32))

    def queries(self, texts: pl.Series) -> list[NDArray[np.int64]]:
        """The names, by their columns, that each text mentions; those that no document mentions are left out."""
        said = mentions(texts)
        known = said["name"].replace_strict(self._places, default=None, return_dtype=pl.Int64)
        rows = said.with_columns(column=known).drop_nulls("column").sort("text", "column")
        ends = np.searchsorted(rows["text"].to_numpy(), np.arange(len(texts) + 1))
        columns = rows["column"].to_numpy()
        return [columns[start:end] for start, end in pairwise(ends)]

    def scores(self, query: NDArray[np.int64]) -> Scores:
        """Cosine of the names, each as long as it is rare, (n,); 0 for documents that share none."""
        weights = np.zeros(len(self.names), dtype=np.float32)
        weights[query] = self.rarity[query]
        length = max(float(np.linalg.norm(weights)), float(np.finfo(np.float32).tiny))
        scores: Scores = (self._weighted @ weights) / self._length / np.float32(length)
        return scores

    def save(self, folder: Path) -> None:
        """Write arrays, and JSON."""
        folder.mkdir(parents=True, exist_ok=True)
        np.save(folder / STARTS, self.graph.indptr.astype(np.int64), allow_pickle=False)
        np.save(folder / COLUMNS, self.graph.indices.astype(np.int32), allow_pickle=False)
        (folder / SETTINGS).write_bytes(msgspec.json.encode(_Settings(FORMAT, self.names)))

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Open what `save` wrote.

        Raises `ArtifactDamaged` for what is no such index, and `FormatMismatch` for one of another format.
        """
        try:
            settings = msgspec.json.decode((folder / SETTINGS).read_bytes(), type=_Settings)
            starts = np.load(folder / STARTS, allow_pickle=False)
            columns = np.load(folder / COLUMNS, allow_pickle=False)
        except (OSError, EOFError, ValueError, msgspec.DecodeError) as error:
            message = f"{folder} is no index of names: {error}."
            raise ArtifactDamaged(f"{message} Delete that directory and run `ticketlake build`.") from None
        if settings.format != FORMAT:
            found = f"{folder} has format {settings.format}, expected {FORMAT}."
            raise FormatMismatch(f"{found} Run `ticketlake build` to make it again.")
        return cls(settings.names, starts, columns)
