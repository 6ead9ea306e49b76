"""`ticketlake evaluate`: what our methods are worth on anyone's data."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from cli.main import LazyVerbs

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
FOLDER = click.Path(file_okay=False, path_type=Path)
OUT = click.Path(dir_okay=False, path_type=Path)
CACHE = Path.home() / ".cache" / "ticketlake"
VERBS = {
    "anomalies": "Find unusual counts in series of yours, and say what the alarms are worth.",
    "answers": "Say what the judge of answers is worth, where the truth is known.",
    "classify": "Compare the classifiers on labelled texts, and predict others with the best.",
    "drift": "Say which columns of a table are not as they were.",
    "audit": "Say what can be learned from tickets at all, and which columns leak.",
    "predictions": "Say what a lake's champions are worth, where the truth is known.",
    "retrieve": "Compare the stages of search on documents, queries and judgements.",
    "search": "Say what each stage of finding is worth on a lake's own tickets.",
    "texts": "Say how well language, personal data and entities are found, where the truth is known.",
}


class LazyEvaluations(LazyVerbs):
    """Evaluations, imported when they are called."""

    verbs = VERBS
    modules = "cli.evaluate_"
    title = "Evaluations"


EXAMPLES = """\b
Examples:
  ticketlake evaluate anomalies --counts counts.csv --truth truth.csv
  ticketlake evaluate audit tickets.json.gz
  ticketlake evaluate classify --train train.jsonl --test test.jsonl
  ticketlake evaluate retrieve --corpus corpus.jsonl --queries queries.jsonl --qrels qrels.tsv
  ticketlake evaluate drift --reference march.csv --current april.csv
  ticketlake evaluate texts tickets.jsonl
  ticketlake evaluate predictions --truth truth-folder
  ticketlake evaluate search --truth truth-folder
  ticketlake evaluate answers --truth truth-folder
"""


@click.group(cls=LazyEvaluations, epilog=EXAMPLES)
def evaluate() -> None:
    """Measure the methods on labelled data of your own, or what a lake predicted."""


def write_json(file: Path | None, found: Mapping[str, Any]) -> None:
    """What was measured, for whoever asked for a file."""
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
