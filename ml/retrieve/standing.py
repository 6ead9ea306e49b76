"""How well solutions and articles work now, and on one version: rates of what was tried, the old counting less.

An attempt that is `HALF` old weighs half as much as one of now. Rates are shrunk twice (see `ml.retrieve.success`): a
solution's rate everywhere towards what is usual, and its rate on a version towards its rate everywhere:

    everywhere = (won + mean * strength) / (tried + strength)
    there      = (won there + everywhere * WITHIN) / (tried there + WITHIN)

Sums are of weights. `mean` and `strength` are those of the prior that all of them tell.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ml.retrieve.found import Fared
from ml.retrieve.success import Prior, prior

HALF = timedelta(days=90)
WITHIN = 4.0
"""Attempts that the rate everywhere weighs on a version: so few that a regression shows within days."""
MOST = 1.25
"""By how much belief grows at most: what works better than it did is found by its likeness, not by its rate alone."""
COLUMNS = ("target_id", "product", "product_version", "succeeded", "weight", "at")
Floats = NDArray[np.float64]


class Standing:
    """Rates of now. It does not change; make it again when more was tried."""

    def __init__(self, tried: pl.DataFrame) -> None:
        """`tried`: one row per attempt (`COLUMNS`). Now is the newest of them."""
        now = tried["at"].max()
        age = (pl.lit(now) - pl.col("at")).dt.total_microseconds() / (HALF / timedelta(microseconds=1))
        weighed = tried.with_columns(_tried=pl.col("weight") * 0.5**age).with_columns(
            _won=pl.when("succeeded").then("_tried").otherwise(0.0)
        )
        sums = (pl.col("_tried").sum(), pl.col("_won").sum())
        every = weighed.group_by("target_id").agg(*sums).sort("target_id")
        self.prior: Prior = prior(every["_won"], every["_tried"])
        self._every = {name: (t, w) for name, t, w in every.iter_rows()}
        there = weighed.drop_nulls("product_version").group_by("target_id", "product", "product_version").agg(*sums)
        self._there = {(name, (p, v)): (t, w) for name, p, v, t, w in there.iter_rows()}

    def fared(self, target_id: str, version: tuple[str | None, str | None] | None = None) -> Fared:
        """Everywhere, or on a version of a product; the usual rate for what was never tried."""
        tried, won = self._every.get(target_id, (0.0, 0.0))
        rate = (won + self.prior.mean * self.prior.strength) / (tried + self.prior.strength)
        if version is None or version[1] is None:
            return Fared(tried=tried, won=won, rate=rate)
        tried, won = self._there.get((target_id, version), (0.0, 0.0))
        return Fared(tried=tried, won=won, rate=(won + rate * WITHIN) / (tried + WITHIN))

    def moved(
        self, belief: Floats, names: Sequence[str], known: Mapping[str, float], version: tuple[str | None, str | None]
    ) -> Floats:
        """Belief in these, (c,), by what is known now: times the rate there over `known`, which it was formed with.

        Together they are believed in no more than wholly, and in less where all of them fail.
        """
        ratio = np.array([self.fared(name, version).rate / max(known[name], 1e-6) for name in names])
        found: Floats = belief * np.minimum(ratio, MOST)
        return found / max(1.0, float(found.sum()))
