"""New issue types and unanswered questions as pictures: how long each was there, and when it was known."""

from typing import Any

import polars as pl

MOST = 25
_GREEN, _RED = "#2a7f62", "#c1121f"


def drawn_issues(rows: pl.DataFrame) -> Any:
    """Candidates from first to last ticket, the newest above; of rows of `anomalies/new_issues`."""
    sized = rows.with_columns(label=pl.format("{} ({} tickets, {})", "name", "tickets", "state"))
    return _spans(sized, "New issue types: first to last ticket, and when it was known")


def drawn_topics(rows: pl.DataFrame) -> Any:
    """Topics from first to last search, the newest above; of rows of `anomalies/unanswered`."""
    sized = rows.with_columns(label=pl.format("{} ({} of {} failed)", "name", "failed", "searches"))
    return _spans(sized, "Unanswered questions: first to last search, and when it was known")


def _spans(rows: pl.DataFrame, title: str) -> Any:
    from matplotlib.figure import Figure

    last = rows.sort(pl.col("known_at").is_not_null(), "last_at").tail(MOST)
    made = Figure(figsize=(11, 1.2 + 0.3 * max(last.height, 1)), layout="constrained")
    axes = made.subplots()
    for place, (first, end, known) in enumerate(last.select("first_at", "last_at", "known_at").iter_rows()):
        axes.plot([first, end], [place, place], color=_RED if known else "grey", linewidth=3)
        if known:
            axes.plot([known], [place], "o", color=_GREEN, markersize=5)
    axes.set_yticks(range(last.height), last["label"].to_list(), fontsize=8)
    axes.set_title(title, fontsize=10, loc="left")
    axes.grid(axis="x", color="#dddddd")
    return made
