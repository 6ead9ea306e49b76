"""Pieces of Markdown that several pages have."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Card = Mapping[str, Any]


def table(head: Sequence[str], rows: Iterable[Sequence[str]], left: int = 1) -> str:
    """A table; all but the first `left` columns are set right."""
    marks = ["---"] * left + ["---:"] * (len(head) - left)
    lines = [head, marks, *([cell.replace("|", "\\|").replace("\n", " ") for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def interval(found: Mapping[str, float], digits: int = 3) -> str:
    """A measure with the bounds of its 95 % interval."""
    return f"{found['value']:.{digits}f} ({found['low']:.{digits}f}–{found['high']:.{digits}f})"


def share(value: float | None) -> str:
    """A share, or nothing where there was nothing to count."""
    return "–" if value is None else f"{value:.1%}"


def number(value: float | None, digits: int = 3) -> str:
    """A number, or nothing."""
    return "–" if value is None else f"{value:.{digits}f}"


def size(count: float) -> str:
    """Bytes as people say them."""
    for unit in ("B", "kB"):
        if count < 1000:
            return f"{count:.0f} {unit}"
        count /= 1000
    return f"{count:.1f} MB"


def title(name: str) -> str:
    """A target's name as a heading."""
    return name.replace("_", " ").capitalize()


def champion(card: Card) -> str:
    """The family that answers."""
    return str(card["method"]).split(" then ", maxsplit=1)[0]


def ranked(card: Card) -> list[tuple[str, Mapping[str, Any]]]:
    """Families with what they are worth, best first."""
    compared: Mapping[str, Mapping[str, Any]] = card["measures"]["families"]
    return sorted(compared.items(), key=lambda item: -item[1]["weighted_f1"]["value"])
