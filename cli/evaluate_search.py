"""`ticketlake evaluate search`: what each stage of finding is worth on a lake's own tickets."""

from pathlib import Path

import click

from cli.evaluate import FOLDER, OUT, write_json

EXAMPLES = """\b
Examples:
  ticketlake evaluate search
  ticketlake evaluate search --truth truth-folder --docs docs/models
"""


@click.command(epilog=EXAMPLES)
@click.option("--truth", type=FOLDER, help="What a simulator wrote; else what is recorded to have solved each ticket.")
@click.option("--questions", type=click.IntRange(50), default=1_500, show_default=True, help="Newest tickets that ask.")
@click.option("--seed", type=int, default=7, show_default=True)
@click.option("--docs", type=FOLDER, help="Copy the page and its picture there, too.")
@click.option("--json", "out", type=OUT, help="Write the measures here.")
def search(*, truth: Path | None, questions: int, seed: int, docs: Path | None, out: Path | None) -> None:
    """Search the lake at LAKE_ROOT as it was, for the newest 15 % of its tickets, stage by stage.

    Writes search/ablation and LAKE_ROOT/reports/retrieval. Minutes for 12,000 tickets.
    """
    from shutil import copy

    from cli.display import Progress
    from ml.documents.retrieval import summary
    from orchestration.build import build, outcome
    from warehouse.contracts.search import ABLATION
    from warehouse.delta import Lake
    from warehouse.settings import settings

    root = settings().lake_root
    asked = {"against": str(truth.resolve()) if truth else "", "questions": questions, "seed": seed}
    with Progress() as progress:
        outcome(build(root, job="compare", config={"compare_stages": asked}, watch=progress.step))
    found = Lake(root).read(ABLATION)
    if docs is not None:
        docs.mkdir(parents=True, exist_ok=True)
        for name in ("retrieval.md", "retrieval.svg"):
            copy(root / "reports" / "retrieval" / name, docs / name)
    write_json(out, {"rows": found.to_dicts()})
    click.echo(summary(found))
