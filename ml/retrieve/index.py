"""An index: a base and a delta searched as one. What is asked by words and by meaning comes back with both scores."""

from collections.abc import Sequence
from typing import Self

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from ml.retrieve.segment import Segment
from warehouse.errors import ContractBroken

CANDIDATES = 200
"""How many are taken of each stage."""
SAMPLE = 2_000
"""Documents whose cosines tell what is usual for a question."""
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
Scores = NDArray[np.float32]


class Candidates(msgspec.Struct, frozen=True):
    """m documents. `keyword` and `dense` are in standard deviations above what is usual for the question; 0 stands in
    the place of a stage that was not asked."""

    places: Ints
    keyword: Scores
    dense: Scores
    cosines: Scores

    def take(self, rows: "Ints | Bools") -> "Candidates":
        """Some of them."""
        return Candidates(self.places[rows], self.keyword[rows], self.dense[rows], self.cosines[rows])


class Index:
    """Documents of all segments, those that are gone among them but never found. Threads may share one."""

    def __init__(self, segments: Sequence[Segment], *, seed: int = 0) -> None:
        """A base, and the deltas made beside it. Raises `ContractBroken` where they are not of one encoder."""
        base = segments[0]
        if any(other.encoder != base.encoder or other.key != base.key for other in segments):
            raise ContractBroken("segments of different encoders or keys do not make an index. Run `ticketlake build`.")
        self.documents = pl.concat([segment.documents for segment in segments])
        self.encoder, self.key = base.encoder, base.key
        self.ids: list[str] = self.documents[self.key].to_list()
        self._segments = tuple(segments)
        self._starts = np.cumsum([0, *(segment.documents.height for segment in segments)])
        gone = frozenset[str]().union(*(segment.tombstones for segment in segments[1:]))
        alive = np.ones(self.documents.height, dtype=bool)
        if gone:
            alive[: self._starts[1]] = ~base.documents[base.key].is_in(list(gone)).to_numpy()
        self._alive: Bools | None = None if alive.all() else alive
        self.meaning = all(segment.vectors.shape[1] for segment in segments)
        """Whether documents can be compared by meaning."""
        places = np.random.default_rng(seed).permutation(self.documents.height)[:SAMPLE]
        self._sample = self.vectors(np.sort(places)) if self.meaning else np.empty((0, 0), dtype=np.float32)

    @classmethod
    def of(cls, documents: pl.DataFrame, vectors: Scores, *, key: str, encoder: str) -> Self:
        """In memory, of one segment."""
        return cls([Segment.build(documents, vectors, key=key, encoder=encoder)])

    @property
    def alive(self) -> Bools:
        """Which documents may be found, (n,)."""
        return np.ones(self.documents.height, dtype=bool) if self._alive is None else self._alive

    def vectors(self, places: Ints) -> Scores:
        """Vectors of documents, (m, d)."""
        found = np.empty((len(places), self._segments[0].vectors.shape[1]), dtype=np.float32)
        for segment, start, end in self._parts():
            inside = (places >= start) & (places < end)
            found[inside] = segment.vectors[places[inside] - start]
        return found

    def search(
        self,
        asked: pl.DataFrame,
        vector: Scores | None,
        allowed: Bools | None = None,
        k: int = CANDIDATES,
        *,
        words: bool = True,
    ) -> Candidates:
        """The k best by words and the k best by meaning, with what both stages say of all of them.

        `asked` is one row of title, body, errors and language; `vector` (d,) stands for it, None: nothing is asked by
        meaning, nor where the vectors of documents are lost. `allowed` (n,) are the documents that may be found.
        """
        may = self._alive if allowed is None else allowed & self.alive
        vector = vector if self.meaning else None
        if (may is not None and not may.any()) or not self.documents.height:
            nothing = np.empty(0, dtype=np.float32)
            return Candidates(np.empty(0, dtype=np.int64), nothing, nothing, nothing)
        keyword = self._keyword(asked) if words else np.zeros(self.documents.height, dtype=np.float32)
        found = [_best(keyword, may, k)]
        if vector is not None:
            found.append(self._nearest(vector, may, k))
        places = np.unique(np.concatenate(found))
        if vector is None:
            cosines = usual = np.zeros(len(places), dtype=np.float32)
        else:
            cosines, usual = self.vectors(places) @ vector, self._sample @ vector
        said = keyword if may is None else keyword[may]
        return Candidates(places, _standard(keyword[places], said), _standard(cosines, usual), cosines)

    def _parts(self) -> "zip[tuple[Segment, int, int]]":
        return zip(self._segments, self._starts[:-1].tolist(), self._starts[1:].tolist(), strict=True)

    def _keyword(self, asked: pl.DataFrame) -> Scores:
        return np.concatenate([part.keyword.scores(part.keyword.queries(asked)[0]) for part in self._segments])

    def _nearest(self, vector: Scores, may: Bools | None, k: int) -> Ints:
        """Places by meaning. With tombstones alone the graph is asked for more, and those that are gone left out."""
        filtered = may is not None and may is not self._alive
        found = []
        for segment, start, end in self._parts():
            if not end - start:
                continue
            part = None if may is None else may[start:end]
            gone = 0 if part is None else int(end - start - part.sum())
            if part is not None and not filtered and gone < k:
                places = segment.nearest(vector, min(k + gone, end - start), None)
                places = places[part[places]]
            elif part is not None and not part.any():
                continue
            else:
                places = segment.nearest(vector, min(k, end - start), part)
            found.append(places + start)
        both = np.concatenate(found)
        if len(both) <= k:
            return both
        return both[np.argpartition(-(self.vectors(both) @ vector), k)[:k]]


def _best(scores: Scores, may: Bools | None, k: int) -> Ints:
    """Places of the k best scores above 0."""
    some = np.flatnonzero(scores > 0) if may is None else np.flatnonzero((scores > 0) & may)
    if len(some) <= k:
        return some
    return some[np.argpartition(-scores[some], k)[:k]]


def _standard(scores: Scores, usual: Scores) -> Scores:
    """Standard deviations above the mean of what is usual; 0 where all are alike."""
    deviation = float(usual.std()) if len(usual) else 0.0
    if deviation <= np.finfo(np.float32).eps:
        return np.zeros_like(scores)
    found: Scores = (scores - np.float32(usual.mean())) / np.float32(deviation)
    return found
