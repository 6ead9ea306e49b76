"""BM25 as the library comes: what every other search is compared with."""

from typing import Any, Self

import numpy as np
import polars as pl
from numpy.typing import NDArray


class Textbook:
    """Title and text as one field of lower-case words, English stems and stop words, the library's own k1 and b."""

    def __init__(self, index: Any) -> None:
        """`index` is what `bm25s` built."""
        self._index = index

    @classmethod
    def build(cls, documents: pl.DataFrame) -> Self:
        """`documents` has title and body."""
        import bm25s

        index = bm25s.BM25()
        index.index(_tokens(documents), show_progress=False)
        return cls(index)

    def scores(self, asked: pl.DataFrame) -> NDArray[np.float32]:
        """How well each document fits one row of title and body, (n,); minus infinity where no word is shared."""
        known = self._index.get_tokens_ids(_tokens(asked)[0])
        found = self._index.get_scores_from_ids(known)
        return np.where(found > 0, found, np.float32(-np.inf))


def _tokens(rows: pl.DataFrame) -> list[list[str]]:
    import bm25s
    from Stemmer import Stemmer

    texts = rows.select(pl.concat_str("title", pl.lit(" "), "body")).to_series().to_list()
    found: list[list[str]] = bm25s.tokenize(
        texts, stopwords="en", stemmer=Stemmer("english"), return_ids=False, show_progress=False
    )
    return found
