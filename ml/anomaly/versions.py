"""Rows of versions: each day's tickets among those of the product, by how releases are taken up."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ml.anomaly import series
from ml.anomaly.adoption import AGES, PAST, Adoption, learned, share
from ml.anomaly.counts import quantile
from ml.anomaly.detect import ALPHA
from ml.anomaly.discoveries import FALSE_INCIDENTS_A_YEAR, rate
from ml.anomaly.panel import STEP, panel
from ml.anomaly.series import DIMENSIONS
from ml.anomaly.watch import YEAR
from warehouse.contracts.anomalies import VOLUME

Floats = NDArray[np.float64]
DAY = STEP["daily"]
LEARNED_AGAIN = 7
"""Days after which it is learned anew how releases are taken up."""
STRAYED = 1e-5
"""Below this probability of any of its versions, a product's day says nothing about how shares go on."""
LATELY = 3
"""Days that tell the share of a version whose customers are still coming."""
_VERSION = next(dimension for dimension in DIMENSIONS if dimension.name == "version")
_UNKNOWN = -10_000


@dataclass(frozen=True)
class _Days:
    """Versions by days: their tickets, those of their product, and on which day they were released."""

    names: tuple[str, ...]
    begin: datetime
    tickets: Floats
    within: Floats
    product: NDArray[np.int64]
    released: NDArray[np.int64]


def taken_up(
    tickets: pl.DataFrame,
    first: datetime,
    last: datetime,
    *,
    false_incidents_a_year: float = FALSE_INCIDENTS_A_YEAR,
) -> pl.DataFrame:
    """Rows of `anomalies/volume` of the days from `first` to before `last`."""
    known = tickets.drop_nulls(["product", "product_version"])
    if known.is_empty():
        return pl.DataFrame(schema=VOLUME.schema)
    days = _days(known, last)
    p, expected = _followed(days)
    level = rate(false_incidents_a_year, YEAR / DAY)
    found = []
    for at in range(max(0, (first - days.begin) // DAY), (last - days.begin) // DAY):
        there = np.flatnonzero(days.within[:, at] > 0)
        alarm = _step_up(p[there, at], level)
        found.append(_rows(days, at, there, (p[there, at], expected[there, at], alarm)))
    return pl.concat(found) if found else pl.DataFrame(schema=VOLUME.schema)


def _days(tickets: pl.DataFrame, last: datetime) -> _Days:
    counts = panel(series.counted(tickets, "1d", [_VERSION]), frequency="daily", until=last - DAY)
    products = [name.partition(" / ")[0] for name in counts.names]
    _, product = np.unique(products, return_inverse=True)
    within = np.zeros_like(counts.counts)
    for one in range(product.max() + 1):
        within[product == one] = counts.counts[product == one].sum(axis=0)
    ages = tickets.select(
        "product", "product_version", born=pl.col("created_at") - pl.duration(days=pl.col("product_version_age_days"))
    )
    born = {
        series.of("version", f"{name} / {number}"): at
        for name, number, at in ages.group_by("product", "product_version").agg(pl.col("born").median()).iter_rows()
    }
    first = np.argmax(counts.counts > 0, axis=1)
    released = [
        (at - counts.begin) // DAY if (at := born.get(name)) is not None else int(start) if start else _UNKNOWN
        for name, start in zip(counts.names, first, strict=True)
    ]
    return _Days(counts.names, counts.begin, counts.counts, within, product.astype(np.int64), np.array(released))


def _followed(days: _Days) -> tuple[Floats, Floats]:
    """Probabilities and expected counts (versions, days), each day by what was known before it."""
    size, length = days.tickets.shape
    p, expected, before = np.ones((size, length)), np.zeros((size, length)), np.zeros((size, length))
    strayed = np.zeros((size, length), dtype=np.bool_)
    adoption: Adoption | None = None
    for at in range(PAST, length):
        before[:, at] = _share(days, strayed, at)
        fresh = (at - days.released >= 0) & (at - days.released < PAST)
        launch = _launched(days, strayed, at)
        before[fresh, at] = launch[(at - days.released)[fresh]]
        if adoption is None or at % LEARNED_AGAIN == 0:
            adoption = _learned(days, before, strayed, at)
        there = (days.within[:, at] > 0) & ~np.isnan(before[:, at])
        p[there, at], expected[there, at] = adoption.p(
            days.tickets[there, at], days.within[there, at], before[there, at], (at - days.released)[there]
        )
        for one in np.unique(days.product[p[:, at] < STRAYED]):
            strayed[days.product == one, at] = True
    return p, expected


def _launched(days: _Days, strayed: NDArray[np.bool_], at: int) -> Floats:
    """Shares of earlier versions by day after their release, up to a week; nan before any was released."""
    found = np.full(PAST, np.nan)
    for age in range(PAST):
        day = days.released + age
        known = np.flatnonzero((day >= 0) & (day < at))
        known = known[~strayed[known, day[known]]]
        within = days.within[known, day[known]].sum()
        if within > 0:
            found[age] = share(days.tickets[known, day[known]].sum(), within, len(AGES))
    return found


def _share(days: _Days, strayed: NDArray[np.bool_], at: int) -> Floats:
    """Of each version, over the last week, of a young one over its last days; without those that strayed, as long as
    these are the fewer: what stays is how it is now."""
    young = at - days.released < AGES[-1]
    begin = at - PAST
    there = np.where(young[:, None], np.arange(begin, at) >= at - LATELY, True)
    calm = there & ~strayed[:, begin:at]
    weights = np.where(calm.sum(axis=1, keepdims=True) * 2 > there.sum(axis=1, keepdims=True), calm, there)
    tickets, within = ((counts[:, begin:at] * weights).sum(axis=1) for counts in (days.tickets, days.within))
    beside = np.bincount(days.product)[days.product]
    return share(tickets, within, int(beside.max()))


def _learned(days: _Days, before: Floats, strayed: NDArray[np.bool_], at: int) -> Adoption:
    """From all days before that were like others."""
    known = ~strayed[:, PAST:at] & ~np.isnan(before[:, PAST:at])
    ages = np.arange(PAST, at) - days.released[:, None]
    tickets, within, told = (one[:, PAST:at][known] for one in (days.tickets, days.within, before))
    return learned(tickets, within, told, ages[known])


def _step_up(p: Floats, level: float) -> NDArray[np.bool_]:
    """Benjamini and Hochberg's procedure."""
    order = np.argsort(p)
    passed = p[order] <= level * np.arange(1, len(p) + 1) / len(p)
    found = np.zeros(len(p), dtype=np.bool_)
    found[order[: np.flatnonzero(passed).max() + 1 if passed.any() else 0]] = True
    return found


def _rows(
    days: _Days, at: int, there: NDArray[np.int64], judged: tuple[Floats, Floats, NDArray[np.bool_]]
) -> pl.DataFrame:
    """Of one day: versions that are `there`, with probability, expected count and whether they are an alarm."""
    p, usual, alarm = judged
    start = days.begin + at * DAY
    rows = pl.DataFrame(
        {
            "series": [series.named(days.names[place])[1] for place in there],
            "tickets": days.tickets[there, at].astype("int64"),
            "expected": usual,
            "upper": quantile(ALPHA, usual, np.ones(len(usual))),
            "p": p,
            "alarm": alarm,
        }
    )
    made = rows.with_columns(
        dimension=pl.lit("version"),
        frequency=pl.lit("day"),
        window_start=pl.lit(start),
        score=-pl.col("p").log10(),
        baseline=pl.lit("pooled"),
        known_at=pl.when("alarm").then(pl.lit(start + DAY)),
    )
    return made.select([pl.col(name).cast(dtype) for name, dtype in VOLUME.schema.items()])
