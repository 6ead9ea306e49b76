"""Small plots as SVG, made of classes alone: a page's own style sheet colours them, light or dark."""

from collections.abc import Sequence
from datetime import datetime
from html import escape
from math import floor, log10

import msgspec

WIDTH, HEIGHT = 480, 170
LEFT, RIGHT, TOP, BOTTOM = 54, 10, 12, 24
TICKS = 4


class Spot(msgspec.Struct, frozen=True, kw_only=True):
    """A value at a time, with the ends of its interval."""

    at: datetime
    value: float
    low: float | None = None
    high: float | None = None


class Plot(msgspec.Struct, frozen=True, kw_only=True):
    """One plot. `expected` is drawn dashed, `limit` as a line across; `percent`: values are shares."""

    title: str
    spots: Sequence[Spot]
    expected: Sequence[Spot] = ()
    limit: float | None = None
    percent: bool = False
    note: str = ""


def told(plot: Plot, value: float) -> str:
    """A value as people read it."""
    return f"{value:.0%}" if plot.percent else f"{value:,.3g}" if abs(value) < 1000 else f"{value:,.0f}"


def drawn(plot: Plot) -> str:
    """The SVG; empty where there is nothing to draw. Everything that anybody wrote is escaped."""
    if not plot.spots:
        return ""
    times = [one.at for one in (*plot.spots, *plot.expected)]
    first, last = min(times), max(times)
    highest = _highest(plot)

    def place(at: datetime, value: float) -> tuple[float, float]:
        share = (at - first) / (last - first) if last > first else 0.5
        x = LEFT + share * (WIDTH - LEFT - RIGHT)
        return round(x, 1), round(HEIGHT - BOTTOM - min(1.0, max(0.0, value / highest)) * (HEIGHT - TOP - BOTTOM), 1)

    band = [one for one in (plot.expected or plot.spots) if one.low is not None and one.high is not None]
    edge = [place(one.at, one.high or 0.0) for one in band] + [place(one.at, one.low or 0.0) for one in reversed(band)]
    line = [place(one.at, one.value) for one in plot.spots]
    newest = plot.spots[-1]
    label = escape(f"{plot.title}. Newest, {newest.at:%Y-%m-%d}: {told(plot, newest.value)}.")
    return "".join(
        [
            f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{label}">',
            _grid(plot, highest),
            f'<polygon class="band" points="{_path(edge)}"/>' if len(band) > 1 else "",
            _limit(plot, highest),
            _line("expected", [place(one.at, one.value) for one in plot.expected]),
            _line("actual", line),
            "".join(_dot(plot, one, *at) for one, at in zip(plot.spots, line, strict=True)) if len(line) <= 60 else "",
            _time(first, LEFT, "start"),
            _time(last, WIDTH - RIGHT, "end") if last > first else "",
            "</svg>",
        ]
    )


def _highest(plot: Plot) -> float:
    """The upper end of the scale: round ticks, nothing above it."""
    if plot.percent:
        return 1.0
    found = [max(one.value, one.high or 0.0) for one in (*plot.spots, *plot.expected)]
    step = max([*found, (plot.limit or 0.0) * 1.1, 1e-9]) / TICKS
    size = 10.0 ** floor(log10(step))
    return float(TICKS * size * next(one for one in (1.0, 2.0, 2.5, 5.0, 10.0) if one * size >= step))


def _grid(plot: Plot, highest: float) -> str:
    parts = []
    for tick in range(TICKS + 1):
        y = HEIGHT - BOTTOM - tick / TICKS * (HEIGHT - TOP - BOTTOM)
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        said = told(plot, highest * tick / TICKS)
        parts.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{said}</text>')
    return "".join(parts)


def _limit(plot: Plot, highest: float) -> str:
    if plot.limit is None:
        return ""
    y = HEIGHT - BOTTOM - plot.limit / highest * (HEIGHT - TOP - BOTTOM)
    return f'<line class="limit" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'


def _line(kind: str, places: Sequence[tuple[float, float]]) -> str:
    return f'<polyline class="{kind}" points="{_path(places)}"/>' if len(places) > 1 else ""


def _dot(plot: Plot, one: Spot, x: float, y: float) -> str:
    beyond = plot.limit is not None and one.value > plot.limit
    said = f"{one.at:%Y-%m-%d}: {told(plot, one.value)}"
    return f'<circle class="{"alarm" if beyond else "spot"}" cx="{x}" cy="{y}" r="2.5"><title>{said}</title></circle>'


def _time(at: datetime, x: float, side: str) -> str:
    return f'<text x="{x}" y="{HEIGHT - 6}" text-anchor="{side}">{at:%Y-%m-%d}</text>'


def _path(places: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x},{y}" for x, y in places)
