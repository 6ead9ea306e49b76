"""The audit for people: a page of Markdown with two plots, written as a whole."""

from pathlib import Path
from typing import Any

from ml.audit.run import Audit, Finding
from ml.audit.verdicts import CHANCE, KEPT, LEARNABLE_SKILL, SHARED_TEMPLATES, TEMPLATE_SKILL, Judged
from ml.plots import save

PAGE, SPLIT_PLOT, LEAK_PLOT = "README.md", "splits.svg", "leaks.svg"
COLOURS = {"learnable": "#2a7f62", "weak": "#c98b1b", "nothing to learn": "#8a8a8a", "solved by template": "#b23a48"}
SPLITS = ("Newest tickets", "New customers", "Unseen templates")
_SHOWN = 12


def write(found: Audit, folder: Path) -> Path:
    """Write page and plots into `folder`; returns the page. The same audit gives the same files."""
    folder.mkdir(parents=True, exist_ok=True)
    save(_splits(found), folder / SPLIT_PLOT)
    save(_leaks(found), folder / LEAK_PLOT)
    page = folder / PAGE
    page.write_text(markdown(found), encoding="utf-8")
    return page


def markdown(found: Audit) -> str:
    """The page."""
    judged = "\n".join(_row(finding) for finding in found.findings)
    sections = "\n\n".join(_section(finding) for finding in found.findings)
    late = [column for column in found.availability if column.afterwards]
    times = "\n".join(f"| `{c.column}` | {c.why} | {_share(c.filled_closed)} | {_share(c.filled_open)} |" for c in late)
    drawn = f" drawn from {found.sampled_from:,}" if found.rows < found.sampled_from else ""
    return f"""# What can be learned

{found.rows:,} closed tickets{drawn}, seed {found.seed}. Only what is known when a ticket is opened was used.

| target | verdict | majority | newest tickets | new customers | unseen templates | p | ceiling | leaks |
|---|---|---:|---:|---:|---:|---:|---:|---|
{judged}

Numbers are accuracies. *majority*: always the most frequent label (of a subcategory: within its category).
*p*: permutation test of the newest tickets. *ceiling*: what label noise leaves, from near-duplicates that disagree.
*leaks*: columns known only afterwards that tell the label.

![Gain over the majority class]({SPLIT_PLOT})

## The rule

Skill is the share of the majority's errors that the best simple model mends.

- **nothing to learn**: no better than permuted labels (p > {CHANCE}) on the newest tickets or on new customers.
- **solved by template**: at least {SHARED_TEMPLATES:.0%} of the newest tickets are worded like older ones, skill there
  is {TEMPLATE_SKILL} or more, and on unseen templates less than {KEPT:.0%} of it is left, or nothing beyond chance.
- **learnable**: a skill of {LEARNABLE_SKILL:.2f} or more under every split.
- **weak**: more than chance, but less than that.

## Target by target

{sections}

## Columns that tell what they should not

![Accuracy of single columns above the majority class]({LEAK_PLOT})

| column | known only afterwards | closed tickets that have it | open ones |
|---|---|---:|---:|
{times}
"""


def _row(finding: Finding) -> str:
    time, customers, unseen = finding.time, finding.customers, finding.unseen
    cells = [
        f"`{finding.target}`",
        f"**{finding.verdict}**",
        _number(time.majority if time else None),
        *(_number(split.accuracy if split else None) for split in (time, customers, unseen)),
        _number(time.p_value if time else None),
        _number(finding.ceiling),
        ", ".join(f"`{name}`" for name in finding.leaks[:4]) + (" …" if len(finding.leaks) > 4 else ""),
    ]
    return f"| {' | '.join(cells)} |"


def _section(finding: Finding) -> str:
    lines = [f"### {finding.target}: {finding.verdict}", "", f"{finding.reason[:1].upper()}{finding.reason[1:]}."]
    if finding.time is not None:
        lines.append(
            f"{finding.rows:,} tickets, {finding.classes} labels, {finding.templates:,} templates; best of the simple "
            f"models: {finding.model}. Of the newest tickets {_share(finding.duplicates)} have the very text of an "
            f"older one, {_share(finding.shared_templates)} its template."
        )
        splits = {
            "Newest tickets": finding.time,
            "New customers": finding.customers,
            "Unseen templates": finding.unseen,
        }
        lines.append("")
        lines.extend(_split(name, split) for name, split in splits.items() if split is not None)
    if finding.ceiling is not None:
        lines += ["", f"Label noise leaves at most {finding.ceiling:.3f} (from {finding.ceiling_from})."]
    telling = {score.column: score for score in finding.columns if score.leaks}
    if telling:
        listed = ", ".join(
            f"`{name}` ({telling[name].accuracy - telling[name].majority:+.3f})" for name in finding.leaks[:_SHOWN]
        )
        lines += ["", f"Leaks, accuracy of the column alone above the majority: {listed}."]
    return "\n".join(lines)


def _split(name: str, split: Judged) -> str:
    gain = split.accuracy - split.majority
    return (
        f"- {name}: {split.accuracy:.3f} beside {split.majority:.3f}, gain {gain:+.3f} "
        f"(95 % {split.low:+.3f} to {split.high:+.3f}), p = {split.p_value:.3f}, {split.rows:,} tickets"
    )


def _splits(found: Audit) -> Any:
    """Gain over the majority class with its bounds, a target a row, a split a mark."""
    from matplotlib.figure import Figure

    shown = [finding for finding in found.findings if finding.time is not None][::-1]
    figure = Figure(figsize=(8, 1.2 + 0.55 * max(len(shown), 1)), layout="constrained")
    axes = figure.subplots()
    for place, finding in enumerate(shown):
        marks = (("o", finding.time), ("s", finding.customers), ("^", finding.unseen))
        for offset, (mark, split) in zip((0.2, 0.0, -0.2), marks, strict=True):
            if split is not None:
                gain = split.accuracy - split.majority
                colour = COLOURS[finding.verdict]
                axes.plot([split.low, split.high], [place + offset] * 2, color=colour, linewidth=1)
                axes.plot(gain, place + offset, mark, color=colour, markersize=5)
    for mark, name in (("o", "newest tickets"), ("s", "new customers"), ("^", "unseen templates")):
        axes.plot([], [], mark, color="black", label=name)
    axes.axvline(0, color="black", linewidth=0.8)
    axes.set_yticks(range(len(shown)), [f"{finding.target}\n{finding.verdict}" for finding in shown], fontsize=8)
    axes.set_xlabel("accuracy above the majority class (95 % bounds)")
    axes.legend(fontsize=8, loc="lower right")
    return figure


def _leaks(found: Audit) -> Any:
    """What single columns tell, above the majority class: late columns that tell something, by target."""
    import numpy as np
    from matplotlib.figure import Figure

    shown = [finding for finding in found.findings if finding.columns]
    names = sorted({name for finding in shown for name in finding.leaks})
    figure = Figure(figsize=(2 + 0.7 * max(len(shown), 1), 1.5 + 0.25 * max(len(names), 1)), layout="constrained")
    axes = figure.subplots()
    if names:
        gains = np.full((len(names), len(shown)), np.nan)
        for column, finding in enumerate(shown):
            for score in finding.columns:
                if score.column in names:
                    gains[names.index(score.column), column] = max(score.accuracy - score.majority, 0)
        image = axes.imshow(gains, aspect="auto", cmap="Reds", vmin=0)
        figure.colorbar(image, ax=axes, label="accuracy above the majority class")
    axes.set_yticks(range(len(names)), names, fontsize=7)
    axes.set_xticks(range(len(shown)), [f.target for f in shown], rotation=60, ha="right", fontsize=7)
    return figure


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _share(value: float | None) -> str:
    return "too few" if value is None else f"{value:.0%}"
