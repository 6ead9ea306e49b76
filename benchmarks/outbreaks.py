"""Counts with outbreaks whose every case is known, and the true mean: drawn as the public evaluation set was.

After Noufaily et al., "An improved algorithm for outbreak detection in multiple surveillance systems", Statistics in
Medicine 32 (2013): seven levels with and without trend and with none, one or two waves a year; negative binomial
counts of variance `phi` x mean; outbreaks of Poisson(k x standard deviation) cases, spread log-normally. Daily series
have an office's weekdays besides.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]
SIZES = (2, 4, 8, 16)
"""k: an outbreak's expected cases, in standard deviations of the series at its start."""
OFFICE = (1.5, 1.3, 1.3, 1.25, 1.15, 0.25, 0.25)
PAST = 4
"""Outbreaks in the history of a third of the series."""


class Level(NamedTuple):
    """log mean = `theta` + `beta` x week + waves of `cosine` and `sine`; variance = `phi` x mean."""

    theta: float
    beta: float
    cosine: float
    sine: float
    phi: float


LEVELS = (
    Level(0.1, 0.0025, 0.6, 0.6, 1.5),
    Level(-2.0, 0.005, 0.1, 0.3, 2.0),
    Level(1.5, 0.003, 0.2, -0.4, 1.0),
    Level(0.5, 0.002, 0.5, 0.5, 5.0),
    Level(2.5, 0.001, 1.0, 0.1, 3.0),
    Level(3.75, 0.001, 0.1, -0.1, 1.1),
    Level(5.0, 0.0001, 0.05, 0.01, 1.2),
)


class Rhythm(NamedTuple):
    """What a frequency fixes: lengths in steps, and how cases follow an outbreak's start (log-normal, in steps)."""

    begin: date
    steps: int
    judged: int
    days: int
    log_mean: float


RHYTHMS = {
    "weekly": Rhythm(date(2020, 1, 6), 260, 49, 7, 0.0),
    "daily": Rhythm(date(2022, 9, 4), 850, 120, 1, float(np.log(2))),
}
LOG_SD = 0.5


@dataclass(frozen=True)
class Drawn:
    """Series of one frequency: `counts` and the true `mean` (series, time), `phi` a series, and what was planted."""

    names: tuple[str, ...]
    times: tuple[date, ...]
    counts: Counts
    mean: Floats
    phi: Floats
    truth: pl.DataFrame
    """`series`, `start`, `end` (both inside), `k`, `size`: the current outbreaks."""

    @property
    def judged(self) -> int:
        """The first step that is judged."""
        return len(self.times) - RHYTHMS["weekly" if len(self.times) == RHYTHMS["weekly"].steps else "daily"].judged


def draw(frequency: Literal["weekly", "daily"], series: int, seed: int) -> Drawn:
    """Series `i` has scenario `i` mod 42; two thirds have an outbreak now, a third had some before."""
    random, rhythm = np.random.default_rng([seed, len(frequency)]), RHYTHMS[frequency]
    times = tuple(rhythm.begin + timedelta(days=rhythm.days * step) for step in range(rhythm.steps))
    names = tuple(f"{frequency[0]}{place:03d}" for place in range(series))
    scenarios = [_scenario(place % 42) for place in range(series)]
    smooth = np.stack([_smooth(level, waves, times, random) for level, waves in scenarios])
    mean = smooth * np.stack([_weekdays(frequency, times, random) for _ in range(series)])
    phi = np.array([level.phi for level, _ in scenarios])
    counts = _negative_binomial(mean, phi[:, None], random)
    now = set(random.permutation(series)[: series * 2 // 3].tolist())
    before = set(random.permutation(series)[: series // 3].tolist())
    rows = []
    for place in range(series):
        spread = np.sqrt(phi[place] * smooth[place])
        first = rhythm.steps - rhythm.judged
        for start in random.integers(0, first, PAST) if place in before else ():
            counts[place] += _cases(int(start), float(random.choice(SIZES)), spread, rhythm, random)
        if place in now:
            k = int(SIZES[place % len(SIZES)])
            added = _cases(int(random.integers(first, rhythm.steps)), k, spread, rhythm, random)
            counts[place] += added
            hit = np.flatnonzero(added)
            rows.append((names[place], times[hit[0]], times[hit[-1]], k, int(added.sum())))
    truth = pl.DataFrame(rows, schema=["series", "start", "end", "k", "size"], orient="row")
    return Drawn(names, times, counts, mean, phi, truth)


def frame(drawn: Drawn) -> pl.DataFrame:
    """`series`, `time`, `count`: as a detector gets them."""
    size = len(drawn.times)
    return pl.DataFrame(
        {
            "series": np.repeat(drawn.names, size),
            "time": pl.Series(drawn.times * len(drawn.names), dtype=pl.Date),
            "count": drawn.counts.ravel(),
        }
    )


def draws(frequency: Literal["weekly", "daily"], series: int, seeds: range) -> Iterator[Drawn]:
    """One draw a seed."""
    yield from (draw(frequency, series, seed) for seed in seeds)


def _scenario(place: int) -> tuple[Level, int]:
    level = LEVELS[place // 6]
    waves = place % 3
    trend = level.beta * (place % 6 >= 3)
    return level._replace(beta=trend), waves


def _smooth(level: Level, waves: int, times: tuple[date, ...], random: np.random.Generator) -> Floats:
    week = np.array([(time - times[0]).days for time in times]) / 7
    angle = 2 * np.pi * (week + random.uniform(0, 52)) / 52
    log = level.theta + level.beta * week
    for wave in range(1, waves + 1):
        log = log + level.cosine * np.cos(wave * angle) + level.sine * np.sin(wave * angle)
    mean: Floats = np.exp(log)
    return mean


def _weekdays(frequency: str, times: tuple[date, ...], random: np.random.Generator) -> Floats:
    if frequency == "weekly":
        return np.ones(len(times))
    profile = np.array(OFFICE) ** random.uniform(0.3, 1)
    days: Floats = (profile / profile.mean())[[time.weekday() for time in times]]
    return days


def _negative_binomial(mean: Floats, phi: Floats, random: np.random.Generator) -> Counts:
    """Variance `phi` x mean; Poisson where `phi` is 1."""
    excess = np.maximum(phi - 1, 1e-9)
    rates = np.where(phi > 1, random.gamma(mean / excess, excess), mean)
    return random.poisson(rates).astype(np.int64)


def _cases(start: int, k: float, spread: Floats, rhythm: Rhythm, random: np.random.Generator) -> Counts:
    """Cases added to each step; those after the last step are not seen. Drawn again until at least one is seen."""
    while True:
        size = int(random.poisson(k * spread[start]))
        if size < 2:
            continue
        steps = start + np.floor(random.lognormal(rhythm.log_mean, LOG_SD, size)).astype(np.int64)
        added = np.bincount(steps[steps < len(spread)], minlength=len(spread))
        if added.any():
            return added
        start = start - 1
