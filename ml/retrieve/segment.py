"""One segment of an index: documents, their words and their vectors, in files that never change.

A base has a graph of its vectors (HNSW, Malkov and Yashunin 2016, in Chroma); a delta is small, and compared whole.
"""

import shutil
from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from ml.retrieve.keyword import Keyword
from ml.text.encoder import Vectors
from warehouse.errors import ArtifactDamaged, FormatMismatch

FORMAT = 1
SETTINGS, DOCUMENTS, VECTORS, WORDS, GRAPH = "segment.json", "documents.arrow", "vectors.npy", "keyword", "chroma"
FIELDS = ("title", "body", "errors", "language")
"""What is searched by words; the other columns of documents are for filters, and to be shown."""
COLLECTION = "vectors"
HNSW = {"space": "ip", "ef_construction": 100, "max_neighbors": 16, "ef_search": 400}
"""With 200 in the search some questions that are far from all documents miss most of their nearest."""
FEWEST = 4_000
"""Documents from which a graph pays: fewer are compared whole in less time."""
BATCH = 5_000
BLOCK = 1 << 20
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]


class _Settings(msgspec.Struct, frozen=True):
    format: int
    encoder: str
    key: str
    tombstones: list[str]
    base: str | None
    words: str | None = None
    """Digest of the files that are searched by words."""


class Segment:
    """n documents in one order. Threads may share one."""

    def __init__(
        self,
        documents: pl.DataFrame,
        keyword: Keyword,
        vectors: Vectors,
        settings: _Settings,
        graph: "Graph | None" = None,
    ) -> None:
        """`vectors` are (n, d), rows of unit length, in the order of `documents`."""
        self.documents, self.keyword, self.vectors = documents, keyword, vectors
        self.encoder, self.key = settings.encoder, settings.key
        self.tombstones = frozenset(settings.tombstones)
        """Keys of documents of the base that are gone, or newer in here."""
        self.base = settings.base
        self._settings, self._graph = settings, graph

    @classmethod
    def build(cls, documents: pl.DataFrame, vectors: Vectors, *, key: str, encoder: str) -> Self:
        """A base. `documents` has `FIELDS`, and `key` that tells documents apart; `encoder` is a digest."""
        return cls(documents, Keyword.build(documents), vectors, _Settings(FORMAT, encoder, key, [], None))

    def delta(self, documents: pl.DataFrame, vectors: Vectors, tombstones: Sequence[str], digest: str) -> Self:
        """What is new since this base, whose artifact has that digest; `tombstones` are keys that it shall not show."""
        settings = _Settings(FORMAT, self.encoder, self.key, sorted(tombstones), digest)
        return type(self)(documents, self.keyword.beside(documents), vectors, settings)

    def nearest(self, query: NDArray[np.float32], k: int, allowed: Bools | None) -> Ints:
        """Places of about k nearest vectors, in no order; `allowed` (n,) are the only ones that may be found.

        What is filtered is compared whole: a walk through a graph of which most is not allowed finds too little.
        """
        if self._graph is not None and allowed is None:
            return self._graph.nearest(query, k)
        places = np.arange(len(self.vectors)) if allowed is None else np.flatnonzero(allowed)
        cosines = self.vectors[places] @ query if allowed is not None else self.vectors @ query
        return places if len(places) <= k else places[np.argpartition(-cosines, k)[:k]]

    def save(self, folder: Path) -> None:
        """Write arrays, Arrow, JSON, and Chroma's files."""
        self.documents.write_ipc(folder / DOCUMENTS, compression="uncompressed")
        np.save(folder / VECTORS, np.ascontiguousarray(self.vectors, dtype=np.float32), allow_pickle=False)
        self.keyword.save(folder / WORDS)
        settings = msgspec.structs.replace(self._settings, words=_digest(folder))
        (folder / SETTINGS).write_bytes(msgspec.json.encode(settings))
        if self.base is None and len(self.vectors) >= FEWEST:
            _grow(folder / GRAPH, self.vectors, self.documents)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Open what `save` wrote; arrays are mapped, Chroma is opened in a copy, because it writes where it reads.

        Raises `ArtifactDamaged` for what is no segment, and `FormatMismatch` for one of another format.
        """
        try:
            settings = msgspec.json.decode((folder / SETTINGS).read_bytes(), type=_Settings)
            if settings.format != FORMAT:
                found = f"{folder} has format {settings.format}, expected {FORMAT}."
                raise FormatMismatch(f"{found} Run `ticketlake build` to make it again.")
            documents = pl.read_ipc(folder / DOCUMENTS)
            vectors = np.load(folder / VECTORS, mmap_mode="r", allow_pickle=False)
            if len(vectors) != documents.height:
                raise ValueError(f"{len(vectors)} vectors of {documents.height} documents")
            graph = Graph.open(folder / GRAPH) if (folder / GRAPH).is_dir() else None
            return cls(documents, Keyword.load(folder / WORDS), vectors, settings, graph)
        except (OSError, EOFError, ValueError, pl.exceptions.PolarsError, msgspec.DecodeError) as error:
            message = f"{folder} is no segment of an index: {error}."
            raise ArtifactDamaged(f"{message} Delete that directory and run `ticketlake build`.") from None

    @classmethod
    def load_words(cls, folder: Path) -> Self:
        """With nothing that is compared by meaning: what is left of a damaged one, where its words are as written.

        Raises `ArtifactDamaged` where they are not.
        """
        try:
            settings = msgspec.json.decode((folder / SETTINGS).read_bytes(), type=_Settings)
            if settings.format != FORMAT or settings.words != _digest(folder):
                raise ValueError("its words were changed")
            documents = pl.read_ipc(folder / DOCUMENTS)
            nothing = np.empty((documents.height, 0), dtype=np.float32)
            return cls(documents, Keyword.load(folder / WORDS), nothing, settings)
        except (OSError, EOFError, ValueError, pl.exceptions.PolarsError, msgspec.DecodeError) as error:
            message = f"{folder} is no segment of an index: {error}."
            raise ArtifactDamaged(f"{message} Delete that directory and run `ticketlake build`.") from None


def _digest(folder: Path) -> str:
    """BLAKE2b (128 bit, hex) over names and bytes of documents and words."""
    total = blake2b(digest_size=16)
    for path in (folder / DOCUMENTS, *sorted((folder / WORDS).rglob("*"))):
        if path.is_file():
            total.update(f"{path.relative_to(folder).as_posix()}\0{path.stat().st_size}\0".encode())
            with path.open("rb") as file:
                while block := file.read(BLOCK):
                    total.update(block)
    return total.hexdigest()


class Graph:
    """Chroma's collection of a segment's vectors, in a directory of our own that goes with us."""

    def __init__(self, place: "TemporaryDirectory[str]") -> None:
        """`place` holds the copy. The first search loads the graph."""
        self._place = place
        self._collection = _client(Path(place.name)).get_collection(COLLECTION, embedding_function=None)
        dimension = self._collection.get(limit=1, include=["embeddings"])["embeddings"].shape[1]
        self.nearest(np.ones(dimension, dtype=np.float32), 1)

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Raises `ArtifactDamaged` for what Chroma cannot read."""
        place = TemporaryDirectory(prefix="ticketlake-chroma-", ignore_cleanup_errors=True)
        try:
            shutil.copytree(folder, place.name, dirs_exist_ok=True)
            return cls(place)
        except Exception as error:  # whatever Chroma says of files that it cannot read
            place.cleanup()
            message = f"{folder} cannot be opened by Chroma: {type(error).__name__}: {error}."
            raise ArtifactDamaged(f"{message} Delete its directory and run `ticketlake build`.") from None

    def nearest(self, query: NDArray[np.float32], k: int) -> Ints:
        """Places of the k nearest, nearest first."""
        found = self._collection.query(query_embeddings=query[None], n_results=k, include=[])
        return np.array([int(place) for place in found["ids"][0]], dtype=np.int64)


def _grow(folder: Path, vectors: Vectors, documents: pl.DataFrame) -> None:
    """A collection whose ids are places, with the columns that one may filter by as metadata.

    With all of them in one batch Chroma writes its graph to the disk; what it only queues it links anew when opened.
    """
    size = {"batch_size": len(vectors), "sync_threshold": len(vectors), "num_threads": 2}
    client = _client(folder)
    collection = client.create_collection(COLLECTION, configuration={"hnsw": {**HNSW, **size}}, embedding_function=None)
    told = documents.select(
        pl.col(name).dt.epoch("s") if dtype.is_temporal() else pl.col(name)
        for name, dtype in documents.schema.items()
        if name not in FIELDS[:3] and not dtype.is_nested()
    )
    for start in range(0, len(vectors), BATCH):
        rows = told.slice(start, BATCH).to_dicts()
        collection.add(
            ids=[str(start + place) for place in range(len(rows))],
            embeddings=vectors[start : start + BATCH],
            metadatas=[{name: value for name, value in row.items() if value is not None} for row in rows],
        )
    collection.query(query_embeddings=vectors[:1], n_results=1, include=[])
    client.close()


def _client(folder: Path) -> Any:
    import chromadb
    from chromadb.config import Settings

    return chromadb.PersistentClient(str(folder), Settings(anonymized_telemetry=False))
