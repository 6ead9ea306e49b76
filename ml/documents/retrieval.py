"""The page of finding: what each stage is worth, in all and by kind of query."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from ml.documents.parts import number, table
from ml.evaluate.ablation import JUDGED_BY, MEASURES, OVERALL, RANDOM
from ml.plots import save

NAME = "retrieval"
FINDER = "finder"
HEADINGS = {
    "recall@10": "Recall@10",
    "ndcg@10": "nDCG@10",
    "mrr@10": "MRR@10",
    "first_success": "first resolves",
}
_BOUND = ("value", "low", "high")
_OVER = ("over_best", "over_best_low", "over_best_high")


def write(found: pl.DataFrame, about: Mapping[str, str], folder: Path, finder: str = FINDER) -> Path:
    """Write `retrieval.md` and its figure: what `ablation` found, and `about`: of what, by which command.

    `finder` is the method that is shown by kind of query.
    """
    folder.mkdir(parents=True, exist_ok=True)
    save(figure(found, finder), folder / f"{NAME}.svg")
    file = folder / f"{NAME}.md"
    file.write_text(page(found, about, finder), encoding="utf-8")
    return file


def page(found: pl.DataFrame, about: Mapping[str, str], finder: str = FINDER) -> str:
    """The page as Markdown."""
    overall = found.filter(pl.col("dimension") == OVERALL)
    if overall.is_empty():
        return "# Finding\n\nNothing was measured: no query had a solution that anybody had tried before.\n"
    queries, best = overall.select("queries", "best_single").row(0)
    sections = [
        "# Finding",
        "What is found for later tickets among what earlier ones taught, stage by stage. A solution counts when it "
        "truly solves the ticket; of several of one remedy the first. *First resolves* is the share of tickets that "
        f"the first suggestion would have resolved, `{RANDOM}` what picking blindly is worth. Brackets hold 95 % of "
        "bootstrap resamples of queries.",
        table(["of", "this"], [[name, said] for name, said in about.items()], left=2),
        f"## Stages\n\n{queries:,} queries. The best single stage by {HEADINGS[JUDGED_BY]} is `{best}`.\n\n"
        + stages(overall),
        f"![{HEADINGS[JUDGED_BY]} of every stage, and of the finder by kind of query]({NAME}.svg)",
        f"## Beyond `{best}`\n\nDifferences on the same queries; beyond chance where the bracket leaves out zero.\n\n"
        + differences(overall),
    ]
    for dimension in found["dimension"].unique(maintain_order=True):
        if dimension != OVERALL:
            rows = found.filter(pl.col("dimension") == dimension)
            sections.append(f"## {_heading(dimension)}\n\n{segments(rows, finder)}")
    return "\n\n".join(sections) + "\n"


def summary(found: pl.DataFrame) -> str:
    """Every method in all, as Markdown."""
    return stages(found.filter(pl.col("dimension") == OVERALL))


def stages(rows: pl.DataFrame) -> str:
    """A method a row, a measure a column."""
    return _methods(rows, _BOUND)


def differences(rows: pl.DataFrame) -> str:
    """The same as differences to the best single stage."""
    return _methods(rows.filter(pl.col("over_best").is_not_null()), _OVER, signed=True)


def segments(rows: pl.DataFrame, finder: str = FINDER) -> str:
    """A kind of query a row, `JUDGED_BY` of a stage a column, and Recall@10 of the finder; variants are left out."""
    every = rows["method"].unique(maintain_order=True).to_list()
    methods = [name for name in every if name == finder or " " not in name or name.startswith("+")]
    cells = {
        (s, m, measure): v for s, m, measure, v in rows.select("segment", "method", "measure", "value").iter_rows()
    }
    sizes = dict(rows.select("segment", "queries").iter_rows())
    lines = [
        [
            segment,
            f"{size:,}",
            *(number(cells.get((segment, method, JUDGED_BY))) for method in methods),
            number(cells.get((segment, finder, "recall@10"))),
        ]
        for segment, size in sizes.items()
    ]
    head = ["", "queries", *(f"{method} {HEADINGS[JUDGED_BY]}" for method in methods), f"{finder} Recall@10"]
    return table(head, lines)


def figure(found: pl.DataFrame, finder: str = FINDER) -> Any:
    """Left every method in all, right the finder beside the best single stage by kind of query."""
    from matplotlib.figure import Figure

    made = Figure(figsize=(13, 6), layout="constrained")
    left, right = made.subplots(1, 2, width_ratios=(5, 8))
    judged = found.filter(pl.col("measure") == JUDGED_BY)
    overall = judged.filter(pl.col("dimension") == OVERALL)
    _bars(left, overall, overall["method"].to_list(), "#3b6ea5")
    left.set(title=f"{HEADINGS[JUDGED_BY]} of every method", xlim=(0, 1))
    if overall.height:
        kinds = judged.filter((pl.col("dimension") != OVERALL) & (pl.col("method") == finder))
        names = [f"{dimension}: {segment}" for dimension, segment in kinds.select("dimension", "segment").iter_rows()]
        _bars(right, kinds, names, "#2e8b57")
        single = judged.filter((pl.col("dimension") != OVERALL) & (pl.col("method") == pl.col("best_single")))
        right.plot(single["value"], range(single.height), "D", color="#c25b1f", markersize=4, label="best single stage")
        right.set(title=f"{HEADINGS[JUDGED_BY]} of {finder} by kind of query", xlim=(0, 1))
        right.legend(loc="lower right", fontsize=7)
    return made


def _heading(dimension: str) -> str:
    said = dimension.replace("_", " ")
    return f"{said[0].upper()}{said[1:]}" if said.startswith("only") else f"By {said}"


def _bars(axes: Any, rows: pl.DataFrame, names: list[str], colour: str) -> None:
    places = range(rows.height)
    axes.barh(places, rows["value"], color=colour, alpha=0.6)
    axes.hlines(places, rows["low"], rows["high"], color="black", linewidth=1)
    axes.set_yticks(places, names, fontsize=7)
    axes.invert_yaxis()


def _methods(rows: pl.DataFrame, bounds: tuple[str, str, str], *, signed: bool = False) -> str:
    cells = {
        (method, measure): _interval(bound, signed=signed)
        for method, measure, *bound in rows.select("method", "measure", *bounds).iter_rows()
    }
    methods = rows["method"].unique(maintain_order=True)
    lines = [[method, *(cells[method, measure] for measure in MEASURES)] for method in methods]
    return table(["method", *(HEADINGS[measure] for measure in MEASURES)], lines)


def _interval(bound: list[float], *, signed: bool) -> str:
    value, low, high = (f"{one:+.3f}" if signed else f"{one:.3f}" for one in bound)
    return f"{value} ({low} to {high})"
