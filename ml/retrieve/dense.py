"""Search by meaning: the exact cosine between vectors of an encoder; of a long text the best passage counts."""

from itertools import pairwise
from pathlib import Path
from typing import Any, Self

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from ml.retrieve.passages import passages
from ml.text.encoder import Encoder, Vectors
from warehouse.errors import ArtifactDamaged, FormatMismatch

FORMAT = 1
SETTINGS, VECTORS, FIRST = "dense.json", "vectors.npy", "first.npy"
Scores = NDArray[np.float32]


class Dense:
    """Vectors of the passages of n documents, in order; rows of unit length."""

    def __init__(self, vectors: Vectors, first: NDArray[np.int64], encoder: str) -> None:
        """`first` is where each document's passages begin; every document has one. `encoder` is the digest."""
        self._vectors, self._first = vectors, first
        self.encoder = encoder
        self.documents = len(first)

    @classmethod
    def build(cls, documents: pl.DataFrame, encoder: Encoder) -> Self:
        """`documents` has title and body."""
        vectors, starts = _encoded(documents, encoder)
        return cls(vectors, starts[:-1], encoder.digest)

    def queries(self, asked: pl.DataFrame, encoder: Encoder) -> list[Vectors]:
        """What each row of title and body asks for: vectors of its passages.

        Raises `FormatMismatch` for another encoder than the documents were encoded by.
        """
        if encoder.digest != self.encoder:
            found = f"the encoder has digest {encoder.digest}, the vectors were made by {self.encoder}"
            raise FormatMismatch(f"{found}. Build the index again, or ask with that encoder.")
        vectors, starts = _encoded(asked, encoder)
        return [vectors[start:end] for start, end in pairwise(starts)]

    def own(self, document: int) -> Vectors:
        """What a document would ask for."""
        end = self._first[document + 1] if document + 1 < self.documents else len(self._vectors)
        return self._vectors[self._first[document] : end]

    def scores(self, query: Vectors) -> Scores:
        """Cosine of each document's best passage, (n,), the mean over the passages (m, dimension) of who asks."""
        best = np.maximum.reduceat(self._vectors @ query.T, self._first, axis=0)
        scores: Scores = best.mean(axis=1)
        return scores

    def save(self, folder: Path) -> None:
        """Write arrays, and JSON."""
        folder.mkdir(parents=True, exist_ok=True)
        np.save(folder / VECTORS, self._vectors, allow_pickle=False)
        np.save(folder / FIRST, self._first, allow_pickle=False)
        (folder / SETTINGS).write_bytes(msgspec.json.encode({"format": FORMAT, "encoder": self.encoder}))

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Open what `save` wrote; its arrays are mapped, not read.

        Raises `ArtifactDamaged` for what is no such index, and `FormatMismatch` for one of another format.
        """
        try:
            settings = msgspec.json.decode((folder / SETTINGS).read_bytes(), type=dict[str, Any])
            if settings["format"] != FORMAT:
                found = f"{folder} has format {settings['format']}, expected {FORMAT}."
                raise FormatMismatch(f"{found} Run `ticketlake build` to make it again.")
            vectors = np.load(folder / VECTORS, mmap_mode="r", allow_pickle=False)
            first = np.load(folder / FIRST, mmap_mode="r", allow_pickle=False)
            return cls(vectors, first, settings["encoder"])
        except (OSError, EOFError, ValueError, KeyError, msgspec.DecodeError) as error:
            message = f"{folder} is no index of vectors: {error}."
            raise ArtifactDamaged(f"{message} Delete that directory and run `ticketlake build`.") from None


def _encoded(rows: pl.DataFrame, encoder: Encoder) -> tuple[Vectors, NDArray[np.int64]]:
    """Vectors of all passages, each of unit length, and where each row's begin, with the end."""
    cut = passages(rows["title"], rows["body"])
    vectors = encoder.encode(cut["passage"].to_list())
    length = np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), np.finfo(np.float32).tiny)
    starts = np.searchsorted(cut["text"].to_numpy(), np.arange(rows.height + 1))
    return vectors / length, starts.astype(np.int64)
