"""Stage by stage: what each way of finding solutions is worth on the same queries, in all and by kind of query."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ml.evaluate.rankings import interval, worth
from warehouse.errors import ContractBroken

MEASURES = ("recall@10", "ndcg@10", "mrr@10", "first_success")
"""`first_success`: how often the first suggestion resolves the ticket."""
JUDGED_BY = "ndcg@10"
"""By which the best single stage is chosen."""
RANDOM = "random"
DRAWS = 20
"""Random rankings of each query: their mean is the floor."""
FEWEST = 20
"""A kind of query that fewer are of says nothing, and is left out."""
OVERALL = "overall"
ALL = "all"
SCHEMA = {
    "dimension": pl.String,
    "segment": pl.String,
    "method": pl.String,
    "measure": pl.String,
    "queries": pl.Int64,
    "value": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "best_single": pl.String,
    "over_best": pl.Float64,
    "over_best_low": pl.Float64,
    "over_best_high": pl.Float64,
}
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Case:
    """One query: canonical ids that truly solve it, each with the remedy it stands for, and how often ids resolve it.

    Several ids may stand for one remedy: whoever finds one has found it, and another of the same gains nothing more.
    Without `success`, a suggestion resolves what it truly solves.
    """

    query: str
    relevant: Mapping[str, str]
    success: Mapping[str, float] | None = None


def ablation(
    cases: Sequence[Case],
    rankings: Mapping[str, Sequence[Sequence[str]]],
    *,
    single: Sequence[str],
    pool: Sequence[str],
    groups: pl.DataFrame | None = None,
    dimension: str = OVERALL,
    seed: int,
) -> pl.DataFrame:
    """One row per kind of query, method and measure (columns `SCHEMA`); intervals hold 95 % of bootstrap resamples.

    `rankings`: by method, for each case the ids found, best first. `single`: the methods that are one stage; the best
    of them by `JUDGED_BY` is what every method is compared with, the same queries drawn for both. `pool`: every id
    that might have been found, of which `RANDOM` draws. `groups`: a row a case, in their order, and a column a
    dimension; null belongs nowhere. `dimension`: what all of them are called together, for questions of another kind
    (such as those across languages) whose rows are put below others.

    Queries that nothing solves are not asked. Raises `ContractBroken` where lengths differ.
    """
    _check(cases, rankings, groups, single)
    asked = [place for place, case in enumerate(cases) if case.relevant]
    if not asked:
        return pl.DataFrame(schema=SCHEMA)
    chosen = [cases[place] for place in asked]
    values = {method: _measured(chosen, [found[place] for place in asked]) for method, found in rankings.items()} | {
        RANDOM: _floor(chosen, pool, seed)
    }
    best = max(single, key=lambda method: float(values[method][JUDGED_BY].mean()))
    rows = []
    for name, segment, members in _segments(len(asked), groups[asked] if groups is not None else None, dimension):
        for method, measures in values.items():
            for measure in MEASURES:
                ours, theirs = measures[measure][members], values[best][measure][members]
                bound, over = interval(ours, seed), interval(ours - theirs, seed)
                compared = (None, None, None) if method == best else (over.value, over.low, over.high)
                of = (name, segment, method, measure, len(ours))
                rows.append((*of, bound.value, bound.low, bound.high, best, *compared))
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def _check(
    cases: Sequence[Case],
    rankings: Mapping[str, Sequence[Sequence[str]]],
    groups: pl.DataFrame | None,
    single: Sequence[str],
) -> None:
    unequal = [f"{name} has {len(found)}" for name, found in rankings.items() if len(found) != len(cases)]
    if groups is not None and groups.height != len(cases):
        unequal.append(f"groups have {groups.height}")
    if unequal:
        raise ContractBroken(f"an ablation of {len(cases)} queries: {', '.join(unequal)}. Give one for each query.")
    if not single or not set(single) <= set(rankings):
        raise ContractBroken(
            f"an ablation of {', '.join(rankings)}: expected single stages among them, found {single}."
        )


def _measured(cases: Sequence[Case], rankings: Sequence[Sequence[str]]) -> dict[str, Floats]:
    worths = [_worth(case, ranking) for case, ranking in zip(cases, rankings, strict=True)]
    return {measure: np.array([one[measure] for one in worths]) for measure in MEASURES}


def _worth(case: Case, ranking: Sequence[str]) -> dict[str, float]:
    numbers = {remedy: number for number, remedy in enumerate(dict.fromkeys(case.relevant.values()))}
    places = np.full(len(ranking), -1, np.int64)
    seen: set[str] = set()
    for place, id_ in enumerate(ranking):
        remedy = case.relevant.get(id_)
        if remedy is not None and remedy not in seen:
            places[place] = numbers[remedy]
            seen.add(remedy)
    return {**worth(places, dict.fromkeys(numbers.values(), 1.0)), "first_success": _resolves(case, ranking)}


def _resolves(case: Case, ranking: Sequence[str]) -> float:
    if not ranking:
        return 0.0
    return float(ranking[0] in case.relevant) if case.success is None else case.success.get(ranking[0], 0.0)


def _floor(cases: Sequence[Case], pool: Sequence[str], seed: int) -> dict[str, Floats]:
    """What picking at random from the pool is worth: the mean of `DRAWS` rankings of each query."""
    rng = np.random.default_rng(seed)
    ids = np.array(pool, dtype=object)
    drawn = [
        _measured(cases, [rng.choice(ids, min(10, len(ids)), replace=False).tolist() for _ in cases])
        for _ in range(DRAWS)
    ]
    return {measure: np.mean([draw[measure] for draw in drawn], axis=0) for measure in MEASURES}


def _segments(count: int, groups: pl.DataFrame | None, dimension: str) -> list[tuple[str, str, NDArray[np.int64]]]:
    found = [(dimension, ALL, np.arange(count))]
    for column in [] if groups is None else groups.cast(pl.String).get_columns():
        for segment in sorted(column.drop_nulls().unique()):
            members = (column == segment).fill_null(False).arg_true().to_numpy().astype(np.int64)
            if len(members) >= FEWEST:
                found.append((column.name, segment, members))
    return found
