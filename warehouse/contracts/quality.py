"""What the checks found, run after run."""

import polars as pl

from warehouse.table import TIMESTAMP, Column, Table

CHECK_RESULTS = Table(
    layer="quality",
    name="check_results",
    grain="One row per check and run.",
    columns=(
        Column("run_id", pl.String, "The build that ran the check"),
        Column("table", pl.String, "The table that was checked, layer/name"),
        Column("check", pl.String, "Name of the check"),
        Column("engine", pl.String, "soda or dbt", required=True),
        Column("checked_at", TIMESTAMP, "When", required=True),
        Column("passed", pl.Boolean, "Whether it held", required=True),
        Column("severity", pl.String, "error (blocks what follows) or warn", required=True),
        Column("value", pl.Float64, "What was measured: rows, hours, percent"),
        Column("detail", pl.String, "What was expected and what was found", required=True),
        Column("failing_rows_sql", pl.String, "A query that finds the failing rows"),
    ),
    primary_key=("run_id", "table", "check"),
)

TABLES = (CHECK_RESULTS,)
