"""`ticketlake evaluate anomalies`: the detector of unusual volume on anyone's series."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli.evaluate import FILE, OUT, write_json

if TYPE_CHECKING:
    import polars as pl

EXAMPLES = """\b
Examples:
  ticketlake evaluate anomalies --counts counts.csv
  ticketlake evaluate anomalies --counts counts.csv.gz --truth truth.csv --json report.json
  ticketlake evaluate anomalies --counts c.csv --from series.csv --scores scores.csv --alpha 0.001
"""
UNKNOWN = ("pod", "pod_at_fpr_1pct", "fpr", "median_delay", "precision")


@click.command(epilog=EXAMPLES)
@click.option("--counts", type=FILE, required=True, help="series,time,count; CSV, plain or gzip; times in UTC.")
@click.option("--truth", type=FILE, help="series,start,end of outbreaks, both inside.")
@click.option("--from", "since", type=FILE, help="series,eval_start: what is judged of each series.")
@click.option("--alpha", type=click.FloatRange(0, 1, min_open=True, max_open=True), default=0.01, show_default=True)
@click.option("--json", "report", type=OUT, help="Write alarms and measures here.")
@click.option("--scores", "table", type=OUT, help="Write series,time,score here, for every time of every series.")
def anomalies(
    *, counts: Path, truth: Path | None, since: Path | None, alpha: float, report: Path | None, table: Path | None
) -> None:
    """Find unusually high counts, each by what was known before it; with TRUTH say what the alarms are worth.

    Hourly, daily and weekly series are recognised. A time without a row is 0 from the series' first row on; rows of
    the same time are added up. An alarm is a single time whose score (minus log10 of how often a quiet time of such
    series looks as strange) passes that of ALPHA, without correction for the number of series. Delays count steps of
    the series; the detection at a false-alarm rate of 1 % takes one threshold for all series of a frequency.
    """
    import polars as pl

    from ml.evaluate import anomalies, counted

    panels = counted.panels(counts)
    begins = counted.begins(since) if since else {}
    scanned = [anomalies.scan(panel, begins, whole=table is not None, alpha=alpha) for panel in panels.values()]
    alarms = pl.concat([one.rows(one.alarms(alpha)) for one in scanned]).sort("series", "time")
    found: dict[str, Any] = {"alarms": _listed(alarms), **dict.fromkeys(UNKNOWN)}
    if truth is not None:
        found |= anomalies.measured(scanned, counted.spans(truth), alpha)
    found |= {"alpha": alpha, "series": anomalies.frequencies(scanned)}
    write_json(report, found)
    if table is not None:
        scores = pl.concat([one.rows(one.panel.counts >= 0).select("series", "time", "score") for one in scanned])
        table.parent.mkdir(parents=True, exist_ok=True)
        scores.with_columns(_text(scores)).write_csv(table)
    _show(found, alarms)


def _text(rows: "pl.DataFrame") -> "pl.Series":
    """Times as a date where all are midnights, else as ISO times."""
    days = (rows["time"].dt.truncate("1d") == rows["time"]).all()
    return rows["time"].dt.strftime("%Y-%m-%d" if days else "%Y-%m-%dT%H:%M:%SZ")


def _listed(alarms: "pl.DataFrame") -> list[dict[str, Any]]:
    return alarms.with_columns(_text(alarms)).to_dicts() if alarms.height else []


def _show(found: dict[str, Any], alarms: "pl.DataFrame") -> None:
    import polars as pl
    from rich.console import Console
    from rich.table import Table

    console = Console()
    table = Table("series", box=None, header_style="bold")
    for name in ("alarms", "strangest", "count", "expected", "upper", "score"):
        table.add_column(name, justify="right")
    table.add_column("baseline")
    each = alarms.with_columns(_text(alarms)).group_by("series", maintain_order=True).agg(
        pl.len().alias("alarms"), pl.all().sort_by("score", descending=True).first()
    )  # fmt: skip
    for row in each.iter_rows(named=True):
        numbers = (f"{row['count']:g}", f"{row['expected']:.1f}", f"{row['upper']:.0f}", f"{row['score']:.1f}")
        table.add_row(row["series"], f"{row['alarms']:,}", row["time"], *numbers, row["baseline"])
    console.print(table)
    series = ", ".join(f"{count:,} {name}" for name, count in found["series"].items())
    console.print(f"{alarms.height:,} alarms in {each.height:,} of {series} series at alpha {found['alpha']:g}")
    for name, one in (("all", found), *found.get("by_frequency", {}).items()):
        if one["pod"] is not None or one["fpr"] is not None:
            console.print(f"{name}: {', '.join(_named(one))}")


def _named(one: dict[str, Any]) -> list[str]:
    shares = {
        "detected": one["pod"],
        "detected at 1 % false alarms": one["pod_at_fpr_1pct"],
        "false alarms": one["fpr"],
        "precision": one["precision"],
    }
    found = [f"{name} {share:.1%}" for name, share in shares.items() if share is not None]
    weekly = one["false_alarms_per_series_and_week"]
    found += [f"{weekly:.3f} false alarms a series and week"] if weekly is not None else []
    late = one["median_delay"]
    return found + ([f"median delay {late:g} steps"] if late is not None else [])
