"""`ticketlake evaluate classify`: the classifiers on anyone's labelled texts."""

import logging
from pathlib import Path
from typing import Any

import click

from cli.evaluate import CACHE, FILE, FOLDER, OUT, write_json

EXAMPLES = """\b
Examples:
  ticketlake evaluate classify --train train.jsonl --test test.jsonl
  ticketlake evaluate classify --train a.jsonl.gz --test b.jsonl.gz --oos c.jsonl --json report.json
"""


@click.command(epilog=EXAMPLES)
@click.option("--train", type=FILE, required=True, help='{"id", "text", "label"} a line, plain or gzip.')
@click.option("--test", type=FILE, required=True, help="The same, for judging.")
@click.option("--oos", type=FILE, help="Texts that fit no class; labels are not read.")
@click.option("--json", "report", type=OUT, help="Write the measures here.")
@click.option("--predictions", type=OUT, help="Write id, label, confidence, novelty here, a line each.")
@click.option("--budget-minutes", type=click.FloatRange(0.1), default=15.0, show_default=True)
@click.option("--family", "only", multiple=True, help="Only this family; may be given several times.")
@click.option("--seed", type=int, default=0, show_default=True)
@click.option("--cache", type=FOLDER, default=CACHE, show_default=True)
def classify(
    *,
    train: Path,
    test: Path,
    oos: Path | None,
    report: Path | None,
    predictions: Path | None,
    budget_minutes: float,
    only: tuple[str, ...],
    seed: int,
    cache: Path,
) -> None:
    """Compare the classifiers: chosen and calibrated on the training texts alone, judged on the others.

    The encoder is exported once into CACHE.
    """
    from ml.evaluate.budget import Budget
    from ml.evaluate.classify import classify as run
    from ml.evaluate.compare import available
    from ml.evaluate.labelled import read
    from ml.text.minilm_export import load_or_export

    budget = Budget(budget_minutes * 60)
    names = available()
    for name in only:
        if name not in names:
            raise click.BadParameter(f"{name!r} is none of {', '.join(names)}", param_hint="--family")
    learn, judge = read(train, needs_labels=True), read(test, needs_labels=True)
    strange = read(oos, needs_labels=False) if oos else None
    if not judge.labels.is_in(learn.labels.unique().implode()).any():
        click.echo(f"warning: no label of {test} is among those of {train}: every answer will count as wrong", err=True)
    logging.disable(logging.WARNING)
    encoder = load_or_export(cache / "encoder")
    found = run(
        learn,
        judge,
        strange,
        encoder,
        names=[name for name in names if not only or name in only],
        budget=budget,
        seed=seed,
        tell=lambda line: click.echo(line, err=True),
    )
    write_json(report, found.report)
    if predictions:
        predictions.parent.mkdir(parents=True, exist_ok=True)
        found.predictions.write_ndjson(predictions)
    _show(found.report)


def _show(report: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console()
    table = Table("family", "validation", "accuracy", "weighted F1", "fit s", "", box=None, header_style="bold")
    for name, found in report["learners"].items():
        numbers = [found.get(key) for key in ("validation_accuracy", "accuracy", "weighted_f1")]
        shown = ["" if number is None else f"{number:.4f}" for number in numbers]
        state = "champion" if name == report["champion"] else "" if found["status"] == "fitted" else found["status"]
        table.add_row(name, *shown, f"{found['fit_seconds']:.1f}", state)
    console.print(table)
    low, high = report["details"]["accuracy_interval"]
    console.print(
        f"{report['champion']}: accuracy {report['accuracy']:.4f} (95 % interval {low:.4f} to {high:.4f}), "
        f"weighted F1 {report['weighted_f1']:.4f}, ECE {report['ece']:.4f}, "
        f"{report['coverage_at_95_precision']:.1%} answered at 95 % precision, {report['ms_per_ticket']:.1f} ms a text"
    )
    if gain := report["details"].get("gain"):
        span = f"{100 * gain['low']:+.1f} to {100 * gain['high']:+.1f}"
        points = f"{100 * gain['accuracy']:+.1f} points of accuracy ({span}), p = {gain['p_value']:.2g}"
        console.print(f"over {gain['over']}, fitted on the same texts: {points}")
    if report["oos_auroc"] is not None:
        console.print(f"texts of no class: AUROC {report['oos_auroc']:.4f}")
