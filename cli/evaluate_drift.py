"""`ticketlake evaluate drift`: which columns of anyone's table are not as they were."""

from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli.evaluate import FILE, OUT, write_json

if TYPE_CHECKING:
    import polars as pl

    from ml.anomaly.drift.compare import Comparison

    Timed = tuple[pl.DataFrame, pl.DataFrame, str | None]

EXAMPLES = """\b
Examples:
  ticketlake evaluate drift --reference march.csv --current april.csv
  ticketlake evaluate drift --reference r.parquet --current c.jsonl.gz --time created_at --json drift.json
  ticketlake evaluate drift --reference r.csv --current c.csv --html drift.html
"""


@click.command(epilog=EXAMPLES)
@click.option("--reference", type=FILE, required=True, help="How it was: CSV, JSON or Parquet, plain or gzip.")
@click.option("--current", type=FILE, required=True, help="How it is; the same.")
@click.option("--time", help="Column of moments that tells the days; default: the only one there is, if any.")
@click.option(
    "--alpha", type=click.FloatRange(0.001, 0.5), default=0.01, show_default=True, help="Chance of any alarm."
)
@click.option("--json", "out", type=OUT, help="Write what was found here.")
@click.option("--html", type=OUT, help="Write Evidently's report here.")
@click.option("--seed", type=int, default=0, show_default=True)
def drift(
    *, reference: Path, current: Path, time: str | None, alpha: float, out: Path | None, html: Path | None, seed: int
) -> None:
    """Say which columns of CURRENT have drifted from REFERENCE, how far, and what chance alone would do.

    Thresholds come from samples of REFERENCE, not from rules of thumb, and hold for all columns together: where
    nothing has changed, some column is called drifted with a chance of alpha. With days, blocks of a week are drawn;
    without, rows are taken to be independent of each other: where days differ, that finds drift too often.
    """
    from ml.anomaly.drift.compare import compare
    from ml.evaluate.tables import read

    first, second, days = _timed(read(reference), read(current), time, reference)
    found = compare(first, second, time=days, seed=seed, alpha=alpha)
    if not found.compared:
        from warehouse.errors import SourceUnreadable

        reasons = "; ".join(f"{name}: {reason}" for name, reason in found.refused.items())
        raise SourceUnreadable(f"{current}: no column to compare with {reference} ({reasons}).")
    plain = as_json(found, alpha)
    _show(plain)
    write_json(out, plain)
    if html is not None:
        from ml.anomaly.drift.report import write

        limits = {pair.name: judged.threshold for pair, judged in zip(found.compared, found.found, strict=True)}
        write(found.compared, limits, html)
        click.echo(f"report: {html}")


def as_json(found: "Comparison", alpha: float) -> dict[str, Any]:
    """What was found, as plain values: the columns, farthest beyond chance first."""
    columns = [
        {
            "column": pair.name,
            "method": pair.method,
            "value": judged.value,
            "threshold": judged.threshold if isfinite(judged.threshold) else None,
            "p": judged.p,
            "p_alone": judged.alone,
            "drifted": judged.drifted,
        }
        for pair, judged in zip(found.compared, found.found, strict=True)
    ]
    return {
        "rows": {"reference": found.rows[0], "current": found.rows[1]},
        "resampled": found.resampled,
        "alpha": alpha,
        "drifted": any(column["drifted"] for column in columns),
        "columns": sorted(columns, key=lambda one: (not one["drifted"], one["p"], one["p_alone"])),
        "not_compared": found.refused,
    }


def _timed(rows: "pl.DataFrame", current: "pl.DataFrame", time: str | None, file: Path) -> "Timed":
    """Both tables with moments as such, and the column by which days are told: the given one, or the only one.

    Raises `SourceUnreadable` where the given one holds none.
    """
    from ml.evaluate.tables import moments
    from warehouse.errors import SourceUnreadable

    found = {name: told for name in rows.columns if (told := moments(rows, name)) is not None}
    if time is not None and time not in found:
        wrong = "no moments in it" if time in rows.columns else f"no such column among {', '.join(rows.columns)}"
        raise SourceUnreadable(f"{file}: --time {time}: {wrong}; expected a column of dates such as 2026-01-31.")
    shared = [name for name in found if name in current.columns]
    chosen = time or (shared[0] if len(shared) == 1 else None)
    later = {name: told for name in shared if (told := moments(current, name)) is not None}
    return rows.with_columns(**found), current.with_columns(**later), chosen


def _show(report: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("column", "method", box=None, header_style="bold")
    for name in ("value", "threshold", "p", "p alone"):
        table.add_column(name, justify="right")
    table.add_column("drifted")
    for one in report["columns"]:
        numbers = ("" if one[name] is None else f"{one[name]:.4f}" for name in ("value", "threshold", "p", "p_alone"))
        table.add_row(one["column"], one["method"], *numbers, "yes" if one["drifted"] else "no")
    console = Console()
    console.print(table)
    rows = report["rows"]
    console.print(
        f"{rows['current']:,} rows against {rows['reference']:,}; resampled by {report['resampled']}; "
        f"threshold and p hold for all {len(report['columns'])} columns together (max-T, alpha {report['alpha']})"
    )
    for name, reason in report["not_compared"].items():
        console.print(f"not compared: {name}: {reason}", markup=False)
