"""Learning baselines: thousands of series in one vectorised pass.

Regression as in Noufaily et al., "An improved algorithm for outbreak detection in multiple surveillance systems"
(Statistics in Medicine 32, 2013), with coefficients and dispersions drawn towards what the pool has.
"""

from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ml.anomaly import absent, calendar, dispersion, occasions, pool, regression
from ml.anomaly.baseline import Baseline, Common
from ml.anomaly.dispersion import Moderation
from ml.anomaly.lasting import LEAST_MEAN, Memory, follow, ratios
from ml.anomaly.null import curves
from ml.anomaly.occasions import Effects
from ml.anomaly.panel import STEP, Frequency, Panel
from ml.anomaly.regression import Design, Fit, Prior

Floats = NDArray[np.float64]
RECENT: dict[Frequency, int] = {"weekly": 2, "daily": 7, "hourly": 72}
"""Newest steps that are not learned from: an outbreak that has just begun is not what is normal."""
OWN: dict[Frequency, int] = {"weekly": 26, "daily": 56, "hourly": 24 * 21}
"""Steps of history from which a series speaks for itself; below, its baseline leans on the pool."""
CYCLE: dict[Frequency, int] = {"weekly": 4, "daily": 7, "hourly": 24 * 7}
REMEMBERED: dict[Frequency, int] = {"weekly": 48, "daily": 48, "hourly": 96}
"""Steps before the fit in which an outbreak that is still in progress may have begun."""
ROUNDS = 3
CHUNK = 365_000
"""Counts that are fitted at once: what bounds the memory, at about 100 bytes each."""
SAMPLE = 500
SAMPLED = 2_000_000
"""Series, and counts, that the pool is learned from; where there are more, spread evenly over them."""
FIRST_PHI = 1.5


@dataclass(frozen=True)
class _Data:
    """Some series on a design; `group` says which occasion a step is part of."""

    history: Panel
    design: Design
    group: occasions.Groups | None

    @property
    def counts(self) -> Floats:
        return self.history.counts

    @property
    def known(self) -> NDArray[np.bool_]:
        """What is learned from; of a short history all."""
        steps, frequency = np.arange(self.history.steps), self.history.frequency
        long = self.history.steps - self.history.starts >= OWN[frequency]
        last = np.where(long, self.history.steps - RECENT[frequency], self.history.steps)
        return (steps >= self.history.starts[:, None]) & (steps < last[:, None])


@dataclass(frozen=True)
class _Fitted:
    fit: Fit
    phi: Floats
    raw: Floats
    freedom: Floats
    kept: Floats
    """Share of the mean that the weighting of anomalies leaves."""


def fit(history: Panel, events: pl.DataFrame | None = None) -> Baseline:
    """Learn from `history`; of a long one the newest steps only tell whether an outbreak is in progress.

    `events` are holidays and releases (`occasions.COLUMNS`), future ones included.
    """
    seasons = history.steps * STEP[history.frequency].total_seconds() / 86400 >= calendar.SEASON_NEEDS
    steps = np.arange(history.steps)
    rows = calendar.terms(history.begin, history.frequency, steps, origin=history.steps, seasons=seasons)
    design = Design.of(rows)
    common, sample = _common(history, design, events, seasons=seasons)
    if sample.names == history.names:
        return replace(sample, common=common)
    parts = np.array_split(np.arange(len(history.names)), max(1, -(-history.counts.size // CHUNK)))
    return joined([_part(history.take(part), design, events, common, seasons=seasons) for part in parts])


def _common(history: Panel, design: Design, events: pl.DataFrame | None, *, seasons: bool) -> tuple[Common, Baseline]:
    """Learned from a sample of the pool, first without occasions, then with them; and the sample's own baseline."""
    most = min(SAMPLE, max(1, SAMPLED // max(history.steps, 1)))
    places = np.unique(np.linspace(0, len(history.names) - 1, most).astype(np.int64))
    sample = history.take(places)
    spreads = calendar.spreads(history.frequency, seasons=seasons)
    data = _Data(sample, design, occasions.groups(events, sample, 0, history.steps))
    level = np.log((data.counts.sum() + 0.5) / (data.known.sum() + 0.5))
    cautious = pool.cautious(spreads, float(level))
    found = _rounds(data, cautious, Moderation(), Effects.none())
    effects = Effects.none()
    if data.group is not None:
        effects = occasions.learn(data.counts, _means(data, found), found.phi, data.known, data.group)
        found = _rounds(data, cautious, Moderation(), effects)
    prior, groups = pool.learn(found.fit, cautious), calendar.optional(history.frequency, seasons=seasons)
    moderation = Moderation.learn(found.raw, found.freedom)
    again = _rounds(data, prior, moderation, effects).fit
    chances = absent.learn(again.coefficients, again.covariance(prior), prior, groups)
    common = Common(prior, moderation, chances, effects, np.zeros(1))
    baseline = _part(sample, design, events, common, seasons=seasons)
    return replace(common, curve=_curve(baseline)), baseline


def _part(history: Panel, design: Design, events: pl.DataFrame | None, common: Common, *, seasons: bool) -> Baseline:
    data = _Data(history, design, occasions.groups(events, history, 0, history.steps))
    found = _rounds(data, common.prior, common.dispersion, common.effects)
    coefficients, covariance = absent.average(
        found.fit.coefficients,
        found.fit.covariance(common.prior),
        common.prior,
        calendar.optional(history.frequency, seasons=seasons),
        common.absent,
    )
    coefficients[:, 0] -= np.log(found.kept)
    lengths = history.steps - history.starts
    kind = np.where(lengths >= OWN[history.frequency], 2, 1) * (lengths.max(initial=0) > 0)
    baseline = Baseline(
        history.names, history.frequency, history.begin, history.steps, seasons, coefficients,
        covariance, found.phi, kind.astype(np.int8), common, Memory.fresh(len(history.names)),
    )  # fmt: skip
    return replace(baseline, memory=_memory(baseline, history, events))


def _rounds(data: _Data, prior: Prior, moderation: Moderation, effects: Effects) -> _Fitted:
    """Fit, see which counts were anomalies and how wide the others spread, fit again."""
    counts, known = data.counts, data.known.astype(np.float64)
    offset = effects.log[data.group] if data.group is not None else None
    differing = effects.variance[data.group] if data.group is not None else None
    phi, weights, kept = np.full(len(counts), FIRST_PHI), known, np.ones(len(counts))
    found = regression.fit(data.design, counts, weights, phi, prior, offset=offset)
    for _ in range(ROUNDS):
        mean = regression.means(data.design, found.coefficients, offset) / kept[:, None]
        settled = np.einsum("spq,sqp->s", found.information, found.covariance(prior))
        raw, freedom = dispersion.estimate(counts, mean, weights, phi, settled)
        phi = moderation.moderate(raw, freedom)
        weights = known * dispersion.anomaly_weights(counts, mean, phi)
        if differing is not None:
            weights = weights / (1 + mean * differing / phi[:, None])
        level = (known * mean).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
        kept = dispersion.lost(level, phi)[0]
        found = regression.fit(data.design, counts, weights, phi, prior, offset=offset, begin=found.coefficients)
    return _Fitted(found, phi, raw, freedom, kept)


def _means(data: _Data, found: _Fitted) -> Floats:
    return regression.means(data.design, found.fit.coefficients, None) / found.kept[:, None]


def _memory(baseline: Baseline, history: Panel, events: pl.DataFrame | None) -> Memory:
    """Whether an outbreak is in progress when the history ends."""
    first = max(0, history.steps - REMEMBERED[history.frequency])
    group = occasions.groups(events, history, first, history.steps)
    mean, variance = baseline.expected(first, history.steps, group)
    mean = np.maximum(mean, LEAST_MEAN)
    shifts, rises = ratios(history.counts[:, first:], mean, baseline.phi[:, None] + mean * variance)
    known = np.arange(first, history.steps) >= history.starts[:, None]
    shifts, rises = np.where(known[:, :, None], shifts, 1.0), np.where(known, rises, 0.0)
    return follow(shifts, rises, Memory.fresh(len(history.names)))[2]


def _curve(baseline: Baseline) -> Floats:
    """What quiet odds are over all series and one cycle of the calendar."""
    last = baseline.fitted + CYCLE[baseline.frequency]
    mean, variance = baseline.expected(baseline.fitted, last)
    phi = np.broadcast_to(baseline.phi[:, None], mean.shape).ravel()
    flat, error = mean.ravel(), (mean * variance).ravel() / phi
    total, size = 0.0, 0
    for part in np.array_split(np.arange(len(flat)), max(1, len(flat) // 2000)):
        total = total + np.exp(curves(flat[part], phi[part], error[part])).sum(axis=0)
        size += len(part)
    found: Floats = np.log(total / size)
    return found


def joined(parts: list[Baseline]) -> Baseline:
    """Baselines of several parts of one pool, as one."""
    first = parts[0]
    return replace(
        first,
        names=tuple(name for part in parts for name in part.names),
        coefficients=np.concatenate([part.coefficients for part in parts]),
        covariance=np.concatenate([part.covariance for part in parts]),
        phi=np.concatenate([part.phi for part in parts]),
        kind=np.concatenate([part.kind for part in parts]),
        memory=Memory(
            np.concatenate([part.memory.sizes for part in parts]), np.concatenate([part.memory.sum for part in parts])
        ),
    )
