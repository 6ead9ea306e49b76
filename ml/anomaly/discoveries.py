"""Which of many p-values are worth an incident: the false discovery rate, under a setting that people understand.

Series form trees: a product has versions. Evidence is summed up from the leaves (Simes) and tested from the top down,
each family at the share of its kin that was found (Benjamini and Hochberg, 1995; Yekutieli, "Hierarchical false
discovery rate-controlling methodology", JASA 2008; Bogomolov et al., "Hypotheses on a tree", Biometrika 2021).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Places = NDArray[np.int64]
FALSE_INCIDENTS_A_YEAR = 2.0
HIGHEST = 0.2
"""Of the rate, however many false incidents are allowed."""


@dataclass(frozen=True)
class Discoveries:
    """Of S series: `found`, and the nearest series above that was found too and explains it, -1 for none."""

    found: NDArray[np.bool_]
    explained_by: Places
    rate: float

    @property
    def incidents(self) -> NDArray[np.bool_]:
        """Found, and explained by nothing above."""
        found: NDArray[np.bool_] = self.found & (self.explained_by < 0)
        return found


def rate(false_incidents_a_year: float, scans_a_year: float) -> float:
    """The false discovery rate of one scan. Where nothing is wrong, such a share of scans finds anything at all."""
    return min(HIGHEST, false_incidents_a_year / scans_a_year)


def discover(
    p: Floats,
    parent: Places,
    *,
    scans_a_year: float,
    false_incidents_a_year: float = FALSE_INCIDENTS_A_YEAR,
) -> Discoveries:
    """Test `p` (series,) of one scan; `parent` holds the place of the series above each, -1 at the top.

    Series that count the same tickets by other things (region, language) are trees of their own beside each other.
    Raises `ValueError` where a series stands above itself.
    """
    depth = _depths(parent)
    level = rate(false_incidents_a_year, scans_a_year)
    subtree = _summed_up(p, parent, depth)
    found, open_ = np.zeros(len(p), dtype=np.bool_), np.zeros(len(p), dtype=np.bool_)
    allowed = np.zeros(len(p))
    top = np.flatnonzero(parent < 0)
    chosen = _step_up(subtree[top], np.zeros(len(top), dtype=np.int64), np.full(1, level), 1)
    open_[top], allowed[top] = chosen, level * chosen.mean() if len(top) else 0.0
    for at in range(int(depth.max(initial=0)) + 1):
        heads = np.flatnonzero(open_ & (depth == at))
        if not len(heads):
            break
        number = np.full(len(p), -1)
        number[heads] = np.arange(len(heads))
        below = np.flatnonzero((parent >= 0) & (number[np.maximum(parent, 0)] >= 0))
        family = np.concatenate([number[heads], number[parent[below]]])
        values = np.concatenate([p[heads], subtree[below]])
        chosen = _step_up(values, family, allowed[heads], len(heads))
        found[heads], open_[below] = chosen[: len(heads)], chosen[len(heads) :]
        share = np.bincount(family, weights=chosen, minlength=len(heads)) / np.bincount(family, minlength=len(heads))
        allowed[below] = (allowed[heads] * share)[number[parent[below]]]
    return Discoveries(found, _above(found, parent, depth), level)


def _depths(parent: Places) -> Places:
    depth, above = np.zeros(len(parent), dtype=np.int64), parent.copy()
    for _ in range(len(parent) + 1):
        deeper = above >= 0
        if not deeper.any():
            return depth
        depth[deeper] += 1
        above[deeper] = parent[above[deeper]]
    raise ValueError("a series stands above itself; expected `parent` to lead to -1 from everywhere.")


def _summed_up(p: Floats, parent: Places, depth: Places) -> Floats:
    """Simes' p-value of each series with all below it."""
    found = p.copy()
    for at in range(int(depth.max(initial=0)), 0, -1):
        below = np.flatnonzero(depth == at)
        heads, family = np.unique(parent[below], return_inverse=True)
        values = np.concatenate([found[heads], found[below]])
        families = np.concatenate([np.arange(len(heads)), family])
        scaled = values * np.bincount(families)[families] / _ranks(values, families)
        best = np.full(len(heads), np.inf)
        np.minimum.at(best, families, scaled)
        found[heads] = np.minimum(best, 1.0)
    return found


def _step_up(values: Floats, family: Places, level: Floats, families: int) -> NDArray[np.bool_]:
    """Benjamini and Hochberg's procedure in each family at its own level."""
    size = np.bincount(family, minlength=families)[family]
    passed = values <= level[family] * _ranks(values, family) / size
    highest = np.full(families, -1.0)
    np.maximum.at(highest, family[passed], values[passed])
    found: NDArray[np.bool_] = values <= highest[family]
    return found


def _ranks(values: Floats, family: Places) -> Floats:
    """From 1 for the smallest of each family."""
    order = np.lexsort((values, family))
    sizes = np.bincount(family)
    begins = np.cumsum(sizes) - sizes
    ranks = np.empty(len(values))
    ranks[order] = np.arange(len(values)) - begins[family[order]] + 1
    return ranks


def _above(found: NDArray[np.bool_], parent: Places, depth: Places) -> Places:
    nearest = np.full(len(parent), -1, dtype=np.int64)
    for at in range(1, int(depth.max(initial=0)) + 1):
        here = np.flatnonzero(depth == at)
        head = parent[here]
        nearest[here] = np.where(found[head], head, nearest[head])
    return nearest
