"""How often chance alone would show as much, and what people's judgements say about that.

Only what a detector tells is seen, so a p-value counts as a share of the largest one of its kind that is told: where
nothing is wrong, such shares are uniform. Those of one kind and day look at the same tickets and are combined as such
(Liu and Xie, "Cauchy combination test", JASA 2020); days and kinds are taken to be independent (Fisher's method, on
what was truncated: Zaykin et al., "Truncated product method for combining p-values", 2002).
"""

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

import polars as pl

from ml.anomaly.incident import Signal

USUAL_LEVEL = 0.01
"""The largest p-value that is told, of a kind that has told too little to say."""
ENOUGH = 20
"""Signals of a kind from which its own largest p-value counts."""
SHORTEST = 1 / 12
"""Years over which signals are counted at least."""
TRUE_A_YEAR = 12.0
"""Incidents a year that are real, before anything is known of a desk."""
HALF_LIFE = timedelta(days=90)
"""After so long a judgement weighs half."""
SERIES_PRIOR, KIND_PRIOR = 0.1, 5.0
"""Pseudo-counts of the Beta prior of the share of false incidents, of one series and of a whole kind."""
LEAST, MOST = 1e-300, 0.99

K = TypeVar("K")
Doubts = Mapping[tuple[str, str, str], float]
"""By kind, dimension and series (the last two empty: any other of the kind) how many times a p-value counts."""


@dataclass(frozen=True)
class Rates:
    """What detectors tell where nothing is wrong: the largest p-value by kind, and signals a year of all kinds."""

    level: Mapping[str, float] = field(default_factory=dict)
    chance_a_year: float = 20.0


@dataclass(frozen=True)
class Judgement:
    """What somebody said about an incident that had a signal of this series."""

    incident_id: str
    kind: str
    dimension: str
    series: str
    false: bool
    at: datetime


def rates(told: pl.DataFrame, now: datetime) -> Rates:
    """From all signals so far (`kind`, `p`, `known_at`).

    Shares above one half are hardly ever real: twice as many a year are chance (Storey, "A direct approach to false
    discovery rates", JRSS B 2002), and one more of each kind that was not seen yet.
    """
    if told.is_empty():
        return Rates()
    first: datetime = told["known_at"].min()  # type: ignore[assignment]
    years = max(SHORTEST, (now - first) / timedelta(days=365))
    largest = pl.col("p").max()
    level = pl.when(pl.len() >= ENOUGH).then(largest).otherwise(pl.max_horizontal(largest, pl.lit(USUAL_LEVEL)))
    kinds = told.group_by("kind").agg("p", level=level.clip(LEAST, 1.0))
    weak = kinds.explode("p").filter(pl.col("p") > pl.col("level") / 2).height + kinds.height
    return Rates(dict(kinds.select("kind", "level").iter_rows()), 2 * weak / years)


def chance(signals: Iterable[Signal], known: Rates, doubted: Doubts) -> float:
    """Times a year that chance alone would tell as much as these signals together."""
    days: dict[tuple[str, str], list[float]] = {}
    for one in signals:
        doubt = doubted.get((one.kind, one.dimension, one.series), doubted.get((one.kind, "", ""), 1.0))
        share = one.p / known.level.get(one.kind, USUAL_LEVEL) * doubt
        days.setdefault((one.kind, one.window_start.date().isoformat()), []).append(share)
    return known.chance_a_year * fisher([cauchy(shares) for shares in days.values()])


def probability(a_year: float) -> float:
    """That it is real: among real incidents, of which there are so many a year, and those of chance that look alike."""
    return TRUE_A_YEAR / (TRUE_A_YEAR + a_year)


def doubts(judged: Iterable[Judgement], now: datetime) -> dict[tuple[str, str, str], float]:
    """How many times p-values count for those who were told too often.

    The odds that an incident of the series is false, posterior mean over prior mean under a Beta prior: dismissals
    against acknowledgements, of the series and, more slowly, of the kind; older ones weigh less. Never below 1.
    """
    series: dict[tuple[str, tuple[str, str, str], bool], datetime] = {}
    kinds: dict[tuple[str, str, bool], datetime] = {}
    for one in sorted(judged, key=lambda judgement: judgement.at):
        series[one.incident_id, (one.kind, one.dimension, one.series), one.false] = one.at
        kinds[one.incident_id, one.kind, one.false] = one.at
    own = _counted(((key, false, at) for (_, key, false), at in series.items()), now)
    whole = _counted(((kind, false, at) for (_, kind, false), at in kinds.items()), now)
    usual = {kind: _odds(counts, KIND_PRIOR) for kind, counts in whole.items()}
    found = {key: max(1.0, _odds(counts, SERIES_PRIOR) * usual[key[0]]) for key, counts in own.items()}
    return {**found, **{(kind, "", ""): max(1.0, odds) for kind, odds in usual.items()}}


def cauchy(values: Collection[float]) -> float:
    """One p-value of several that may depend on each other."""
    turned = [1 / math.tan(math.pi * min(MOST, max(LEAST, value))) for value in values]
    return math.atan2(1.0, math.fsum(turned) / len(turned)) / math.pi


def fisher(values: Collection[float]) -> float:
    """One p-value of several independent ones: the tail of chi-square with two degrees of freedom for each."""
    half = math.fsum(-math.log(min(1.0, max(LEAST, value))) for value in values)
    if half == 0.0:
        return 1.0
    terms = (degree * math.log(half) - math.lgamma(degree + 1) - half for degree in range(len(values)))
    return min(1.0, math.fsum(math.exp(term) for term in terms))


def _counted(judged: Iterable[tuple[K, bool, datetime]], now: datetime) -> dict[K, list[float]]:
    """Acknowledgements and dismissals by what they concern, older ones weighing less."""
    counts: dict[K, list[float]] = {}
    for key, false, at in judged:
        counts.setdefault(key, [0.0, 0.0])[false] += 0.5 ** (max(timedelta(), now - at) / HALF_LIFE)
    return counts


def _odds(counts: list[float], prior: float) -> float:
    confirmed, dismissed = counts
    return (prior + dismissed) / (prior + confirmed)
