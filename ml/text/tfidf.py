"""Words and pairs of neighbouring words, weighted by how much each tells (sublinear TF-IDF, unit length).

Weights as in Manning, Raghavan, Schütze, "Introduction to Information Retrieval" (2008), 6.2 and 6.4.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ml.text.terms import tokens

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

MAX_WORDS = 40_000
MAX_PAIRS = 80_000
SEEN_AT_LEAST = 3
_FEW_TEXTS = 32


class TfIdf:
    """A fixed vocabulary with weights. Columns are the words in order, then the pairs in order."""

    def __init__(self, words: Sequence[str], pairs: NDArray[np.int64], idf: NDArray[np.float32]) -> None:
        """`pairs` holds `first * len(words) + second` of known words, ascending; `idf` one weight a column."""
        self._words = list(words)
        self._pairs = pairs
        self._idf = idf
        self._column = {word: index for index, word in enumerate(self._words)}
        self._frame = pl.DataFrame({"token": self._words, "word": np.arange(len(self._words))}, schema=_WORD_SCHEMA)

    @property
    def columns(self) -> int:
        """How many terms are known."""
        return len(self._words) + len(self._pairs)

    @classmethod
    def fit(cls, texts: pl.Series) -> "TfIdf":
        """Learn the vocabulary: the most frequent terms of those that were seen at least `SEEN_AT_LEAST` times."""
        text, token = tokens(texts)
        counts = token.alias("token").value_counts(name="n").filter(pl.col("n") >= SEEN_AT_LEAST)
        frequent = counts.sort("n", "token", descending=[True, False]).head(MAX_WORDS)
        empty = cls(frequent["token"].sort().to_list(), np.empty(0, np.int64), np.empty(0, np.float32))
        codes, _ = empty._pair_codes(text, empty._word_ids(token))
        seen, n = np.unique(codes, return_counts=True)
        often = np.flatnonzero(n >= SEEN_AT_LEAST)
        top = often[np.argsort(-n[often], kind="stable")[:MAX_PAIRS]]
        unweighted = cls(empty._words, np.sort(seen[top]), np.empty(0, np.float32))
        counted = unweighted._count(text, token, len(texts))
        document_frequency = np.bincount(counted.indices, minlength=unweighted.columns)
        idf = np.log((1 + len(texts)) / (1 + document_frequency)) + 1
        return cls(unweighted._words, unweighted._pairs, idf.astype(np.float32))

    def transform(self, texts: pl.Series) -> "csr_matrix":
        """One row per text (float32, unit length; all zero where no term is known), one column per term."""
        from scipy.sparse import csr_matrix

        counted = self._count(*tokens(texts), len(texts))
        weights = (1 + np.log(counted.data)) * self._idf[counted.indices]
        rows = np.repeat(np.arange(len(texts)), np.diff(counted.indptr))
        length = np.sqrt(np.bincount(rows, weights=weights**2, minlength=len(texts)))
        scaled = (weights / length[rows]).astype(np.float32)
        return csr_matrix((scaled, counted.indices, counted.indptr), shape=counted.shape)

    def term(self, column: int) -> str:
        """The word, or the two words, of a column."""
        if column < len(self._words):
            return self._words[column]
        first, second = divmod(int(self._pairs[column - len(self._words)]), len(self._words))
        return f"{self._words[first]} {self._words[second]}"

    def state(self) -> dict[str, Any]:
        """What `TfIdf(**state)` makes the same object of: a list of strings and two arrays."""
        return {"words": self._words, "pairs": self._pairs, "idf": self._idf}

    def _count(self, text: NDArray[np.int64], token: pl.Series, height: int) -> "csr_matrix":
        from scipy.sparse import coo_matrix

        words = self._word_ids(token)
        codes, at = self._pair_codes(text, words)
        place = np.searchsorted(self._pairs, codes)
        hit = np.flatnonzero(place < len(self._pairs))
        hit = hit[self._pairs[place[hit]] == codes[hit]]
        known = words >= 0
        rows = np.concatenate([text[known], text[at[hit]]])
        columns = np.concatenate([words[known], place[hit] + len(self._words)])
        counted = coo_matrix((np.ones(len(rows), np.float32), (rows, columns)), shape=(height, self.columns)).tocsr()
        counted.sort_indices()
        return counted

    def _word_ids(self, token: pl.Series) -> NDArray[np.int64]:
        """The column of each token, -1 where it is unknown; a dictionary for one ticket, a join for many."""
        if len(token) < 200 * _FEW_TEXTS:
            return np.array([self._column.get(word, -1) for word in token], dtype=np.int64)
        joined = token.alias("token").to_frame().join(self._frame, on="token", how="left", maintain_order="left")
        return joined["word"].fill_null(-1).to_numpy()

    def _pair_codes(self, text: NDArray[np.int64], words: NDArray[np.int64]) -> tuple[NDArray[Any], NDArray[Any]]:
        """Codes of neighbouring known words of one text, and where the first of them stands."""
        together = (text[:-1] == text[1:]) & (words[:-1] >= 0) & (words[1:] >= 0)
        at = np.flatnonzero(together)
        return words[at] * len(self._words) + words[at + 1], at


_WORD_SCHEMA = {"token": pl.String, "word": pl.Int64}
