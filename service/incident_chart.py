"""A series with what was expected of it, as SVG that stands in a page."""

from collections.abc import Sequence
from datetime import datetime
from html import escape

from service.incident_views import Point, Series

WIDTH, HEIGHT = 720, 220
LEFT, RIGHT, TOP, BOTTOM = 40, 8, 10, 24
TICKS = 4
Place = tuple[float, float]


def chart(series: Series) -> str:
    """Counts as a line, the expectation dashed, what is within chance as a band, alarms as dots."""
    points = series.points
    if not points:
        return ""
    first, last = points[0].at, points[-1].at
    highest = max(1.0, *(max(one.tickets, one.upper or 0.0, one.expected or 0.0) for one in points))

    def place(at: datetime, value: float) -> Place:
        share = (at - first) / (last - first) if last > first else 0.5
        x = LEFT + share * (WIDTH - LEFT - RIGHT)
        return round(x, 1), round(HEIGHT - BOTTOM - value / highest * (HEIGHT - TOP - BOTTOM), 1)

    expected = [place(one.at, one.expected) for one in points if one.expected is not None]
    band = [one for one in points if one.expected is not None and one.upper is not None]
    upper = [place(one.at, one.upper or 0.0) for one in band]
    lower = [place(one.at, one.expected or 0.0) for one in band]
    label = escape(f"Tickets of {series.series} per {series.frequency}, and how many were expected")
    return "".join(
        [
            f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{label}">',
            _grid(highest),
            f'<polygon class="band" points="{_path([*upper, *reversed(lower)])}"/>' if len(band) > 1 else "",
            f'<polyline class="expected" points="{_path(expected)}"/>' if len(expected) > 1 else "",
            f'<polyline class="actual" points="{_path([place(one.at, one.tickets) for one in points])}"/>',
            "".join(_dot(one, *place(one.at, one.tickets)) for one in points if one.alarm),
            _times(points),
            "</svg>",
        ]
    )


def _grid(highest: float) -> str:
    parts = []
    for tick in range(TICKS + 1):
        y = HEIGHT - BOTTOM - tick / TICKS * (HEIGHT - TOP - BOTTOM)
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{highest * tick / TICKS:.3g}</text>')
    return "".join(parts)


def _times(points: Sequence[Point]) -> str:
    form = "%Y-%m-%d %H:%M"
    y = HEIGHT - 6
    ends = [(LEFT, "start", points[0].at)]
    if len(points) > 1:
        ends.append((WIDTH - RIGHT, "end", points[-1].at))
    return "".join(f'<text x="{x}" y="{y}" text-anchor="{side}">{at.strftime(form)}</text>' for x, side, at in ends)


def _dot(point: Point, x: float, y: float) -> str:
    said = escape(f"{point.at:%Y-%m-%d %H:%M}: {point.tickets:g}")
    return f'<circle class="alarm" cx="{x}" cy="{y}" r="4"><title>{said}</title></circle>'


def _path(places: Sequence[Place]) -> str:
    return " ".join(f"{x},{y}" for x, y in places)
