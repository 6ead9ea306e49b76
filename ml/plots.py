"""Figures as files that are the same each time."""

from pathlib import Path
from typing import Any


def save(figure: Any, file: Path) -> None:
    """Write a matplotlib figure as SVG: no date, no random identifiers, words as words."""
    from matplotlib import rc_context

    with rc_context({"svg.hashsalt": "ticketlake", "svg.fonttype": "none"}):
        figure.savefig(file, format="svg", metadata={"Date": None})
