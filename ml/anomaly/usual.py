"""What tickets usually say: how near each new sentence comes to those of earlier weeks, and which come near none.

Distance to the nearest neighbour as a measure of novelty, judged by its rank among those of earlier sentences
(conformal anomaly detection: Laxhammar and Falkman, "Sequential conformal anomaly detection in trajectories", 2011).
A sentence that is like one of the past stands for nothing new and is not kept, so that memory grows with what is new.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
RECENT: Final = timedelta(days=14)
"""What is said for so long is still new: sentences are compared with those that are older."""
LIKE = 0.65
"""Cosine from which one sentence stands for another."""
STRANGE = 0.3
"""Share of sentences never said before that are farthest from the past."""
LEAST_PAST = 200
"""Older sentences that there must be; with fewer everything would be new."""
MOST_PAST = 20_000
"""Older sentences that are compared with: the last to be said first."""
SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "text_hash": pl.String,
    "first_at": pl.Datetime("us", "UTC"),
    "nearest": pl.Float64,
    "strange": pl.Boolean,
}
Vectors = NDArray[np.float32]


class Usual:
    """What was said first, and when, as far as it is needed to judge what comes next."""

    def __init__(self, said: pl.DataFrame, vectors: Vectors) -> None:
        """`said` (`SCHEMA`, by `first_at`) are sentences that were judged; `vectors` (n, d) those of the kept ones."""
        self._at = _micro(said.filter(kept()), "first_at")
        self._vectors = vectors
        self._judged_at = _micro(said, "first_at")
        self._nearest = said["nearest"].fill_null(np.nan).to_numpy()

    def judge(self, new: pl.DataFrame, vectors: Vectors) -> pl.DataFrame:
        """Rows of `SCHEMA`, one a sentence of `new` (text_hash, first_at; in that order) with its vector (n, d).

        Judged day by day (UTC) on what was said before that day, so that batches may end anywhere between days.
        """
        days = new["first_at"].dt.truncate("1d")
        parts = [pl.DataFrame(schema=SCHEMA)]
        for day in days.unique().sort():
            mine = np.flatnonzero((days == day).to_numpy())
            parts.append(self._day(new[mine], vectors[mine], day))
        return pl.concat(parts)

    def alike(self, vectors: Vectors, before: datetime, least: Sequence[float]) -> list[int]:
        """How many kept sentences, first said before then, have at least these cosines with one of `vectors` (n, d)."""
        nearest = (self._past(_stamp(before)) @ vectors.T).max(axis=1)
        return [int((nearest >= one).sum()) for one in least]

    def _day(self, new: pl.DataFrame, vectors: Vectors, day: datetime) -> pl.DataFrame:
        past = self._past(_stamp(day - RECENT))
        if len(past) >= LEAST_PAST:
            nearest = (vectors @ past.T).max(axis=1).astype(np.float64)
            earlier = self._nearest[self._judged_at < _stamp(day)]
            earlier = earlier[~np.isnan(earlier)]
            limit = min(LIKE, float(np.quantile(earlier, STRANGE))) if len(earlier) >= LEAST_PAST else -1.0
        else:
            nearest, limit = np.full(len(new), np.nan), -1.0
        judged = new.select("text_hash", "first_at").with_columns(
            nearest=pl.Series(nearest, dtype=pl.Float64).fill_nan(None), strange=pl.Series(nearest < limit)
        )
        mine = judged.select(kept()).to_series().to_numpy()
        self._keep(_micro(judged.filter(kept()), "first_at"), vectors[mine])
        self._judged_at = np.concatenate([self._judged_at, _micro(judged, "first_at")])
        self._nearest = np.concatenate([self._nearest, nearest])
        return judged

    def _keep(self, at: NDArray[np.int64], vectors: Vectors) -> None:
        self._at, self._vectors = np.concatenate([self._at, at]), np.concatenate([self._vectors, vectors])
        if (np.diff(self._at) < 0).any():
            order = np.argsort(self._at, kind="stable")
            self._at, self._vectors = self._at[order], self._vectors[order]

    def _past(self, before: int) -> Vectors:
        end = int(np.searchsorted(self._at, before))
        return self._vectors[max(0, end - MOST_PAST) : end]


def kept() -> pl.Expr:
    """Whether a judged sentence is like none before it, and later ones are compared with it."""
    return pl.col("nearest").is_null() | (pl.col("nearest") < LIKE)


def _stamp(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(microseconds=1)


def _micro(rows: pl.DataFrame, column: str) -> NDArray[np.int64]:
    return rows[column].cast(pl.Datetime("us", "UTC")).cast(pl.Int64).to_numpy()
