"""One figure a target: who is taken for whom, whether confidence holds, and how slices differ."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

from warehouse.contracts.errors import CONFIDENCE, CONFUSIONS, IMPORTANCE, SLICES
from warehouse.table import Table

MOST_LABELS = 16
MOST_SLICES = 24
MOST_FEATURES = 20


def figure(target: str, of: Mapping[Table, pl.DataFrame]) -> Any:
    """Confusions, confidence, slices and importance."""
    from matplotlib.figure import Figure

    made = Figure(figsize=(13, 11), layout="constrained")
    (confusions, confidence), (slices, importance) = made.subplots(2, 2, width_ratios=(7, 6))
    draw_confusions(confusions, of[CONFUSIONS])
    draw_confidence(confidence, of[CONFIDENCE])
    draw_slices(slices, of[SLICES])
    draw_importance(importance, of[IMPORTANCE])
    made.suptitle(f"{target}: {of[CONFUSIONS]['tickets'].sum():,} tickets")
    return made


def draw_confusions(axes: Any, found: pl.DataFrame) -> None:
    """Shares of each recorded label by what was predicted; the labels with the most tickets."""
    sizes = found.group_by("label").agg(pl.col("tickets").sum()).sort("tickets", "label", descending=[True, False])
    labels = sorted(sizes["label"].head(MOST_LABELS))
    guesses = found.group_by("predicted").agg(pl.col("tickets").sum()).sort("tickets", "predicted")["predicted"]
    predicted = sorted({*labels, *guesses.tail(MOST_LABELS)}) if len(labels) < MOST_LABELS else labels
    total = dict(sizes.iter_rows())
    shares = np.zeros((len(labels), len(predicted)))
    for label, guess, tickets in found.select("label", "predicted", "tickets").iter_rows():
        if label in labels and guess in predicted:
            shares[labels.index(label), predicted.index(guess)] = tickets / total[label]
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    for row, column in np.argwhere(shares >= 0.005):
        value = shares[row, column]
        axes.text(
            column, row, f"{value:.0%}", ha="center", va="center", fontsize=6, color="white" if value > 0.5 else "black"
        )
    axes.set_yticks(range(len(labels)), labels, fontsize=7)
    axes.set_xticks(range(len(predicted)), predicted, fontsize=7, rotation=60, ha="right")
    axes.set(xlabel="predicted", ylabel="recorded", title="confusions, share of the recorded label")


def draw_confidence(axes: Any, found: pl.DataFrame) -> None:
    """How often answers of a confidence are right; on the diagonal the confidence holds."""
    axes.plot([0, 1], [0, 1], color="grey", linewidth=0.8)
    axes.plot(found["confidence"], found["right"], "o-", color="#2a7f62", markersize=4)
    for x, y, tickets in found.select("confidence", "right", "tickets").iter_rows():
        axes.annotate(f"{tickets:,}", (x, y), fontsize=6, textcoords="offset points", xytext=(4, -8))
    axes.set(xlim=(0, 1), ylim=(0, 1), xlabel="confidence", ylabel="share right", title="confidence, with tickets")


def draw_slices(axes: Any, found: pl.DataFrame) -> None:
    """What is gained or lost in a slice beside all other tickets; red: worse beyond chance."""
    shown = found.sort("p_value", "property", "value").head(MOST_SLICES).reverse()
    gains = (shown["right"] - shown["right_elsewhere"]).to_list()
    colours = ["#b23a48" if worse else "#8a8a8a" for worse in shown["worse"]]
    axes.barh(range(shown.height), gains, color=colours)
    names = [f"{p}: {v} ({n:,})" for p, v, n in shown.select("property", "value", "tickets").iter_rows()]
    axes.set_yticks(range(shown.height), names, fontsize=7)
    axes.axvline(0, color="black", linewidth=0.8)
    axes.set(xlabel="share right above all other tickets", title="slices, least likely by chance first")


def draw_importance(axes: Any, found: pl.DataFrame) -> None:
    """What the model leans on, most at the top."""
    shown = found.sort("log_loss_added", "feature", descending=[True, False]).head(MOST_FEATURES).reverse()
    axes.barh(range(shown.height), shown["log_loss_added"], color="#2a7f62")
    axes.set_yticks(range(shown.height), shown["feature"].to_list(), fontsize=7)
    axes.set(xlabel="log loss added when shuffled among tickets", title="what it leans on")
