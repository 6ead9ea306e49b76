"""`ticketlake evaluate retrieve`: what search is worth on anyone's documents, queries and judgements."""

import logging
from pathlib import Path
from typing import Any

import click

from cli.evaluate import CACHE, FILE, FOLDER, OUT, write_json

EXAMPLES = """\b
Examples:
  ticketlake evaluate retrieve --corpus corpus.jsonl.gz --queries queries.jsonl.gz --qrels qrels.tsv
  ticketlake evaluate retrieve --corpus c.jsonl --queries q.jsonl --qrels r.tsv --as-of --json report.json
"""


@click.command(epilog=EXAMPLES)
@click.option("--corpus", type=FILE, required=True, help='{"_id", "title", "text"} a line, plain or gzip.')
@click.option("--queries", type=FILE, required=True, help="The same; a query may also be a document.")
@click.option("--qrels", type=FILE, required=True, help="query-id, corpus-id and score, separated by tabs.")
@click.option("--as-of", is_flag=True, help='A query finds only what has an older "created_at".')
@click.option("--json", "report", type=OUT, help="Write the measures here.")
@click.option("--encoder", "exported", type=FOLDER, help="An exported encoder; default: the packaged one, from CACHE.")
@click.option("--learn", is_flag=True, help="Weigh the stages by pseudo-queries of CORPUS; else as shipped.")
@click.option("--seed", type=int, default=0, show_default=True)
@click.option("--cache", type=FOLDER, default=CACHE, show_default=True)
def retrieve(
    *,
    corpus: Path,
    queries: Path,
    qrels: Path,
    as_of: bool,
    report: Path | None,
    exported: Path | None,
    learn: bool,
    seed: int,
    cache: Path,
) -> None:
    """Compare search by words, by meaning, by both, and with titles, names and nearness in time.

    Nothing is learned from QUERIES or QRELS: what can be learned comes from CORPUS. A query's own id is no answer.
    """
    from ml.evaluate.beir import read
    from ml.evaluate.retrieval import retrieve as run
    from ml.text.encoder import load
    from ml.text.minilm_export import load_or_export

    collection = read(corpus, queries, qrels, as_of=as_of)
    logging.disable(logging.WARNING)
    encoder = load(exported) if exported else load_or_export(cache / "encoder")
    found = run(collection, encoder, as_of=as_of, learn=learn, seed=seed, tell=lambda line: click.echo(line, err=True))
    write_json(report, found)
    _show(found)


def _show(report: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    measures = ("ndcg@10", "map", "mrr@10", "recall@10", "recall@100")
    table = Table("method", box=None, header_style="bold")
    for name in (*measures, "ms a query"):
        table.add_column(name, justify="right")
    for name, found in report["methods"].items():
        table.add_row(name, *(f"{found[measure]:.4f}" for measure in measures), f"{found['ms_per_query']:.1f}")
    console = Console()
    console.print(table)
    for over, gain in report["gain"].items():
        share, paired = gain["relative"], gain["difference"]
        console.print(
            f"finder over {over}: MAP {share['value']:+.1%} ({share['low']:+.1%} to {share['high']:+.1%}), "
            f"paired difference {paired['value']:+.4f} ({paired['low']:+.4f} to {paired['high']:+.4f})"
        )
    console.print(f"weights: {report['weights']['source']}")
