"""Whether a sentence is tied to kinds of tickets or spread over all, and whether two are tied to the same.

Counts of a sentence over the values of a column (a view) are drawn from a Dirichlet-multinomial around what is usual:
with a large concentration they are spread as everything is, with a small one they keep to a few values (Minka,
"Estimating a Dirichlet distribution", 2000). The concentrations are those that make the counts most likely.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

Floats = NDArray[np.float64]
CONCENTRATIONS: Floats = np.geomspace(0.1, 3_000, 60)
ROUNDS = 50


class View(NamedTuple):
    """Counts of n sentences over k values, (n, k), and how usual each value is, (k,)."""

    counts: Floats
    usual: Floats


Views = Mapping[str, View]


def view(said: pl.DataFrame, values: pl.DataFrame, rows: int) -> View:
    """From `said` (row, ticket_id), each pair once, and `values` (ticket_id, value), nulls left out."""
    known = values.drop_nulls("value")
    names = known["value"].unique().sort()
    coded = known.with_columns(pl.col("value").cast(pl.Enum(names)).to_physical().cast(pl.Int64))
    joined = said.join(coded, on="ticket_id")
    counts = np.zeros((rows, len(names)))
    np.add.at(counts, (joined["row"].to_numpy(), joined["value"].to_numpy()), 1)
    usual: Floats = np.bincount(coded["value"].to_numpy(), minlength=len(names)).astype(np.float64) + 0.5
    return View(counts, usual / max(float(usual.sum()), 1.0))


def likelihood(counts: Floats, pseudo: Floats) -> Floats:
    """Log-likelihood of each row of counts (n, k) under a Dirichlet-multinomial with these pseudo-counts (k,)."""
    from scipy.special import gammaln

    if not len(pseudo):
        return np.zeros(counts.shape[:-1])

    total = pseudo.sum()
    drawn = (gammaln(counts + pseudo) - gammaln(pseudo)).sum(axis=-1)
    found: Floats = gammaln(total) - gammaln(total + counts.sum(axis=-1)) + drawn
    return found


def tied(views: Views) -> Floats:
    """Probability that each sentence is tied to kinds of tickets, (n,): a mixture of two, by expectation-maximisation.

    Where a mixture explains the counts no better than one kind does (Bayes information criterion), all are spread.
    """
    table = _table(views)
    kinds = len(table)
    if not table.size or not table.shape[1]:
        return np.zeros(table.shape[1])
    spread, close = np.full(kinds, len(CONCENTRATIONS) - 1), np.full(kinds, len(CONCENTRATIONS) // 3)
    share = 0.5
    for _ in range(ROUNDS):
        odds = np.log(share / (1 - share)) + _at(table, close) - _at(table, spread)
        chance = 1 / (1 + np.exp(-np.clip(odds, -500, 500)))
        share = float(np.clip(chance.mean(), 1e-6, 1 - 1e-6))
        before = (close.tolist(), spread.tolist())
        close = (table * chance[None, :, None]).sum(axis=1).argmax(axis=1)
        spread = (table * (1 - chance)[None, :, None]).sum(axis=1).argmax(axis=1)
        if (close.tolist(), spread.tolist()) == before:
            break
    one = table.sum(axis=1).max(axis=1).sum()
    two = np.logaddexp(np.log(share) + _at(table, close), np.log(1 - share) + _at(table, spread)).sum()
    if 2 * (two - one) <= (kinds + 1) * np.log(table.shape[1]):
        return np.zeros(table.shape[1])
    found: Floats = chance
    return found


def concentrated(views: Views) -> dict[str, Floats]:
    """Pseudo-counts of each view under which its rows are most likely."""
    best = _table(views).sum(axis=1).argmax(axis=1)
    return {name: CONCENTRATIONS[at] * views[name].usual for name, at in zip(views, best, strict=True)}


def _table(views: Views) -> Floats:
    """Log-likelihoods by view, row and concentration."""
    return np.stack([np.stack([likelihood(v.counts, c * v.usual) for c in CONCENTRATIONS], 1) for v in views.values()])


def _at(table: Floats, places: NDArray[np.int64]) -> Floats:
    found: Floats = np.stack([rows[:, place] for rows, place in zip(table, places, strict=True)]).sum(axis=0)
    return found
