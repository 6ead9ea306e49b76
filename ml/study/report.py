"""The study for people: a page of Markdown with a plot, every number from the study."""

from collections.abc import Sequence
from pathlib import Path

from ml.study.run import Score, Search, Study

PAGE, PLOT = "study.md", "study.svg"
FOLDER = "reports/models"
"""Where they lie in a lake, beside what is written about its models."""


def write(found: Study, folder: Path) -> Path:
    """Write page and plot into `folder`; returns the page."""
    folder.mkdir(parents=True, exist_ok=True)
    _plot(found.validations, folder / PLOT)
    page = folder / PAGE
    page.write_text(markdown(found), encoding="utf-8")
    return page


def markdown(found: Study) -> str:
    """The page."""
    targets = list(dict.fromkeys(one.target for one in found.validations))
    families = list(dict.fromkeys(one.family for one in found.validations))
    cells = {(one.target, one.family): one for one in found.validations}
    rows = "\n".join(
        f"| {family} | {' | '.join(_mean(cells.get((target, family))) for target in targets)} |" for family in families
    )
    whole = next((one for one in found.ablations if one.variant == "as it is"), None)
    apart = "\n".join(_ablation(one, whole) for one in found.ablations)
    return f"""# Study

{found.rows:,} labelled tickets before the test part, seed {found.seed}; {found.minutes:.0f} minutes of a budget of
{found.budget_minutes:.0f}. Written by `ticketlake build --study`. Every figure is weighted F1 on time-ordered folds: a
fold learns from all tickets before its window and is judged on the window. The test part was not touched.

## Families and targets

Mean over the folds, and standard deviation between them. *-*: beyond its share of the budget.

| family | {" | ".join(targets)} |
|---|{"---:|" * len(targets)}
{rows}

![Weighted F1 by target and family]({PLOT})

## Tuning

TPE with median pruning, on {found.searches[0].target if found.searches else "nothing"}. What was stored is the first
trial, and stands unless another is better.

| family | trials | ended early | stored | best | hyperparameters |
|---|---:|---:|---:|---:|---|
{chr(10).join(_search(one) for one in found.searches)}

## What counts, and what helps

{f"`{whole.family}` on {whole.target}." if whole else "Nothing was taken apart: the budget was used up."}

| variant | weighted F1 | against as it is |
|---|---:|---:|
{apart}
"""


def _mean(score: Score | None) -> str:
    if score is None or score.mean is None:
        return "-"
    return f"{score.mean:.3f}" + (f" ± {score.spread:.3f}" if score.spread is not None else "")


def _search(one: Search) -> str:
    stored, best = (("-" if value is None else f"{value:.3f}") for value in (one.stored, one.best))
    rounded = {name: f"{value:.3g}" if isinstance(value, float) else value for name, value in one.parameters.items()}
    told = ", ".join(f"{name} {value}" for name, value in rounded.items())
    return f"| {one.family} | {one.trials} | {one.ended_early} | {stored} | {best} | {told} |"


def _ablation(one: Score, whole: Score | None) -> str:
    if whole is None or whole.mean is None or one.mean is None or one.folds != whole.folds:
        return f"| {one.variant} | {_mean(one)} | - |"
    return f"| {one.variant} | {_mean(one)} | {one.mean - whole.mean:+.3f} |"


def _plot(scores: Sequence[Score], file: Path) -> None:
    from matplotlib.figure import Figure

    targets = list(dict.fromkeys(one.target for one in scores))
    figure = Figure(figsize=(9, 0.9 + 0.28 * len(scores)), layout="constrained")
    axes = figure.subplots()
    there = [one for one in scores if one.mean is not None]
    named = [f"{one.target}: {one.family}" for one in there]
    axes.barh(
        named,
        [one.mean or 0.0 for one in there],
        xerr=[one.spread or 0.0 for one in there],
        color=[f"C{targets.index(one.target)}" for one in there],
    )
    axes.invert_yaxis()
    axes.set_xlabel("weighted F1 on time-ordered folds")
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(file, metadata={"Date": None})
