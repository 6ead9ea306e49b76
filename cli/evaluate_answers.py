"""`ticketlake evaluate answers`: whether answers resolve tickets, and whether their judge knows."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli.evaluate import FOLDER, OUT, write_json

if TYPE_CHECKING:
    import polars as pl

EXAMPLES = """\b
Examples:
  ticketlake evaluate answers --truth truth-folder
  ticketlake evaluate answers --truth truth-folder --questions 1000 --json measures.json
"""
SEED = 7


@click.command(epilog=EXAMPLES)
@click.option("--truth", type=FOLDER, required=True, help="Of the lake's tickets.")
@click.option("--questions", type=click.IntRange(50), default=500, show_default=True, help="Newest tickets that ask.")
@click.option("--json", "out", type=OUT, help="Write the measures here.")
@click.option("--docs", type=FOLDER, help="Write a page there.")
def answers(truth: Path, *, questions: int, out: Path | None, docs: Path | None) -> None:
    """Answer the newest tickets of the lake at LAKE_ROOT from its release, and ask the truth what that would have done.

    A ticket finds nothing that was opened after it. Counts of what helped are those of today, and models may have
    learned from a ticket whose outcome is recorded: those of which none is are told apart. Fifty broad questions are
    made of the tickets, and the issues they are answered with held against the true causes.
    """
    from ml.evaluate.answers import by_truth, measured
    from warehouse.contracts.search import ATTEMPTS
    from warehouse.delta import Lake
    from warehouse.settings import settings

    root = settings().lake_root
    attempts = Lake(root).read(ATTEMPTS)
    told = by_truth(answered(root, questions), attempts, truth)
    found = measured(_told_apart(told, attempts), seed=SEED, by=["language", "outcome"])
    found["judge"] = told["judge"][0]
    found["broad"] = overviews(root, truth)
    write_json(out, found)
    if docs is not None:
        docs.mkdir(parents=True, exist_ok=True)
        (docs / "answers.md").write_text(page(found), encoding="utf-8")
    _show(found)


def answered(root: Path, questions: int) -> "pl.DataFrame":
    """The newest tickets as a release answers them: ticket_id, language, solution_id (what the answer puts first),
    probability, to_person, thin, judge. Raises `NotMaterialized` where there is nothing to search."""
    import polars as pl

    from cli.display import counting
    from ml.answer.articles import whole
    from ml.answer.score import NAME
    from ml.features import READ
    from ml.retrieve.filters import Filters, Span
    from ml.retrieve.found import Found
    from service.answers import Answering, composer_of, first
    from service.serving import Serving
    from warehouse.contracts import silver
    from warehouse.delta import Lake
    from warehouse.settings import settings

    lake, serving = Lake(root), Serving(root)
    answering, release = Answering(lake, composer_of(settings())), serving.opened().release
    tickets = lake.scan(silver.TICKETS).select(READ).drop_nulls(["ticket_id", "created_at"])
    rows = []

    def find(ticket: pl.DataFrame) -> Found:
        found = serving.find(ticket, None, Filters(created_at=Span(end=ticket["created_at"][0])))
        return whole(found, serving.opened().finding.searcher.articles)

    with counting("tickets answered") as done:
        for one in tickets.sort("created_at", "ticket_id").tail(questions).collect().iter_slices(1):
            shown = answering.answer(find(one), one, release, answer_id="-", now=one["created_at"][0])
            judge, top = shown.quality, first(shown)
            if judge is None:
                continue
            rows.append(
                (*one.select("ticket_id", "language").row(0), top, judge.probability, judge.route == "person",
                 shown.thin, shown.versions[NAME])
            )  # fmt: skip
            done(len(rows))
    columns = ["ticket_id", "language", "solution_id", "probability", "to_person", "thin", "judge"]
    types = {"solution_id": pl.String(), "probability": pl.Float64()}
    return pl.DataFrame(rows, schema=columns, orient="row", schema_overrides=types)


def overviews(root: Path, truth: Path) -> dict[str, Any] | None:
    """Share of the true causes that answers to broad questions name; null where there is no graph.

    `truth` holds `tickets.parquet` with ticket_id and cause.
    """
    import msgspec
    import polars as pl

    from ml.evaluate.broad import measure
    from service.serving import Serving
    from warehouse.contracts.graph import ISSUE_MEMBERS
    from warehouse.delta import Lake

    opened = Serving(root).opened()
    graph = opened.finding.graph
    if graph is None:
        return None
    members = Lake(root).read(ISSUE_MEMBERS, version=opened.release.manifest.tables.get(ISSUE_MEMBERS.path))
    causes = pl.read_parquet(truth / "tickets.parquet", columns=["ticket_id", "cause"]).drop_nulls("cause")
    causes = causes.unique("ticket_id")
    newest = graph.broad.tickets["created_at"].max()
    found = measure(graph.broad, graph.walker.linker, members, causes, now=newest, seed=SEED)  # type: ignore[arg-type]
    return msgspec.to_builtins(found)  # type: ignore[no-any-return]


def page(found: dict[str, Any]) -> str:
    """The measures as Markdown."""
    lines = [
        "# Answers",
        "",
        "Command: `ticketlake evaluate answers --truth FOLDER --docs docs/models`",
        "",
        "| | answers | resolved | said | AUROC | ECE | to a person | thin | resolved of the others |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    kinds = {name: one for by in ("outcome", "language") for name, one in found[f"by_{by}"].items()}
    for name, one in ({"all": found} | kinds).items():
        cells = (
            name, f"{one['answers']:,}", _share(one["resolved"]), _share(one["said"]), _bounds(one["auroc"]),
            _bounds(one["ece"]), _share(one["to_person"]), _share(one["thin"]), _share(one["resolved_answered"]),
        )  # fmt: skip
        lines.append(f"| {' | '.join(cells)} |")
    lines += ["", f"Judge: `{found['judge']}`.", ""]
    if (broad := found["broad"]) is not None:
        lines += [
            "## Broad questions",
            "",
            f"Of {broad['questions']} questions {_share(broad['understood'])} are understood. The first "
            f"{broad['issues']} issues name {_bounds(broad['recall'])} of the true causes; the largest issues of all, "
            f"whatever is asked, {_bounds(broad['baseline'])}.",
            "",
        ]
    return "\n".join(lines)


def _told_apart(answers: "pl.DataFrame", attempts: "pl.DataFrame") -> "pl.DataFrame":
    import polars as pl

    recorded = pl.col("ticket_id").is_in(attempts["ticket_id"].unique().implode())
    return answers.with_columns(outcome=pl.when(recorded).then(pl.lit("recorded")).otherwise(pl.lit("not recorded")))


def _show(found: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("", "answers", "resolved", "said", "AUROC", "ceiling", "ECE", "to a person", "thin", "of the others",
                  box=None, header_style="bold")  # fmt: skip
    kinds = {name: one for by in ("outcome", "language") for name, one in found[f"by_{by}"].items()}
    for name, one in ({"all": found} | kinds).items():
        table.add_row(name, f"{one['answers']:,}", _share(one["resolved"]), _share(one["said"]),
                      _bounds(one["auroc"]), _value(one["auroc_ceiling"]), _bounds(one["ece"]),
                      _share(one["to_person"]), _share(one["thin"]), _share(one["resolved_answered"]))  # fmt: skip
    console = Console()
    console.print(table)
    console.print(f"judge: {found['judge']}")
    if (broad := found["broad"]) is not None:
        console.print(f"{broad['questions']} broad questions: recall {_bounds(broad['recall'])}, "
                      f"of the largest issues {_bounds(broad['baseline'])}")  # fmt: skip


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.1%}"


def _value(measure: dict[str, float] | None) -> str:
    return "-" if measure is None else f"{measure['value']:.3f}"


def _bounds(measure: dict[str, float] | None) -> str:
    return "-" if measure is None else "{value:.3f} ({low:.3f} to {high:.3f})".format(**measure)
