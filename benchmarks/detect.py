"""Detection of outbreaks beside the detectors of dashboards and an oracle, and how quickly many series are scanned.

    python -m benchmarks.detect [--draws 5] [--series 210] [--many 10000]

Every draw is fresh (`benchmarks.outbreaks`). The oracle knows each series' true mean and dispersion and looks at one
count at a time. Detection takes one threshold for all series of a frequency, at which 1 % of the quiet steps alarm.
"""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from time import perf_counter, process_time
from typing import Literal

import numpy as np
import psutil
from numpy.typing import NDArray

from benchmarks import detectors
from benchmarks.figures import write_section
from benchmarks.outbreaks import SIZES, Drawn, draw, frame
from ml.anomaly.detect import backtest, score
from ml.anomaly.fitting import fit
from ml.anomaly.panel import Panel, panel
from ml.evaluate.outbreaks import Planted, delays, planted, threshold

Floats = NDArray[np.float64]
FREQUENCIES: tuple[Literal["weekly", "daily"], ...] = ("weekly", "daily")
RATES = (0.001, 0.005, 0.01, 0.02, 0.05)
LEVELS = ((0, 0.5), (0.5, 3), (3, 10), (10, 30), (30, 1000))
OURS, ORACLE = "ticketlake", "oracle"
NOMINAL = {"EARS C2": 2.326, "same weekdays": 2.326, ORACLE: 2.0, OURS: 2.0}
"""The score that a quiet step should pass once in a hundred times."""
RESAMPLES = 1000
FIRST_SEED = 90_000
DAYS = 730
TARGET = 60.0


@dataclass(frozen=True)
class Told:
    """One draw and what each method says of it."""

    drawn: Drawn
    truth: Planted
    scores: dict[str, Floats]


def told(frequency: Literal["weekly", "daily"], series: int, seed: int) -> Told:
    """Draw, and ask each method."""
    drawn = draw(frequency, series, seed)
    counts = panel(frame(drawn))
    ours = np.zeros(counts.counts.shape)
    for part in backtest(counts, first=drawn.judged):
        ours[:, part.first : part.first + part.counts.shape[1]] = part.score
    judged = np.broadcast_to(np.arange(counts.steps) >= drawn.judged, counts.counts.shape)
    scores = {
        "EARS C2": detectors.ears(drawn),
        "same weekdays": detectors.robust(drawn),
        ORACLE: detectors.oracle(drawn),
        OURS: ours,
    }
    return Told(drawn, planted(counts, drawn.truth, judged), scores)


def detected(one: Told, method: str, rate: float = 0.01) -> NDArray[np.bool_]:
    """Which outbreaks are found at that rate of false alarms."""
    values = one.scores[method]
    return ~np.isnan(delays(values > threshold(values, one.truth, rate), one.truth))


def gain(draws: Sequence[Told]) -> tuple[float, float, float]:
    """What we detect more than the oracle, with the 95 % interval of series resampled in pairs, thresholds anew."""
    random = np.random.default_rng(1)
    found = []
    for resample in range(RESAMPLES + 1):
        shares = []
        for one in draws:
            size = len(one.drawn.names)
            chosen = random.integers(0, size, size) if resample else np.arange(size)
            times = np.bincount(chosen, minlength=size).astype(np.float64)
            ours, oracle = (_weighted(one, method, times) for method in (OURS, ORACLE))
            shares.append(ours - oracle)
        found.append(float(np.mean(shares)))
    low, high = np.percentile(found[1:], [2.5, 97.5])
    return found[0], float(low), float(high)


def _weighted(one: Told, method: str, times: Floats) -> float:
    """Detection at 1 % where each series counts so many times."""
    values, best = _sorted(one, method)
    quiet, series = values
    upto = np.cumsum(times[series])
    limit = quiet[np.searchsorted(upto, upto[-1] * 0.01, side="right")]
    weights = times[one.truth.series]
    return float((weights * (best > limit)).sum() / weights.sum())


_ORDERED: dict[tuple[int, str], tuple[tuple[Floats, NDArray[np.int64]], Floats]] = {}


def _sorted(one: Told, method: str) -> tuple[tuple[Floats, NDArray[np.int64]], Floats]:
    key = (id(one), method)
    if key not in _ORDERED:
        values, truth = one.scores[method], one.truth
        series, _ = np.nonzero(truth.quiet)
        order = np.argsort(-values[truth.quiet], kind="stable")
        best = [
            values[place, first : last + 1][truth.judged[place, first : last + 1]].max()
            for place, first, last in zip(truth.series, truth.first, truth.last, strict=True)
        ]
        _ORDERED[key] = ((values[truth.quiet][order], series[order]), np.array(best))
    return _ORDERED[key]


def table(head: str, columns: Sequence[str], row: Callable[[str], Sequence[str]]) -> str:
    """One line a method."""
    lines = [f"| {head} | {' | '.join(columns)} |", f"| --- |{' ---: |' * len(columns)}"]
    lines += [f"| {method} | {' | '.join(row(method))} |" for method in NOMINAL]
    return "\n".join(lines)


def report(frequency: str, draws: Sequence[Told]) -> str:
    """Tables of one frequency."""
    hits = {method: np.concatenate([detected(one, method) for one in draws]) for method in NOMINAL}
    size = np.concatenate([one.drawn.truth["k"].to_numpy() for one in draws])
    level = np.concatenate([one.drawn.mean.mean(axis=1)[one.truth.series] for one in draws])

    def alarms(method: str) -> float:
        return float(np.mean([(one.scores[method] > NOMINAL[method])[one.truth.quiet].mean() for one in draws]))

    def late(method: str) -> str:
        found = np.concatenate([delays(one.scores[method] > NOMINAL[method], one.truth) for one in draws])
        return f"{np.nanmedian(found):.0f}"

    def by_rate(method: str) -> list[str]:
        shares = [np.mean(np.concatenate([detected(one, method, rate) for one in draws])) for rate in RATES]
        return [*(f"{share:.3f}" for share in shares), f"{alarms(method):.2%}", late(method)]

    def by_kind(method: str) -> list[str]:
        kinds = [size == k for k in SIZES] + [(level >= low) & (level < high) for low, high in LEVELS]
        return [f"{hits[method][kind].mean():.2f}" for kind in kinds]

    each = ", ".join(f"{detected(one, OURS).mean():.3f} ({detected(one, ORACLE).mean():.3f})" for one in draws)
    more, low, high = gain(draws)
    rates = [*(f"at {rate:.1%}" for rate in RATES), "alarms at a nominal 1 %", "median delay, steps"]
    kinds = [*(f"k = {k}" for k in SIZES), *(f"mean {low} to {high}" for low, high in LEVELS)]
    return "\n\n".join(
        (
            f"### {frequency.capitalize()} series",
            f"{len(size)} outbreaks in {len(draws)} draws; share detected by the rate of false alarms.",
            table("detected", rates, by_rate),
            "At 1 %, by outbreak size (k standard deviations) and by the series' mean:",
            table("detected", kinds, by_kind),
            f"Each draw, and the oracle: {each}. Ours minus the oracle's: {more:+.3f} (95 % of paired resamples: "
            f"{low:+.3f} to {high:+.3f}).",
        )
    )


def many(series: int, steps: int) -> Panel:
    """Daily series of all levels, with a week and a year."""
    random = np.random.default_rng(7)
    level = np.exp(random.normal(0, 1.5, (series, 1)))
    week = np.array([1.5, 1.3, 1.3, 1.25, 1.15, 0.25, 0.25])[np.arange(steps) % 7]
    year = 1 + 0.4 * np.sin(2 * np.pi * (np.arange(steps) / 365.25 + random.random((series, 1))))
    counts = random.negative_binomial(2 * level * week * year, 2 / 3).astype(np.float64)
    names = tuple(f"series {place}" for place in range(series))
    return Panel(names, "daily", datetime(2024, 1, 1, tzinfo=UTC), counts, np.zeros(series, dtype=np.int64))


def speed(series: int, weeks: int = 26, asked: int = 500) -> str:
    """The newest day of many series, a back-test of fewer, and one series' newest count."""
    data = many(series, DAYS + 1)
    began, used = perf_counter(), process_time()
    baseline = fit(data.upto(DAYS))
    last = score(baseline, data.counts[:, DAYS:])
    took, used = perf_counter() - began, process_time() - used
    memory = psutil.Process().memory_info().rss / 1e6
    few = data.take(np.arange(min(500, series)))
    began, scored = perf_counter(), 0
    for part in backtest(few, first=DAYS - weeks * 7):
        scored += part.counts.size
    rolled = perf_counter() - began
    one = baseline.take(np.array([0]))
    began = perf_counter()
    for count in range(asked):
        score(one, np.full((1, 1), float(count % 7)))
    single = (perf_counter() - began) / asked
    rows = (
        (f"newest day of {series:,} series with {DAYS} days", f"{took:.1f} s (target: under {TARGET:.0f} s)"),
        ("of which processor", f"{used:.1f} s"),
        ("memory of the process", f"{memory:,.0f} MB"),
        ("share of them that alarm at 1 %", f"{(last.combined < 0.01).mean():.2%}"),
        (f"back-test of {len(few.names)} series, {weeks} weekly fits", f"{scored / rolled:,.0f} scored days a second"),
        ("one count of one series, from a fitted state", f"{single * 1000:.2f} ms"),
    )
    return "\n".join(("| scan | |", "| --- | ---: |", *(f"| {name} | {value} |" for name, value in rows)))


def main() -> None:
    """Draw, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=5)
    parser.add_argument("--series", type=int, default=210)
    parser.add_argument("--many", type=int, default=10_000)
    asked = parser.parse_args()
    parts = []
    for frequency in FREQUENCIES:
        draws = [told(frequency, asked.series, FIRST_SEED + number) for number in range(asked.draws)]
        parts.append(report(frequency, draws))
        print(parts[-1], flush=True)
    parts.append("### Scanning\n\n" + speed(asked.many))
    print(parts[-1])
    write_section("Detection", "python -m benchmarks.detect", "\n\n".join(parts))


if __name__ == "__main__":
    main()
