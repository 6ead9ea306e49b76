"""All stages over the same documents, each alone and together."""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ml.retrieve.closeness import Closeness
from ml.retrieve.dense import Dense
from ml.retrieve.entities import Entities
from ml.retrieve.fusion import Fusion
from ml.retrieve.keyword import Keyword
from ml.text.encoder import Encoder

SINGLE = ("keyword", "dense")
METHODS = (*SINGLE, "fusion", "finder")
PLAIN = frozenset({"entities", "time"})
FUSION = Fusion({"keyword": 0.6, "dense": 1.5})
FINDER = Fusion({"keyword": 0.6, "dense": 1.5, "title": 0.3, "entities": 0.3, "time": 1.0}, PLAIN)
"""Shipped weights, rounded from what `fit` found on pseudo-queries and on simulated tickets, so that a sum is in nats.

Pseudo-queries of bug reports (title → body; title and every other sentence → the other sentences) gave words and
meaning, simulated tickets of one cause the titles; names count little, for words hold them whole; time counts as it is.
"""
Bools = NDArray[np.bool_]
Scores = NDArray[np.float32]


@dataclass(frozen=True)
class Finder:
    """Indexes of n documents, in one order."""

    keyword: Keyword
    dense: Dense
    titles: Dense
    entities: Entities
    closeness: Closeness
    days: NDArray[np.float64]
    fusion: Fusion = FUSION
    weights: Fusion = FINDER

    @classmethod
    def build(cls, documents: pl.DataFrame, encoder: Encoder, *, seed: int) -> Self:
        """`documents` are `prepared`."""
        keyword, dense = Keyword.build(documents), Dense.build(documents, encoder)
        own = keyword.queries(documents)
        everything = np.ones(documents.height, dtype=bool)

        def similar(place: int) -> Scores:
            signals = {"keyword": keyword.scores(own[place]), "dense": dense.scores(dense.own(place))}
            return FUSION.combine(signals, everything)

        days = documents["days"].fill_null(np.nan).to_numpy()
        return cls(
            keyword=keyword,
            dense=dense,
            titles=Dense.build(_titles(documents), encoder),
            entities=Entities.build(_said(documents)),
            closeness=Closeness.learn(days, similar, seed=seed),
            days=days,
        )

    def scores(self, asked: pl.DataFrame, encoder: Encoder, allowed: Bools, method: str) -> Scores:
        """How well each document fits by one of `METHODS`, (n,); minus infinity for what was not found.

        `asked` is one row, `prepared`; `allowed` are the documents that may be found.
        """
        if method == "dense":
            return self._dense(asked, encoder)
        if method == "keyword":
            found = self._keyword(asked)
            return np.where(found > 0, found, np.float32(-np.inf))
        if method == "fusion":
            both = {"keyword": self._keyword(asked), "dense": self._dense(asked, encoder)}
            return self.fusion.combine(both, allowed)
        return self.weights.combine(self.signals(asked, encoder), allowed)

    def signals(self, asked: pl.DataFrame, encoder: Encoder) -> dict[str, Scores]:
        """What each stage says about each document, (n,)."""
        return {
            "keyword": self._keyword(asked),
            "dense": self._dense(asked, encoder),
            "title": self.titles.scores(self.titles.queries(_titles(asked), encoder)[0]),
            "entities": self.entities.scores(self.entities.queries(_said(asked))[0]),
            "time": self.closeness.scores(self.days, asked["days"][0]),
        }

    def weighted(self, weights: dict[str, float]) -> Self:
        """The same with other weights; a signal that is not named keeps its own."""
        both = Fusion({name: weights.get(name, weight) for name, weight in self.fusion.weights.items()})
        everything = {name: weights.get(name, weight) for name, weight in self.weights.weights.items()}
        return replace(self, fusion=both, weights=Fusion(everything, PLAIN))

    def _keyword(self, asked: pl.DataFrame) -> Scores:
        return self.keyword.scores(self.keyword.queries(asked)[0])

    def _dense(self, asked: pl.DataFrame, encoder: Encoder) -> Scores:
        return self.dense.scores(self.dense.queries(asked, encoder)[0])


def _said(rows: pl.DataFrame) -> pl.Series:
    """Title and body as one text."""
    return rows.select(pl.concat_str("title", pl.lit("\n"), "body")).to_series()


def _titles(rows: pl.DataFrame) -> pl.DataFrame:
    """Titles alone; of what has none, the first line."""
    first = pl.col("body").str.strip_chars().str.split("\n").list.first().fill_null("")
    return rows.select(title=pl.when(pl.col("title") != "").then("title").otherwise(first), body=pl.lit(""))
