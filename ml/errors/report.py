"""The errors for people: a page of Markdown with a figure for each target. No ticket's words are shown."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

import polars as pl

from ml.duration import RESOLUTION_TIME
from ml.errors.answered import NOMINAL, Answered
from ml.errors.faithful import NAMED, Faithful
from ml.errors.figures import figure
from ml.errors.tables import CHANCE, FEWEST
from ml.plots import save
from warehouse.contracts.errors import CONFUSIONS, HARDEST, IMPORTANCE, SLICES
from warehouse.table import Table

PAGE = "README.md"
_SHOWN = 10

Tables = Mapping[Table, pl.DataFrame]


def write(answers: Sequence[Answered], tables: Tables, folder: Path) -> Path:
    """Write page and figures into `folder`; returns the page. The same answers give the same files."""
    folder.mkdir(parents=True, exist_ok=True)
    for one in answers:
        save(figure(one.target, of_target(tables, one.target)), folder / f"{one.target}.svg")
    page = folder / PAGE
    page.write_text(markdown(answers, tables), encoding="utf-8")
    return page


def markdown(answers: Sequence[Answered], tables: Tables) -> str:
    """The page."""
    sections = "\n\n".join(_answered(one, tables) for one in answers)
    none = "No model was trained yet: run `ticketlake build --learn`."
    return f"""# Where the champions err

Judged on tickets that were opened after everything that the model learned from. A slice is *worse* when its tickets
are less often right than all others beyond chance: Fisher's exact test, two-sided, adjusted over the slices of the
target so that on average at most {CHANCE:.0%} of those named are so by chance (Benjamini and Hochberg, 1995). Slices of
fewer than {FEWEST} tickets are not judged. Languages, tiers, regions and channels also differ in what they ask: a slice
that is worse is where to look, not yet a cause.

{sections or none}
"""


def of_target(tables: Tables, target: str) -> dict[Table, pl.DataFrame]:
    """The rows of one target."""
    return {table: rows.filter(pl.col("target") == target) for table, rows in tables.items()}


def section(target: str, since: datetime, of: Tables) -> str:
    """The errors of one target in Markdown, without a heading; its figure is `<target>.svg`."""
    answers = of[CONFUSIONS]
    if answers.is_empty():
        return f"No ticket since {since:%Y-%m-%d} has a label yet."
    every = int(answers["tickets"].sum())
    right = int(answers.filter(pl.col("label") == pl.col("predicted"))["tickets"].sum())
    parts = [
        f"{every:,} tickets since {since:%Y-%m-%d}, {right / every:.1%} right; model `{answers['model'][0][:12]}`.",
        f"![Errors of {target}]({target}.svg)",
        _slices(of[SLICES]),
    ]
    if target == RESOLUTION_TIME:
        parts.append(f"*Right* is an interval that held; {NOMINAL:.0%} of them should.\n\n{_labels(answers)}")
    else:
        parts += [_confusions(answers), _hardest(of[HARDEST]), _importance(of[IMPORTANCE])]
    return "\n\n".join(part for part in parts if part)


def _answered(one: Answered, tables: Tables) -> str:
    parts = [f"## {one.target}", section(one.target, one.since, of_target(tables, one.target)), _reasons(one.reasons)]
    return "\n\n".join(part for part in parts if part)


def _reasons(found: Faithful) -> str:
    if found.share is None:
        return ""
    return (
        f"Reasons: of {found.tickets:,} tickets, leaving out the {NAMED} words that are named first cost more "
        f"confidence than leaving out {NAMED} others in {found.share:.0%}."
    )


def _slices(found: pl.DataFrame) -> str:
    worse = found.filter(pl.col("worse")).sort("q_value", "property", "value")
    if worse.is_empty():
        return f"Of {found.height} slices none is worse than the rest beyond chance."
    lines = [
        f"| {row['property']} | {_cell(row['value'])} | {row['tickets']:,} | {row['right']:.1%} "
        f"| {row['right_elsewhere']:.1%} | {row['q_value']:.2g} |"
        for row in worse.iter_rows(named=True)
    ]
    head = "| property | value | tickets | right | elsewhere | adjusted p |\n|---|---|---:|---:|---:|---:|"
    return f"Of {found.height} slices {worse.height} are worse than the rest:\n\n" + "\n".join([head, *lines])


def _confusions(found: pl.DataFrame) -> str:
    wrong = found.filter(pl.col("label") != pl.col("predicted")).sort("tickets", "label", descending=[True, False])
    if wrong.is_empty():
        return ""
    total = found.group_by("label").agg(pl.col("tickets").sum().alias("all"))
    lines = [
        f"| {_cell(row['label'])} | {_cell(row['predicted'])} | {row['tickets']:,} "
        f"| {row['tickets'] / row['all']:.1%} |"
        for row in wrong.head(_SHOWN).join(total, on="label", maintain_order="left").iter_rows(named=True)
    ]
    return "\n".join(["| recorded | predicted | tickets | of those recorded |\n|---|---|---:|---:|", *lines])


def _hardest(found: pl.DataFrame) -> str:
    lines = [
        f"| `{_cell(row['ticket_id'])}` | {_cell(row['label'])} | {_cell(row['predicted'])} | {row['confidence']:.2f} |"
        for row in found.sort("rank").head(_SHOWN).iter_rows(named=True)
    ]
    head = "Wrong with most confidence:\n\n| ticket | recorded | predicted | confidence |\n|---|---|---|---:|"
    return "\n".join([head, *lines]) if lines else ""


def _importance(found: pl.DataFrame) -> str:
    told = found.filter(pl.col("log_loss_added") > 0).sort("log_loss_added", "feature", descending=[True, False])
    lines = [
        f"| {feature} | {added:.3f} |"
        for feature, added in told.select("feature", "log_loss_added").head(_SHOWN).rows()
    ]
    head = "What it leans on: log loss added when shuffled among tickets.\n\n| read | added |\n|---|---:|"
    return "\n".join([head, *lines]) if lines else ""


def _labels(found: pl.DataFrame) -> str:
    lines = [f"| {row['label']} | {row['tickets']:,} |" for row in found.iter_rows(named=True)]
    return "\n".join(["| resolved | tickets |\n|---|---:|", *lines])


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
